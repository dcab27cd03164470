use std::io::Write;

use alidade_maas_core::{Registry, check_model_name};

use super::{Arguments, say};
use crate::weight::{Change, ShareChange, change_share, shares_overview};
use crate::{DeployError, SharesOverview};

/// `-mo WEIGHT`
pub(super) struct Weight {
    name: String,
    /// Nothing: the present shares are shown only.
    change: Option<ShareChange>,
}

impl Weight {
    pub(super) fn read(arguments: &Arguments<'_>) -> Result<Weight, DeployError> {
        let name = arguments.text("n", "the model name")?;
        check_model_name(&name)?;
        let weight = Change::read("weight", arguments.value("weight"))?;
        let shadow = Change::read("shadow", arguments.value("shadow"))?;
        if weight == Change::Keep && shadow == Change::Keep {
            if arguments.has("v") {
                return Err(DeployError::Option(
                    "say what the version gets with --weight or --shadow, or leave -v out to see the weights of all versions"
                        .to_owned(),
                ));
            }
            return Ok(Weight { name, change: None });
        }
        let change = ShareChange {
            name: name.clone(),
            version: arguments.text("v", "the model version")?,
            weight,
            shadow,
        };
        change.check()?;
        let change = Some(change);
        Ok(Weight { name, change })
    }

    pub(super) async fn run(
        &self,
        registry: &dyn Registry,
        out: &mut dyn Write,
    ) -> Result<(), DeployError> {
        if let Some(change) = &self.change {
            change_share(registry, change).await?;
        }
        let overview = shares_overview(registry, &self.name).await?;
        for note in self.notes(&overview) {
            eprintln!("note: {note}");
        }
        if overview.versions.is_empty() {
            let name = &self.name;
            let line = format!("No version of {name} is registered, asked for, or has a weight");
            return say(out, &line);
        }
        out.write_all(overview.table().as_bytes())
            .map_err(DeployError::Output)
    }

    fn notes(&self, overview: &SharesOverview) -> Vec<String> {
        let name = &self.name;
        let mut notes = Vec::new();
        let changed = self.change.as_ref().map(|change| change.version.as_str());
        let mut versions = overview.versions.iter();
        if let Some(line) = versions.find(|line| Some(line.version.as_str()) == changed)
            && line.is_unknown()
        {
            notes.push(format!(
                "{name} {} is neither registered nor asked for; what is set counts once it is there",
                line.version
            ));
        }
        if overview.leaves_nobody() {
            notes.push(format!(
                "no registered version of {name} is left to answer calls that name no version: they get null"
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use alidade_maas_core::{Endpoint, MemoryRegistry, ServiceInstance, ServiceType};

    use super::super::OPTIONS;
    use super::*;

    fn read(line: &str) -> Result<Weight, DeployError> {
        let line = format!("-zq 127.0.0.1:1 -mo WEIGHT {line}");
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let parsed = OPTIONS.parse(&args).unwrap();
        Weight::read(&Arguments::new(&parsed, "WEIGHT"))
    }

    async fn run(registry: &MemoryRegistry, line: &str) -> (String, Vec<String>) {
        let weight = read(line).unwrap();
        let mut out = Vec::new();
        weight.run(registry, &mut out).await.unwrap();
        let overview = shares_overview(registry, &weight.name).await.unwrap();
        (String::from_utf8(out).unwrap(), weight.notes(&overview))
    }

    #[tokio::test]
    async fn a_change_is_made_and_what_holds_is_shown() {
        let registry = MemoryRegistry::new();
        let (text, notes) = run(&registry, "-n dga").await;
        let nothing = "No version of dga is registered, asked for, or has a weight\n";
        assert_eq!((text.as_str(), notes.len()), (nothing, 0));
        let (_, notes) = run(&registry, "-n dga -v 1.1 --weight 10").await;
        assert!(notes.concat().contains("dga 1.1 is neither"), "{notes:?}");
        for (version, id) in [("1.0", 2), ("1.1", 3)] {
            let endpoint = Endpoint::at("http://h:1");
            let instance =
                ServiceInstance::new("dga", version, id, endpoint, ServiceType::Dynamic, 0);
            registry.register(&instance).await.unwrap();
        }
        let (text, notes) = run(&registry, "-n dga -v 1.1 --shadow 0.5").await;
        let expected = "\
VERSION  REGISTERED  WEIGHT  SHADOW
1.0      1           rest    -
1.1      1           10      0.5
";
        assert_eq!((text.as_str(), notes.len()), (expected, 0));
        assert_eq!(run(&registry, "-n dga").await.0, expected);
        run(&registry, "-n dga -v 1.0 --weight 0").await;
        let (_, notes) = run(&registry, "-n dga -v 1.1 --weight none").await;
        assert!(notes.concat().contains("they get null"), "{notes:?}");
    }

    #[test]
    fn command_lines_that_make_no_sense_are_refused() {
        for line in [
            "",
            "-v 1.0 --weight 10",
            "-n dga --weight 10",
            "-n dga --shadow none",
            "-n dga -v 1.0",
            "-n dga -v 1.0 --weight 101",
            "-n dga -v 1.0 --weight 10%",
            "-n dga -v 1.0 --shadow few",
            "-n a/b",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
