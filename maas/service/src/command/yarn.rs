//! The service as a YARN application: what the command line says about it, and the command's end.

use std::path::PathBuf;
use std::time::Duration;

use alidade_maas_core::posix_options::ParsedOptions;

use super::{Refusal, environment, number, say, start_limit, timeout, zookeeper_options};
use crate::yarn::{MasterSettings, Submit, print_status, stop_service, submit};

/// Options that mean something to the local launcher only.
const LOCAL_ONLY: [&str; 3] = ["payload-root", "work-dir", "advertise-host"];
/// Upstream's options for the timeline server, which is not written to.
const TIMELINE: [&str; 2] = ["c", "d"];

const DEFAULT_QUEUE: &str = "default";
/// Upstream's default, 10 MB, is too small for its own master.
const DEFAULT_MASTER_MEMORY_MB: i64 = 256;

/// Submits the service.
pub(super) fn run(parsed: &ParsedOptions) -> Result<(), Refusal> {
    for option in LOCAL_ONLY.iter().filter(|option| parsed.has(option)) {
        eprintln!("--{option} has no effect with the yarn launcher");
    }
    for option in TIMELINE.iter().filter(|option| parsed.has(option)) {
        eprintln!("-{option} has no effect: nothing is written to the timeline server");
    }
    if parsed.has("l") {
        eprintln!("-l has no effect: set ALIDADE_LOG to steer logging, here and in the master");
    }
    let submission = read(parsed)?;
    say("Models run in YARN containers (--launcher yarn)\n");
    on_runtime(async { submit(submission, &|line| say(&format!("{line}\n"))).await })
}

fn read(parsed: &ParsedOptions) -> Result<Submit, Refusal> {
    let zookeeper = zookeeper_options(parsed);
    let text = |option: &str| parsed.value(option).map(str::to_owned);
    let node_label = text("nle").filter(|label| !label.trim().is_empty());
    let settings = MasterSettings {
        zookeeper: zookeeper.quorum,
        config_path: zookeeper.config_path,
        persistent: parsed.has("persistent"),
        start_limit: start_limit(parsed)?.as_secs(),
        directory: String::new(),
        file_system: String::new(),
        environment: environment(parsed)?,
        node_label: node_label.clone(),
        has_keytab: false,
        has_kerberos_conf: false,
    };
    let cores = number(parsed, "mc")?.unwrap_or(1);
    Ok(Submit {
        settings,
        queue: text("q").unwrap_or_else(|| DEFAULT_QUEUE.to_owned()),
        master_memory: number(parsed, "mm")?.unwrap_or(DEFAULT_MASTER_MEMORY_MB),
        master_vcores: i32::try_from(cores).unwrap_or(i32::MAX),
        program: parsed.value("j").map(PathBuf::from),
        timeout: timeout(parsed)?,
        viewers: text("va"),
        modifiers: text("ma"),
        node_label,
        keytab: parsed.value("keytab").map(PathBuf::from),
        foreground: parsed.has("foreground"),
    })
}

/// Prints who serves a configuration, and how its models do.
pub(super) fn status(parsed: &ParsedOptions) -> Result<(), Refusal> {
    let options = zookeeper_options(parsed);
    on_runtime(async {
        say(&print_status(options).await?);
        Ok(())
    })
}

/// Ends the service of a configuration, with all of its models.
pub(super) fn stop(parsed: &ParsedOptions) -> Result<(), Refusal> {
    let options = zookeeper_options(parsed);
    let patience: Duration = timeout(parsed)?;
    on_runtime(async {
        say(&stop_service(options, patience).await?);
        Ok(())
    })
}

fn on_runtime(
    work: impl Future<Output = Result<(), crate::yarn::SubmitError>>,
) -> Result<(), Refusal> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(2)
        .build()
        .map_err(|error| super::failed(format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome.map_err(|error| Refusal::Failed {
        code: error.exit_code(),
        text: error.to_string(),
    })
}
