//! The `maas_service` command.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alidade_maas_core::posix_options::{OptionSpec, OptionsError, ParsedOptions, PosixOptions};
use alidade_maas_core::{DEFAULT_CONFIG_PATH, ZooKeeperOptions, ZooKeeperRegistry};
use tokio::sync::watch;

use crate::{LocalOptions, LocalProcesses, ServiceConfig, Shutdown, default_host, serve};

/// Upstream's options in upstream's order, then our own.
pub const OPTIONS: PosixOptions = PosixOptions::new(
    "MaaSClient",
    &[
        OptionSpec::flag(
            "c",
            "create",
            "Flag to indicate whether to create the domain specified with -domain.",
        ),
        OptionSpec::value(
            "d",
            "domain",
            "ID of the timeline domain where the timeline entities will be put",
        ),
        OptionSpec::value(
            "e",
            "shell_env",
            "Environment for shell script. Specified as env_key=env_val pairs",
        ),
        OptionSpec::flag("h", "help", "This screen"),
        OptionSpec::value("j", "jar", "Jar file containing the application master"),
        OptionSpec::value("l", "log4j", "The log4j properties file to load"),
        OptionSpec::value(
            "ma",
            "modify_acls",
            "Users and groups that allowed to modify the timeline entities in the given domain",
        ),
        OptionSpec::value(
            "mc",
            "master_vcores",
            "Amount of virtual cores to be requested to run the application master",
        ),
        OptionSpec::value(
            "mm",
            "master_memory",
            "Amount of memory in MB to be requested to run the application master",
        ),
        OptionSpec::value(
            "nle",
            "node_label_expression",
            "Node label expression to determine the nodes where all the containers of this application will be allocated, \"\" means containers can be allocated anywhere, if you don't specify the option, default node_label_expression of queue will be used.",
        ),
        OptionSpec::value(
            "q",
            "queue",
            "RM Queue in which this application is to be submitted",
        ),
        OptionSpec::value("t", "timeout", "Application timeout in milliseconds"),
        OptionSpec::value(
            "va",
            "view_acls",
            "Users and groups that allowed to view the timeline entities in the given domain",
        ),
        OptionSpec::value("zq", "zk_quorum", "Zookeeper Quorum").required(),
        OptionSpec::value("zr", "zk_root", "Zookeeper Root"),
        OptionSpec::value(
            "",
            "launcher",
            "Where models run: local (the default, as processes on this machine) or yarn",
        ),
        OptionSpec::value(
            "",
            "payload-root",
            "Directory below which payloads are looked up (local launcher; default ~/.alidade/models)",
        ),
        OptionSpec::value(
            "",
            "work-dir",
            "Directory for working directories and logs of models (local launcher; default ~/.alidade/maas)",
        ),
        OptionSpec::value(
            "",
            "advertise-host",
            "Host name that clients are told (local launcher; default this machine's name)",
        ),
        OptionSpec::value(
            "",
            "start-limit",
            "Seconds a model may take until it answers (default 600)",
        ),
    ],
);

/// Options that mean something on YARN only.
const ON_YARN_ONLY: [&str; 10] = ["c", "d", "j", "l", "ma", "mc", "mm", "nle", "q", "va"];

const DEFAULT_TIMEOUT_MS: i64 = 600_000;

/// Why the command ends without having served.
enum Refusal {
    Usage(OptionsError),
    /// A value that cannot be used, or anything else that went wrong.
    Failed {
        text: String,
        code: i32,
    },
}

fn illegal(text: String) -> Refusal {
    Refusal::Failed { text, code: 255 }
}

fn failed(text: impl ToString) -> Refusal {
    Refusal::Failed {
        text: text.to_string(),
        code: 1,
    }
}

/// Runs the command until it is told to end (SIGINT, SIGTERM). Returns the exit code: 0 after an orderly end and for help,
/// 1 for a command line or a set-up that cannot be used, 255 for an illegal value, 2 for a launcher that does not exist.
pub fn run(args: &[String]) -> i32 {
    match run_checked(args) {
        Ok(()) => 0,
        Err(Refusal::Usage(error)) => {
            eprintln!("Unable to parse args: {}\n{error}", args.join(" "));
            say(&OPTIONS.usage());
            1
        }
        Err(Refusal::Failed { text, code }) => {
            eprintln!("{text}");
            code
        }
    }
}

fn run_checked(args: &[String]) -> Result<(), Refusal> {
    let parsed = OPTIONS.parse(args).map_err(Refusal::Usage)?;
    if parsed.has("help") {
        say(&OPTIONS.usage());
        return Ok(());
    }
    let settings = Settings::read(&parsed)?;
    for option in ON_YARN_ONLY.iter().filter(|option| parsed.has(option)) {
        eprintln!("-{option} has no effect with the local launcher");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(run_service(settings));
    runtime.shutdown_timeout(Duration::from_secs(2));
    outcome
}

struct Settings {
    zookeeper: ZooKeeperOptions,
    config: ServiceConfig,
    local: LocalOptions,
}

impl Settings {
    fn read(parsed: &ParsedOptions) -> Result<Settings, Refusal> {
        match parsed.value("launcher").unwrap_or("local") {
            "local" => {}
            "yarn" => {
                return Err(Refusal::Failed {
                    text: "the YARN launcher is not built yet; run with --launcher local"
                        .to_owned(),
                    code: 2,
                });
            }
            other => {
                return Err(Refusal::Failed {
                    text: format!("--launcher must be local or yarn, not {other}"),
                    code: 2,
                });
            }
        }
        for (option, what) in [("mm", "memory"), ("mc", "virtual cores")] {
            if number(parsed, option)?.is_some_and(|number| number < 0) {
                return Err(illegal(format!(
                    "-{option} must not be negative: {what} for the master"
                )));
            }
        }
        let timeout = number(parsed, "t")?.unwrap_or(DEFAULT_TIMEOUT_MS).max(0);
        let mut zookeeper = ZooKeeperOptions::new(parsed.value("zq").unwrap_or_default());
        zookeeper.config_path = parsed.value("zr").unwrap_or(DEFAULT_CONFIG_PATH).to_owned();
        let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".alidade"));
        let directory = |option: &str, below_home: &str| {
            let given = parsed.value(option).map(PathBuf::from);
            let found = given.or_else(|| home().map(|home| home.join(below_home)));
            found.ok_or_else(|| failed(format!("HOME is not set; say --{option} DIR")))
        };
        let mut local = LocalOptions::new(
            directory("payload-root", "models")?,
            directory("work-dir", "maas")?,
        );
        if let Some(host) = parsed.value("advertise-host") {
            local.host = host.to_owned();
        }
        local.environment = parsed
            .values("shell_env")
            .into_iter()
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
            .collect();
        if let Some((key, _)) = local
            .environment
            .iter()
            .find(|(key, value)| key.is_empty() || key.contains('\0') || value.contains('\0'))
        {
            return Err(illegal(format!(
                "-e must be key=value, and \"{key}\" is no key"
            )));
        }
        let mut config = ServiceConfig {
            holder: format!("{} process {}", default_host(), std::process::id()),
            claim_patience: Duration::from_millis(timeout.unsigned_abs()),
            ..ServiceConfig::default()
        };
        if let Some(seconds) = number(parsed, "start-limit")? {
            let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
            let seconds = seconds
                .ok_or_else(|| illegal("--start-limit must be at least 1 second".to_owned()))?;
            config.start_limit = Duration::from_secs(seconds);
        }
        Ok(Settings {
            zookeeper,
            config,
            local,
        })
    }
}

fn number(parsed: &ParsedOptions, option: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = parsed.value(option) else {
        return Ok(None);
    };
    let dashes = if option.len() > 3 { "--" } else { "-" };
    match text.parse::<i32>() {
        Ok(number) => Ok(Some(i64::from(number))),
        Err(_) => Err(illegal(format!(
            "{dashes}{option} must be a whole number, not {text}"
        ))),
    }
}

/// Prints a text. The service goes on where nobody reads it.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

async fn run_service(settings: Settings) -> Result<(), Refusal> {
    let registry = ZooKeeperRegistry::connect(settings.zookeeper)
        .await
        .map_err(failed)?;
    let config = registry.config().await.map_err(failed)?;
    let registry = Arc::new(registry);
    let launcher = LocalProcesses::new(settings.local.clone(), &settings.config, registry.clone())
        .map_err(failed)?;
    say(&format!(
        "Serving model requests from {}, registering models under {}\n",
        config.queue_path, config.service_root
    ));
    say(&format!(
        "Payloads below {}, logs of models in {}. Ctrl-C ends the service and its models.\n",
        settings.local.payload_root.display(),
        launcher.log_directory().display()
    ));
    let (stop, stopped) = watch::channel(Shutdown::No);
    tokio::spawn(async move {
        end_signal().await;
        stop.send_replace(Shutdown::StopModels);
        // A second signal must not be needed, and its sender must not be gone before the first.
        std::future::pending::<()>().await;
    });
    let outcome = serve(settings.config, Arc::new(launcher), registry, stopped).await;
    outcome.map_err(failed)
}

async fn end_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminate => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_line(line: &str) -> i32 {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        run(&args)
    }

    #[test]
    fn the_usage_is_upstreams_with_our_options_at_the_end() {
        let usage = OPTIONS.usage();
        let golden = include_str!("../tests/data/usage.txt");
        assert!(usage.starts_with(golden), "{usage}");
    }

    #[test]
    fn help_alone_is_no_error() {
        assert_eq!(run_line("-h"), 0);
        assert_eq!(run_line("--help -zq nowhere:1"), 0);
    }

    #[test]
    fn wrong_command_lines_have_upstreams_exit_codes() {
        assert_eq!(run_line(""), 1);
        assert_eq!(run_line("-zq h:1 -nope"), 1);
        assert_eq!(run_line("-zq h:1 -mm -5"), 255);
        assert_eq!(run_line("-zq h:1 -t soon"), 255);
        assert_eq!(run_line("-zq h:1 --launcher yarn"), 2);
        assert_eq!(run_line("-zq h:1 --launcher mesos"), 2);
    }
}
