//! What workers are told of a command line. They run on other machines: what names a file of this one is taken along, or
//! refused.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use alidade_maas_core::posix_options::{OptionSpec, ParsedOptions};

use super::options::is_ours;
use crate::{CliError, files};

/// Where files that are taken along lie in a worker's working directory.
pub const LOCAL_FILES: &str = "local-files";
/// All files that are taken along, together.
const MOST_BYTES: usize = 8 << 20;
const MOST_FILES: usize = 500;
const MOST_FOLDERS: usize = 100;

/// Kafka properties whose value is a file.
const FILE_PROPERTIES: [&str; 6] = [
    "ssl.key.location",
    "ssl.certificate.location",
    "ssl.ca.location",
    "ssl.crl.location",
    "ssl.keystore.location",
    "sasl.kerberos.keytab",
];
const STATIC_MEMBERSHIP: &str = "group.instance.id";

/// What workers are told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The command line of each.
    pub arguments: Vec<String>,
    /// Files in the working directory of each, by their names there.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Makes the plan.
///
/// # Errors
/// For an option that cannot work in a container, and a file that cannot be read.
pub fn plan(command: &str, parsed: &ParsedOptions, workers: usize) -> Result<Plan, CliError> {
    let mut plan = Plan::default();
    for (spec, value) in parsed.given() {
        plan.take_option(spec, value, workers)?;
    }
    if command == "start_parser_topology" {
        let given = parsed.value("patterns-dir").map(PathBuf::from);
        plan.take_patterns(given.as_deref(), &files::shipped_config())?;
    }
    Ok(plan)
}

impl Plan {
    fn take_option(
        &mut self,
        spec: &OptionSpec,
        value: Option<&str>,
        workers: usize,
    ) -> Result<(), CliError> {
        let Some(value) = value else {
            // No flag says anything to a worker: --yarn, --detach.
            return Ok(());
        };
        match spec.long {
            _ if is_ours(spec) => {}
            // Ignored by the stages, and files of this machine.
            "extra_topology_options" | "remote" | "filter" => {}
            // Taken with the shipped ones.
            "patterns-dir" => {}
            "config-dir" => {
                return Err(CliError::Usage(
                    "--config-dir does not go with --yarn: workers read the configuration from ZooKeeper (-z); \
                     zk_load_configs PUSH brings a folder there"
                        .to_owned(),
                ));
            }
            "http" if !value.trim().ends_with(":0") => {
                return Err(CliError::Usage(format!(
                    "--http {value}: several workers may run on one node; with --yarn give port 0, such as 0.0.0.0:0, \
                     and each serves on a free one, which `status` tells"
                )));
            }
            "extra_kafka_spout_config" => {
                let content = read(Path::new(value))?;
                refuse_static_membership(&content, value, workers)?;
                let name = self.add("spout-config.json", content)?;
                self.tell(spec.long, &name);
            }
            "kafka-property" => {
                let property = self.take_property(value, workers)?;
                self.tell(spec.long, &property);
            }
            long => self.tell(long, value),
        }
        Ok(())
    }

    /// Values lose a double quote at each end when they are read.
    fn tell(&mut self, long: &str, value: &str) {
        self.arguments.push(format!("--{long}=\"{value}\""));
    }

    fn take_property(&mut self, property: &str, workers: usize) -> Result<String, CliError> {
        let Some((name, value)) = property.split_once('=') else {
            return Ok(property.to_owned());
        };
        if name == STATIC_MEMBERSHIP && workers > 1 {
            return Err(same_member("--kafka-property"));
        }
        let path = Path::new(value);
        if !FILE_PROPERTIES.contains(&name) || !path.is_file() {
            return Ok(property.to_owned());
        }
        let number = self.files.len();
        let file = path.file_name().and_then(|name| name.to_str());
        let name_there = format!("kafka/{number}-{}", file.unwrap_or("file"));
        let there = self.add(&name_there, read(path)?)?;
        Ok(format!("{name}={there}"))
    }

    /// Where the local command looks: the folder that is given, then the one that is shipped.
    fn take_patterns(&mut self, given: Option<&Path>, shipped: &Path) -> Result<(), CliError> {
        let mut found = BTreeMap::new();
        let shipped_patterns = shipped.join("patterns");
        if shipped_patterns.is_dir() {
            find_files(shipped, shipped_patterns, &mut found)?;
        }
        if let Some(given) = given {
            if !given.is_dir() {
                return Err(CliError::Usage(format!(
                    "--patterns-dir {}: there is no such folder",
                    given.display()
                )));
            }
            find_files(given, given.to_owned(), &mut found)?;
        }
        if found.is_empty() {
            return Ok(());
        }
        for (relative, path) in found {
            self.add(&format!("patterns/{relative}"), read(&path)?)?;
        }
        self.tell("patterns-dir", &format!("{LOCAL_FILES}/patterns"));
        Ok(())
    }

    /// Takes a file along; gives its name in the worker's working directory.
    fn add(&mut self, name: &str, content: Vec<u8>) -> Result<String, CliError> {
        let held: usize = self.files.values().map(Vec::len).sum();
        if held + content.len() > MOST_BYTES {
            return Err(CliError::Usage(format!(
                "the files for the workers (patterns, certificates) are larger than {} MB together",
                MOST_BYTES >> 20
            )));
        }
        let name = format!("{LOCAL_FILES}/{name}");
        self.files.insert(name.clone(), content);
        Ok(name)
    }
}

fn same_member(place: &str) -> CliError {
    CliError::Usage(format!(
        "{place}: all workers would be the same member of the group, by {STATIC_MEMBERSHIP}; leave it out, or give \
         --num_workers 1"
    ))
}

/// What is no map is refused by the stage itself.
fn refuse_static_membership(content: &[u8], path: &str, workers: usize) -> Result<(), CliError> {
    let map: serde_json::Value = serde_json::from_slice(content).unwrap_or_default();
    if workers > 1 && map.get(STATIC_MEMBERSHIP).is_some() {
        return Err(same_member(path));
    }
    Ok(())
}

/// Files below `start`, by their path below `root`.
fn find_files(
    root: &Path,
    start: PathBuf,
    found: &mut BTreeMap<String, PathBuf>,
) -> Result<(), CliError> {
    let mut folders = vec![start];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        seen += 1;
        let entries = std::fs::read_dir(&folder).map_err(|error| CliError::file(&folder, error))?;
        for entry in entries {
            let path = entry
                .map_err(|error| CliError::file(&folder, error))?
                .path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(root).ok().and_then(Path::to_str);
            if let Some(relative) = relative.filter(|relative| is_below(relative)) {
                found.insert(relative.to_owned(), path.clone());
            }
        }
        if seen > MOST_FOLDERS || found.len() > MOST_FILES {
            return Err(CliError::Usage(format!(
                "{}: more than {MOST_FILES} pattern files, or {MOST_FOLDERS} folders; give a folder of patterns only",
                root.display()
            )));
        }
    }
    Ok(())
}

/// Whether a relative path stays below where it begins.
pub fn is_below(relative: &str) -> bool {
    let mut parts = Path::new(relative).components();
    !relative.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    use std::io::Read;
    let failed = |error| CliError::file(path, error);
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut content = Vec::new();
    // One more than is taken: then it is refused.
    let limit = MOST_BYTES as u64 + 1;
    file.take(limit).read_to_end(&mut content).map_err(failed)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use alidade_maas_core::posix_options::PosixOptions;

    use super::*;
    use crate::commands::{parser_options, stage_options};

    fn parse(words: &[&str]) -> ParsedOptions {
        parser_options().parse(words).unwrap()
    }

    fn planned(words: &[&str], workers: usize) -> Result<Plan, CliError> {
        // As a command without patterns, so that those of the installation do not matter.
        plan("start_enrichment_topology", &parse(words), workers)
    }

    #[test]
    fn workers_read_the_options_as_they_were_given() {
        let words = [
            "--yarn",
            "-nw",
            "3",
            "--yarn-memory",
            "512",
            "--detach",
            "-s",
            "a, b",
            "-k",
            "h:1",
            "-sp",
            "1,2",
            "--kafka-property",
            "sasl.password=\"x=\"y\"",
            "-ot",
            "-odd",
            "-e",
            "/no/such/file",
        ];
        let plan = planned(&words, 3).unwrap();
        assert!(plan.files.is_empty());
        assert!(
            plan.arguments
                .iter()
                .all(|argument| !argument.contains("yarn"))
        );
        let given = parse(&words);
        let told = parser_options().parse(&plan.arguments).unwrap();
        for name in [
            "sensor",
            "kafka",
            "spout_p",
            "kafka-property",
            "output_topic",
        ] {
            assert_eq!(told.value(name), given.value(name), "{name}");
            assert!(told.has(name), "{name}");
        }
        for name in ["num_workers", "detach", "extra_topology_options"] {
            assert!(!told.has(name), "{name}");
        }
    }

    #[test]
    fn what_cannot_work_in_a_container_is_refused() {
        let refused = |words: &[&str]| {
            let words = [&["-s", "a"], words].concat();
            planned(&words, 2).unwrap_err().to_string()
        };
        assert!(refused(&["--config-dir", "/tmp"]).contains("ZooKeeper (-z)"));
        assert!(refused(&["--http", "127.0.0.1:9108"]).contains("port 0"));
        assert!(refused(&["--kafka-property", "group.instance.id=a"]).contains("same member"));
        assert!(refused(&["-esc", "/no/such/file"]).starts_with("/no/such/file: "));
        assert!(planned(&["-s", "a", "--http", "0.0.0.0:0"], 2).is_ok());
        assert!(planned(&["-s", "a", "--kafka-property", "group.instance.id=a"], 1).is_ok());
    }

    #[test]
    fn files_are_taken_along() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("spout"), r#"{"session.timeout.ms": "29000"}"#).unwrap();
        std::fs::write(path("ca.pem"), "certificate").unwrap();
        let property = format!("ssl.ca.location={}", path("ca.pem"));
        let words = [
            "-s",
            "a",
            "-esc",
            &path("spout"),
            "--kafka-property",
            &property,
            "--kafka-property",
            "ssl.crl.location=/on/every/node",
        ];
        let plan = planned(&words, 2).unwrap();
        assert_eq!(
            plan.arguments,
            [
                "--sensor=\"a\"",
                "--extra_kafka_spout_config=\"local-files/spout-config.json\"",
                "--kafka-property=\"ssl.ca.location=local-files/kafka/1-ca.pem\"",
                "--kafka-property=\"ssl.crl.location=/on/every/node\"",
            ]
        );
        assert_eq!(plan.files["local-files/kafka/1-ca.pem"], b"certificate");
        std::fs::write(path("spout"), r#"{"group.instance.id": "x"}"#).unwrap();
        assert!(
            planned(&words, 2)
                .unwrap_err()
                .to_string()
                .contains("same member")
        );
    }

    #[test]
    fn patterns_of_this_machine_are_taken_along() {
        let (given, shipped) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (folder, name, text) in [
            (&given, "patterns/squid", "own"),
            (&given, "deep/er", "deep"),
            (&shipped, "patterns/squid", "shipped"),
            (&shipped, "patterns/yaf", "yaf"),
            (&shipped, "global.json", "{}"),
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let mut plan = Plan::default();
        plan.take_patterns(Some(given.path()), shipped.path())
            .unwrap();
        let files: Vec<(&str, &[u8])> = plan
            .files
            .iter()
            .map(|(name, content)| (name.as_str(), content.as_slice()))
            .collect();
        assert_eq!(
            files,
            [
                ("local-files/patterns/deep/er", b"deep".as_slice()),
                ("local-files/patterns/patterns/squid", b"own".as_slice()),
                ("local-files/patterns/patterns/yaf", b"yaf".as_slice()),
            ]
        );
        assert_eq!(plan.arguments, ["--patterns-dir=\"local-files/patterns\""]);
        let missing = Plan::default().take_patterns(Some(Path::new("/no/such")), shipped.path());
        assert!(matches!(missing, Err(CliError::Usage(_))));
    }

    #[test]
    fn too_much_is_refused() {
        let mut plan = Plan::default();
        assert!(plan.add("a", vec![0; MOST_BYTES]).is_ok());
        assert!(plan.add("b", vec![0]).is_err());
    }

    #[test]
    fn paths_stay_below() {
        for (path, is_fine) in [
            ("a/b", true),
            ("../a", false),
            ("/a", false),
            ("a/../../b", false),
            ("", false),
        ] {
            assert_eq!(is_below(path), is_fine, "{path}");
        }
    }

    #[test]
    fn stages_without_patterns_take_none() {
        let table = PosixOptions::new("test", &[stage_options::KAFKA]);
        let parsed = table.parse(&["-k", "h:1"]).unwrap();
        let plan = plan("start_hdfs_topology", &parsed, 1).unwrap();
        assert_eq!(plan.arguments, ["--kafka=\"h:1\""]);
        assert!(plan.files.is_empty());
    }
}
