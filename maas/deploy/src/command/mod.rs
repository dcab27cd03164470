//! The `maas_deploy` command: one arm of [`Command`] and one file per mode.

mod add;
mod arguments;
mod list;
mod options;
mod remove;
mod weight;

use std::io::Write;

use alidade_maas_core::posix_options::ParsedOptions;
use alidade_maas_core::{
    DEFAULT_CONFIG_PATH, LauncherKind, Registry, ZooKeeperOptions, ZooKeeperRegistry,
};

use crate::DeployError;
use add::Add;
use arguments::Arguments;
use list::List;
pub use options::OPTIONS;
use remove::Remove;
use weight::Weight;

/// What to do.
enum Command {
    Add(Add),
    Remove(Remove),
    List(List),
    Weight(Weight),
}

impl Command {
    /// Everything that can be said against the command line is said here, before anything is asked.
    fn read(parsed: &ParsedOptions) -> Result<Command, DeployError> {
        let given = parsed.value("mode").unwrap_or_default();
        let mode = given.to_ascii_uppercase();
        let arguments = Arguments::new(parsed, &mode);
        LauncherKind::chosen(arguments.value("launcher"))?;
        if mode != "WEIGHT" && (arguments.has("weight") || arguments.has("shadow")) {
            // Passed over in silence, a version would get all calls that was to get a few.
            return Err(DeployError::Option(
                "--weight and --shadow go with -mo WEIGHT, before or after the ADD".to_owned(),
            ));
        }
        match mode.as_str() {
            "ADD" => Add::read(&arguments).map(Command::Add),
            "REMOVE" => Remove::read(&arguments).map(Command::Remove),
            "LIST" => List::read(&arguments).map(Command::List),
            "WEIGHT" => Weight::read(&arguments).map(Command::Weight),
            _ => Err(DeployError::Option(format!(
                "the mode (-mo) must be ADD, LIST, REMOVE or WEIGHT, not {given}"
            ))),
        }
    }

    async fn run(&self, registry: &dyn Registry, out: &mut dyn Write) -> Result<(), DeployError> {
        match self {
            Command::Add(add) => add.run(registry, out).await,
            Command::Remove(remove) => remove.run(registry, out).await,
            Command::List(list) => list.run(registry, out).await,
            Command::Weight(weight) => weight.run(registry, out).await,
        }
    }
}

/// Threads that payloads are uploaded with.
const WORKERS: usize = 2;

/// Runs the command; what it has to say goes to `out`, errors and notes to standard error. Returns the exit code: 0 when
/// done and for help, 1 for anything that went wrong.
pub fn run(args: &[String], out: &mut dyn Write) -> i32 {
    match run_checked(args, out) {
        Ok(()) => 0,
        Err(DeployError::Usage(error)) => {
            eprintln!("Unable to parse args: {}\n{error}", args.join(" "));
            // The exit code says it all if nobody reads the usage.
            let _ = out.write_all(OPTIONS.usage().as_bytes());
            1
        }
        Err(error) => {
            eprintln!("{error}");
            1
        }
    }
}

fn run_checked(args: &[String], out: &mut dyn Write) -> Result<(), DeployError> {
    let parsed = OPTIONS.parse(args)?;
    if parsed.has("help") {
        let usage = OPTIONS.usage();
        return out.write_all(usage.as_bytes()).map_err(DeployError::Output);
    }
    let command = Command::read(&parsed)?;
    if parsed.has("log4j") {
        eprintln!("-l has no effect: set RUST_LOG to steer logging");
    }
    let mut options = ZooKeeperOptions::new(parsed.value("zq").unwrap_or_default());
    options.config_path = parsed.value("zr").unwrap_or(DEFAULT_CONFIG_PATH).to_owned();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(DeployError::Runtime)?;
    runtime.block_on(async {
        let registry = ZooKeeperRegistry::connect(options).await?;
        command.run(&registry, out).await
    })
}

fn say(out: &mut dyn Write, line: &str) -> Result<(), DeployError> {
    writeln!(out, "{line}").map_err(DeployError::Output)
}

fn counted(instances: i32, name: &str, version: &str) -> String {
    let noun = if instances == 1 {
        "instance"
    } else {
        "instances"
    };
    format!("{instances} {noun} of {name} {version}")
}

async fn note_missing_service(registry: &dyn Registry) {
    if let Ok(None) = registry.holder().await {
        eprintln!(
            "note: no maas_service of this kind is running; the request waits in the queue until one is started"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_line(line: &str) -> (i32, String) {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let mut out = Vec::new();
        let code = run(&args, &mut out);
        (code, String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_usage_is_upstreams_with_our_options_at_the_end() {
        let golden = include_str!("../../tests/data/usage.txt");
        let (code, usage) = run_line("-h");
        assert_eq!(code, 0);
        assert!(usage.starts_with(golden), "{usage}");
        let (code, usage) = run_line("-mo LIST");
        assert_eq!(code, 1);
        assert!(usage.starts_with(golden), "{usage}");
    }

    #[test]
    fn command_lines_that_make_no_sense_end_before_anything_is_asked() {
        let add = "-zq 127.0.0.1:1 -mo ADD -n dga -v 1.0 -hmp /m";
        for line in [
            format!("{add} -ni 1"),
            format!("{add} -ni one -m 5"),
            format!("{add} -ni 0 -m 5"),
            format!("{add} -ni 1 -m -5"),
            "-zq 127.0.0.1:1 -mo ADD -v 1.0 -hmp /m -ni 1 -m 5".to_owned(),
            "-zq 127.0.0.1:1 -mo REMOVE -n dga -ni 1".to_owned(),
            "-zq 127.0.0.1:1 -mo PURGE".to_owned(),
            "-zq 127.0.0.1:1 -mo WEIGHT -n dga --weight 10".to_owned(),
            format!("{add} -ni 1 -m 5 --weight 10"),
            format!("{add} -ni 1 -m 5 --wait soon"),
            format!("{add} -ni 1 -m 5 --wait 0"),
            format!("{add} -ni 1 -m 5 --launcher mesos"),
            format!("{add} -ni 1 -m 5 --launcher local --fs-uri hdfs://n:8020"),
            format!("{add} -ni 1 -m 5 --launcher yarn --fs-uri file:"),
            format!("{add} -ni 1 -m 5 --launcher yarn --payload-root /m"),
        ] {
            let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let read = Command::read(&OPTIONS.parse(&args).unwrap());
            assert!(read.is_err(), "{line}");
            assert_eq!(run_line(&line), (1, String::new()), "{line}");
        }
    }
}
