//! What runs in the container of an instance: it starts the model's script, registers the model once it answers, and ends it
//! with everything it has started.
//!
//! It knows nothing of the service but its settings, so that a model runs on, and stays registered, while the service is away.
//! Nor does a ZooKeeper that is away end a model. The runner ends with code 0 when it is told to (SIGTERM, SIGINT), else with 1
//! and the reason in the last line of its standard error, which a node manager shows with the container.
//!
//! # What the model sees
//! The model runs as the same user as the runner. It does not get the variables with the runner's settings and the tokens'
//! place, and the file of tokens is removed from the working directory, because the runner needs none. Both are a help against
//! accidents, no wall: whatever else that user can read on the machine, as the launch script that the node manager has written
//! or the environment of the runner's own process, a model can read, too. Nothing in them is secret but for what `-e` gives the
//! models.

mod forgotten;
mod place;
mod settings;

use std::fmt::Display;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use alidade_maas_core::{MaasError, ServiceType, ZooKeeperOptions, ZooKeeperRegistry};
use tokio::time::timeout;

use self::forgotten::{LOOK_FOR_RECORD, forgotten};
use self::place::{Place, TOKEN_FILE};
pub use self::settings::RunnerSettings;
use crate::launcher::RunningInstance;
use crate::process::{Guard, ModelProcess, ProcessPlan};
use crate::signals::EndSignals;
use crate::supervised::{Supervised, Supervision, Supervisor};
use crate::{LaunchError, ServiceConfig};

/// Variables that are the runner's own.
const OWN_VARIABLES: [&str; 4] = [
    RunnerSettings::VARIABLE,
    TOKEN_FILE,
    "KRB5_CLIENT_KTNAME",
    "KRB5CCNAME",
];
/// A registration that cannot be taken out within this time is left to the end of the session, and to the service.
const WITHDRAWAL_LIMIT: Duration = Duration::from_secs(5);
/// Begins the line that says why the runner has ended.
pub(crate) const LAST_WORDS: &str = "alidade runner: ";
/// Most characters of the line that says why the runner has ended.
const MAX_LINE: usize = 600;
/// Of a longer line, the beginning that is kept; the last words of the model are at its end.
const HEAD_OF_LINE: usize = 200;

/// Runs the model of this container: `alidade maas runner`. Returns the exit code.
pub fn run_runner() -> i32 {
    match run() {
        Ok(()) => 0,
        Err(reason) => {
            // Nobody may be reading.
            let _ = writeln!(std::io::stderr(), "{}", last_line(&reason));
            1
        }
    }
}

/// Runs the model until told to end. An error is the reason why it serves no more.
fn run() -> Result<(), String> {
    let variable = |name: &str| std::env::var(name).ok();
    let encoded = variable(RunnerSettings::VARIABLE)
        .ok_or_else(|| settings::wrong("there are none").to_string())?;
    let settings = RunnerSettings::decode(&encoded).map_err(text)?;
    let directory = std::env::current_dir().map_err(text)?;
    let place = Place::read(variable, directory).map_err(text)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(text)?;
    let outcome = runtime.block_on(run_model(&settings, &place));
    // What is still under way is the way of the last output to the logs, at most.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

fn text(error: impl Display) -> String {
    error.to_string()
}

async fn run_model(settings: &RunnerSettings, place: &Place) -> Result<(), String> {
    let mut signals = EndSignals::install().map_err(text)?;
    let mut zookeeper = ZooKeeperOptions::new(&settings.zookeeper);
    settings.config_path.clone_into(&mut zookeeper.config_path);
    let registry = Arc::new(ZooKeeperRegistry::connect_in_background(zookeeper));
    let mut instance = start(settings, place, registry.clone())
        .await
        .map_err(text)?;
    let (model, version, id) = (&settings.name, &settings.version, place.id);
    let at = instance.describe();
    tracing::info!(model, version, id, place = at, "model launched");
    let limit = Duration::from_secs(settings.start_limit_s);
    let outcome = tokio::select! {
        () = signals.received() => {
            tracing::info!("told to end");
            Ok(())
        }
        reason = serve(&mut instance, limit) => Err(reason),
        () = forgotten(&*registry, &place.container, LOOK_FOR_RECORD) => {
            Err("the service has given this container up as lost".to_owned())
        }
    };
    instance.stop().await;
    if timeout(WITHDRAWAL_LIMIT, instance.withdrawn())
        .await
        .is_err()
    {
        tracing::warn!("the registration could not be taken out");
    }
    outcome
}

async fn start(
    settings: &RunnerSettings,
    place: &Place,
    registry: Arc<ZooKeeperRegistry>,
) -> Result<Supervised, LaunchError> {
    let defaults = ServiceConfig::default();
    let rules = Supervision {
        service_type: if settings.persistent {
            ServiceType::Static
        } else {
            ServiceType::Dynamic
        },
        drain: Duration::from_millis(settings.drain_ms),
        grace: Duration::from_millis(settings.grace_ms),
        ..Supervision::from(&defaults)
    };
    let supervisor = Supervisor::new(registry, rules)?;
    let script = place.prepare(&settings.script)?;
    std::fs::create_dir_all(&place.logs).map_err(MaasError::file("create", &place.logs))?;
    let plan = ProcessPlan {
        directory: place.directory.clone(),
        script,
        host: place.host.clone(),
        environment: settings.environment.clone(),
        kept_back: &OWN_VARIABLES,
        out_log: place.logs.join("model.stdout.log"),
        error_log: place.logs.join("model.stderr.log"),
        log_bytes: settings.log_bytes,
        scratch: None,
    };
    let process = ModelProcess::start(Arc::new(Guard::start()?), plan).await?;
    Ok(supervisor.take(process, &settings.name, &settings.version, place.id))
}

/// From launch until the model serves no more; says why.
async fn serve(instance: &mut Supervised, start_limit: Duration) -> String {
    match timeout(start_limit, instance.ready()).await {
        Ok(Ok(_)) => instance.ended().await.reason,
        Ok(Err(error)) => error.to_string(),
        Err(_) => {
            let limit = start_limit.as_secs();
            if instance.answers() {
                format!("it answers, but could not be registered within {limit} s of its launch")
            } else {
                format!("it did not answer within {limit} s of its launch")
            }
        }
    }
}

/// The reason in one printable line of bounded length, without its middle if need be.
fn last_line(reason: &str) -> String {
    let plain: String = reason
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let line = format!("{LAST_WORDS}{}", words.join(" "));
    let length = line.chars().count();
    if length <= MAX_LINE {
        return line;
    }
    let gap = " ... ";
    let tail = MAX_LINE - HEAD_OF_LINE - gap.len();
    let head: String = line.chars().take(HEAD_OF_LINE).collect();
    let tail: String = line.chars().skip(length - tail).collect();
    format!("{head}{gap}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_one_line_of_bounded_length() {
        assert_eq!(
            last_line("it ended;\n\tits \u{1b}last words\r\n"),
            "alidade runner: it ended; its last words"
        );
        let long = format!("begin {} end", "\u{e4}".repeat(5000));
        let line = last_line(&long);
        assert_eq!(line.chars().count(), MAX_LINE);
        assert!(line.starts_with("alidade runner: begin \u{e4}") && line.ends_with("\u{e4} end"));
        assert!(line.contains("\u{e4} ... \u{e4}"));
    }
}
