use std::path::PathBuf;

use alidade_maas_core::posix_options::{OptionSpec, OptionsError, ParsedOptions, PosixOptions};

use crate::Kind;

pub(super) const USAGE: PosixOptions = PosixOptions::new(
    "configuration_manager",
    &[
        OptionSpec::value(
            "c",
            "config_type",
            "The configuration type: GLOBAL, PARSER, ENRICHMENT, INDEXING or PROFILER. Needed for PATCH; narrows PUSH and DUMP.",
        ),
        OptionSpec::flag(
            "",
            "dry-run",
            "PUSH and PATCH: check everything and say what would be written, but write nothing.",
        ),
        OptionSpec::flag("f", "force", "PULL: overwrite files that exist."),
        OptionSpec::flag("h", "help", "This screen."),
        OptionSpec::value("i", "input_dir", "The directory that PUSH reads."),
        OptionSpec::value("m", "mode", "PUSH, PULL, DUMP or PATCH.").required(),
        OptionSpec::value(
            "n",
            "config_name",
            "The sensor, for PARSER, ENRICHMENT and INDEXING.",
        ),
        OptionSpec::value("o", "output_dir", "The directory that PULL writes."),
        OptionSpec::value("pf", "patch_file", "A file with a JSON Patch (RFC 6902)."),
        OptionSpec::value(
            "pk",
            "patch_key",
            "What to patch, as a JSON pointer such as /es.ip.",
        ),
        OptionSpec::value(
            "pm",
            "patch_mode",
            "ADD (the default) or REMOVE, with a patch key.",
        ),
        OptionSpec::value("pv", "patch_value", "The value for ADD, as JSON."),
        OptionSpec::value(
            "z",
            "zk_quorum",
            "The ZooKeeper servers: host:port[,host:port]*[/root].",
        )
        .required(),
    ],
);

/// What the command line asks for.
#[derive(Debug, PartialEq)]
pub(super) struct Request {
    pub quorum: String,
    pub action: Action,
}

#[derive(Debug, PartialEq)]
pub(super) enum Action {
    Push(Push),
    Pull(Pull),
    Dump(Selection),
    Patch(PatchRequest),
}

/// Which documents are meant.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Selection {
    pub kind: Option<Kind>,
    pub name: Option<String>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Push {
    pub input: Option<PathBuf>,
    pub selection: Selection,
    pub is_dry_run: bool,
}

#[derive(Debug, PartialEq)]
pub(super) struct Pull {
    pub output: Option<PathBuf>,
    pub is_forced: bool,
}

#[derive(Debug, PartialEq)]
pub(super) struct PatchRequest {
    pub selection: Selection,
    pub file: Option<PathBuf>,
    pub key: Option<String>,
    pub mode: Option<String>,
    /// The value as given and with the quotes off that upstream takes off every value.
    pub value: Option<[String; 2]>,
    pub is_dry_run: bool,
}

#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum RequestError {
    #[error(transparent)]
    Options(#[from] OptionsError),
    #[error("there is no mode {0:?}; use PUSH, PULL, DUMP or PATCH")]
    Mode(String),
    #[error(
        "there is no configuration type {0:?}; use GLOBAL, PARSER, ENRICHMENT, INDEXING or PROFILER"
    )]
    Kind(String),
}

impl Request {
    /// Nothing when only help is asked for.
    pub(super) fn parse(arguments: &[String]) -> Result<Option<Request>, RequestError> {
        let options = USAGE.parse(arguments)?;
        if options.has("h") {
            return Ok(None);
        }
        let text = |name| options.value(name).map(str::to_owned);
        let path = |name| options.value(name).map(PathBuf::from);
        let selection = Selection {
            kind: kind(&options)?,
            name: text("n"),
        };
        let is_dry_run = options.has("dry-run");
        let mode = options.value("m").unwrap_or_default();
        let action = match mode.trim().to_ascii_uppercase().as_str() {
            "PUSH" => Action::Push(Push {
                input: path("i"),
                selection,
                is_dry_run,
            }),
            "PULL" => Action::Pull(Pull {
                output: path("o"),
                is_forced: options.has("f"),
            }),
            "DUMP" => Action::Dump(selection),
            "PATCH" => Action::Patch(PatchRequest {
                selection,
                file: path("pf"),
                key: text("pk"),
                mode: text("pm"),
                value: text("pv").map(|value| [raw_patch_value(arguments, &value), value]),
                is_dry_run,
            }),
            _ => return Err(RequestError::Mode(mode.to_owned())),
        };
        Ok(Some(Request {
            quorum: text("z").unwrap_or_default(),
            action,
        }))
    }
}

fn kind(options: &ParsedOptions) -> Result<Option<Kind>, RequestError> {
    let Some(name) = options.value("c") else {
        return Ok(None);
    };
    match Kind::from_type_name(name) {
        Some(kind) => Ok(Some(kind)),
        None => Err(RequestError::Kind(name.to_owned())),
    }
}

/// The patch value as it stands on the command line, before quotes are taken off.
fn raw_patch_value(arguments: &[String], stripped: &str) -> String {
    let names = ["-pv", "--pv", "-patch_value", "--patch_value"];
    for (at, argument) in arguments.iter().enumerate() {
        let (name, glued) = match argument.split_once('=') {
            Some((name, value)) if argument.starts_with("--") => (name, Some(value)),
            _ => (argument.as_str(), None),
        };
        if !names.contains(&name) {
            continue;
        }
        let raw = glued.or_else(|| arguments.get(at + 1).map(String::as_str));
        if let Some(raw) = raw.filter(|raw| raw.contains(stripped)) {
            return raw.to_owned();
        }
    }
    stripped.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Request>, String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Request::parse(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn upstreams_command_lines_are_read() {
        let push = "--mode PUSH -i /cfg -z node1:2181";
        for line in [
            push,
            "-mPUSH -i /cfg -znode1:2181",
            "--mode=push --input_dir=/cfg --zk_quorum=node1:2181 stray words",
            "-m PUSH -i \"/cfg\" -z node1:2181 -m PULL",
        ] {
            assert_eq!(parse(line), parse(push), "{line}");
        }
        let Ok(Some(pull)) = parse("-m PULL -o ${METRON_HOME}/config/zookeeper -z q -f") else {
            panic!("not read");
        };
        assert_eq!(
            pull.action,
            Action::Pull(Pull {
                output: Some(PathBuf::from("${METRON_HOME}/config/zookeeper")),
                is_forced: true
            })
        );
    }

    #[test]
    fn help_needs_nothing_else() {
        assert_eq!(parse("-h"), Ok(None));
        assert_eq!(parse("--help"), Ok(None));
        assert_eq!(parse("-m PUSH -z x -h"), Ok(None));
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        let error = |line| parse(line).unwrap_err();
        assert_eq!(error("-i x"), "Missing required options: m, z");
        assert_eq!(error("-m PUSH"), "Missing required option: z");
        assert_eq!(error("-m PUSH -z q --for"), "Unrecognized option: --for");
        assert!(error("-m PUTSCH -z q").contains("PUTSCH"));
        assert!(error("-m DUMP -z q -c PARSERS").contains("PARSERS"));
    }

    #[test]
    fn types_in_any_case() {
        let Ok(Some(request)) = parse("-m dump -z q -c parser -n squid") else {
            panic!("not read");
        };
        let selection = Selection {
            kind: Some(Kind::Parser),
            name: Some("squid".to_owned()),
        };
        assert_eq!(request.action, Action::Dump(selection));
    }

    #[test]
    fn the_patch_value_is_kept_as_given() {
        for (line, expected) in [
            ("-pv \"bar\"", ["\"bar\"", "bar"]),
            ("-pv \"\"bar\"\"", ["\"\"bar\"\"", "\"bar\""]),
            ("--patch_value=5", ["5", "5"]),
            ("--patch_value=\"a=b\"", ["\"a=b\"", "a=b"]),
        ] {
            let line = format!("-m PATCH -z q -c GLOBAL -pk /a {line}");
            let Ok(Some(Request {
                action: Action::Patch(patch),
                ..
            })) = parse(&line)
            else {
                panic!("{line}");
            };
            assert_eq!(patch.value, Some(expected.map(str::to_owned)));
        }
    }
}
