//! The `maas_deploy` command.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alidade_maas_core::posix_options::{OptionSpec, ParsedOptions, PosixOptions};
use alidade_maas_core::{
    DEFAULT_CONFIG_PATH, Listing, Registry, ZooKeeperOptions, ZooKeeperRegistry,
};

use crate::wait::{Before, Goal, wait_for};
use crate::{
    Addition, DeployError, ListFilter, LocalFolderStore, PayloadStore, Removal, add_model,
    list_models, overview, remove_model,
};

/// Upstream's options in upstream's order, then our own.
pub const OPTIONS: PosixOptions = PosixOptions::new(
    "ModelSubmission",
    &[
        OptionSpec::flag("h", "help", "This screen"),
        OptionSpec::value("hmp", "hdfs_model_path", "Model Path (HDFS)"),
        OptionSpec::value("lmp", "local_model_path", "Model Path (local)"),
        OptionSpec::value("l", "log4j", "The log4j properties file to load"),
        OptionSpec::value("m", "memory", "Memory for container"),
        OptionSpec::value("mo", "mode", "ADD, LIST or REMOVE").required(),
        OptionSpec::value("n", "name", "Model Name"),
        OptionSpec::value("ni", "num_instances", "Number of model instances"),
        OptionSpec::value("v", "version", "Model version"),
        OptionSpec::value("zq", "zk_quorum", "Zookeeper Quorum").required(),
        OptionSpec::value("zr", "zk_root", "Zookeeper Root"),
        OptionSpec::value(
            "",
            "launcher",
            "Where models run: local (the default) or yarn",
        ),
        OptionSpec::value(
            "",
            "fs-uri",
            "File system of the model path: file: (the default)",
        ),
        OptionSpec::value(
            "",
            "payload-root",
            "Directory that holds model paths (local launcher; default ~/.alidade/models)",
        ),
        OptionSpec::flag(
            "",
            "wide",
            "LIST: a table with state, failures, age and place of every instance",
        ),
        OptionSpec::flag("", "json", "LIST: everything that is known, as JSON"),
        OptionSpec::value(
            "",
            "wait",
            "ADD, REMOVE: wait up to so many seconds until the instances are registered, or gone",
        ),
    ],
);

/// What to do.
enum Command {
    Add(Addition),
    Remove(Removal),
    List(ListFilter, Form),
}

/// How models are listed.
#[derive(Clone, Copy)]
enum Form {
    /// As upstream lists them.
    Upstream,
    Wide,
    Json,
}

/// Runs the command; what it has to say goes to `out`, errors and notes to standard error. Returns the exit code: 0 when
/// done and for help, 1 for anything that went wrong, 2 for a launcher or file system that is not built yet.
pub fn run(args: &[String], out: &mut dyn Write) -> i32 {
    match run_checked(args, out) {
        Ok(()) => 0,
        Err(DeployError::Usage(error)) => {
            eprintln!("Unable to parse args: {}\n{error}", args.join(" "));
            // The exit code says it all if nobody reads the usage.
            let _ = out.write_all(OPTIONS.usage().as_bytes());
            1
        }
        Err(error @ DeployError::NotBuilt(_)) => {
            eprintln!("{error}");
            2
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
    check_launcher(&parsed)?;
    let command = read_command(&parsed)?;
    let wait = read_wait(&parsed)?;
    let store = LocalFolderStore::new(payload_root(&parsed)?);
    if parsed.has("log4j") {
        eprintln!("-l has no effect: set RUST_LOG to steer logging");
    }
    let mut options = ZooKeeperOptions::new(parsed.value("zq").unwrap_or_default());
    options.config_path = parsed.value("zr").unwrap_or(DEFAULT_CONFIG_PATH).to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(DeployError::Runtime)?;
    runtime.block_on(async {
        let registry = ZooKeeperRegistry::connect(options).await?;
        execute(&command, &registry, &store, wait, out).await
    })
}

fn check_launcher(parsed: &ParsedOptions) -> Result<(), DeployError> {
    match parsed.value("launcher").unwrap_or("local") {
        "local" => {}
        "yarn" => {
            let text = "the YARN launcher is not built yet; use --launcher local";
            return Err(DeployError::NotBuilt(text.to_owned()));
        }
        other => {
            let text = format!("--launcher must be local or yarn, not {other}");
            return Err(DeployError::NotBuilt(text));
        }
    }
    let file_system = parsed.value("fs-uri").unwrap_or("file:");
    if file_system == "file" || file_system.starts_with("file:") {
        return Ok(());
    }
    Err(DeployError::NotBuilt(format!(
        "payloads on {file_system} come with the YARN launcher, which is not built yet; use --fs-uri file:"
    )))
}

fn payload_root(parsed: &ParsedOptions) -> Result<PathBuf, DeployError> {
    if let Some(root) = parsed.value("payload-root") {
        return Ok(PathBuf::from(root));
    }
    match std::env::var_os("HOME") {
        Some(home) => Ok(PathBuf::from(home).join(".alidade").join("models")),
        None => Err(DeployError::Option(
            "HOME is not set; say --payload-root DIR".to_owned(),
        )),
    }
}

fn read_command(parsed: &ParsedOptions) -> Result<Command, DeployError> {
    let mode = parsed
        .value("mode")
        .unwrap_or_default()
        .to_ascii_uppercase();
    let text = |option: &'static str, what: &str| match parsed.value(option) {
        Some(value) => Ok(value.to_owned()),
        None => Err(DeployError::Option(format!(
            "{mode} needs {what} (-{option})"
        ))),
    };
    let number = |option: &'static str, what: &str| {
        let value = text(option, what)?;
        value.trim().parse::<i32>().map_err(|_| {
            DeployError::Option(format!(
                "{what} (-{option}) must be a whole number, not {value}"
            ))
        })
    };
    match mode.as_str() {
        "ADD" => {
            let addition = Addition {
                name: text("n", "the model name")?,
                version: text("v", "the model version")?,
                instances: number("ni", "the number of instances")?,
                memory: number("m", "the memory")?,
                path: text("hmp", "the model path")?,
                local_payload: parsed.value("lmp").map(PathBuf::from),
            };
            addition.check()?;
            Ok(Command::Add(addition))
        }
        "REMOVE" => {
            let removal = Removal {
                name: text("n", "the model name")?,
                version: text("v", "the model version")?,
                instances: number("ni", "the number of instances")?,
            };
            removal.check()?;
            Ok(Command::Remove(removal))
        }
        "LIST" => {
            let filter = ListFilter {
                name: parsed.value("n").map(str::to_owned),
                version: parsed.value("v").map(str::to_owned),
            };
            let form = match (parsed.has("wide"), parsed.has("json")) {
                (_, true) => Form::Json,
                (true, false) => Form::Wide,
                (false, false) => Form::Upstream,
            };
            Ok(Command::List(filter, form))
        }
        _ => Err(DeployError::Option(format!(
            "the mode (-mo) must be ADD, LIST or REMOVE, not {}",
            parsed.value("mode").unwrap_or_default()
        ))),
    }
}

/// How long to wait for the effect of a request; nothing when nobody waits.
fn read_wait(parsed: &ParsedOptions) -> Result<Option<Duration>, DeployError> {
    let Some(text) = parsed.value("wait") else {
        return Ok(None);
    };
    let seconds = text.trim().parse::<u64>().ok();
    let seconds = seconds.filter(|seconds| (1..=MAX_WAIT).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        DeployError::Option(format!(
            "--wait must be a number of seconds from 1 to {MAX_WAIT}, not {text}"
        ))
    })?;
    Ok(Some(Duration::from_secs(seconds)))
}

/// Longest `--wait`, in seconds: a day.
const MAX_WAIT: u64 = 86_400;

async fn execute(
    command: &Command,
    registry: &dyn Registry,
    store: &dyn PayloadStore,
    wait: Option<Duration>,
    out: &mut dyn Write,
) -> Result<(), DeployError> {
    match command {
        Command::Add(addition) => {
            if addition.local_payload.is_none() && !store.has(&addition.path) {
                eprintln!(
                    "note: {} is not on this machine; the model service must find it on its own",
                    addition.path
                );
            }
            let (name, version) = (&addition.name, &addition.version);
            let before = Before::of(registry, name, version).await?;
            let queued = add_model(registry, store, addition).await?;
            if let Some(place) = &queued.payload {
                writeln!(out, "Payload stored in {place}").map_err(DeployError::Output)?;
            }
            let what = counted(addition.instances, name, version);
            writeln!(
                out,
                "Queued: start {what}; see -mo LIST for when it answers"
            )
            .map_err(DeployError::Output)?;
            note_missing_service(registry).await;
            let Some(limit) = wait else { return Ok(()) };
            let more = usize::try_from(addition.instances).unwrap_or_default();
            let goal = Goal::AtLeast(before.registered + more);
            wait_for(registry, name, version, goal, &before, &queued.item, limit).await?;
            writeln!(out, "Registered: {what}").map_err(DeployError::Output)
        }
        Command::Remove(removal) => {
            let (name, version) = (&removal.name, &removal.version);
            let fewer = usize::try_from(removal.instances).unwrap_or_default();
            let before = Before::of(registry, name, version).await?;
            let before = Before { fewer, ..before };
            let queued = remove_model(registry, removal).await?;
            let what = counted(removal.instances, name, version);
            writeln!(out, "Queued: end {what}").map_err(DeployError::Output)?;
            note_missing_service(registry).await;
            let Some(limit) = wait else { return Ok(()) };
            let goal = Goal::AtMost(before.registered.saturating_sub(fewer));
            wait_for(registry, name, version, goal, &before, &queued.item, limit).await?;
            writeln!(out, "Gone: {what}").map_err(DeployError::Output)
        }
        Command::List(filter, form) => {
            let (text, listing) = listed(registry, filter, *form).await?;
            for node in &listing.unreadable {
                eprintln!(
                    "note: {} is not a registered model: {}",
                    node.path, node.reason
                );
            }
            out.write_all(text.as_bytes()).map_err(DeployError::Output)
        }
    }
}

async fn listed(
    registry: &dyn Registry,
    filter: &ListFilter,
    form: Form,
) -> Result<(String, Listing), DeployError> {
    if let Form::Upstream = form {
        return list_models(registry, filter).await;
    }
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let now_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let overview = overview(registry, filter, now_ms).await?;
    let text = match form {
        Form::Json => overview.json()?,
        _ => overview.table(),
    };
    Ok((text, overview.listing))
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
        eprintln!("note: no maas_service of this kind is running; the request waits in the queue");
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
        let golden = include_str!("../tests/data/usage.txt");
        let (code, usage) = run_line("-h");
        assert_eq!(code, 0);
        assert!(usage.starts_with(golden), "{usage}");
        let (code, usage) = run_line("-mo LIST");
        assert_eq!(code, 1);
        assert!(usage.starts_with(golden), "{usage}");
    }

    #[test]
    fn command_lines_that_make_no_sense_end_before_anything_is_asked() {
        // No ZooKeeper is there: a line that got as far would wait for it.
        let add = "-zq 127.0.0.1:1 -mo ADD -n dga -v 1.0 -hmp /m";
        for line in [
            format!("{add} -ni 1"),
            format!("{add} -ni one -m 5"),
            format!("{add} -ni 0 -m 5"),
            format!("{add} -ni 1 -m -5"),
            "-zq 127.0.0.1:1 -mo ADD -v 1.0 -hmp /m -ni 1 -m 5".to_owned(),
            "-zq 127.0.0.1:1 -mo REMOVE -n dga -ni 1".to_owned(),
            "-zq 127.0.0.1:1 -mo PURGE".to_owned(),
            format!("{add} -ni 1 -m 5 --wait soon"),
            format!("{add} -ni 1 -m 5 --wait 0"),
        ] {
            assert_eq!(run_line(&line), (1, String::new()), "{line}");
        }
        let valid = format!("{add} -ni 1 -m 5");
        assert_eq!(run_line(&format!("{valid} --launcher yarn")).0, 2);
        assert_eq!(run_line(&format!("{valid} --fs-uri hdfs://n:8020")).0, 2);
    }
}
