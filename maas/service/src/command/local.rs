//! The service with models as processes of this machine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alidade_maas_core::posix_options::ParsedOptions;
use alidade_maas_core::{ZooKeeperOptions, ZooKeeperRegistry};
use tokio::sync::watch;

use super::{
    Refusal, environment, failed, say, service_type, start_limit, timeout, zookeeper_options,
};
use crate::signals::EndSignals;
use crate::{LocalOptions, LocalProcesses, ServiceConfig, Shutdown, default_host, serve};

/// Options that mean something on YARN only.
const ON_YARN_ONLY: [&str; 12] = [
    "c",
    "d",
    "foreground",
    "j",
    "keytab",
    "l",
    "ma",
    "mc",
    "mm",
    "nle",
    "q",
    "va",
];

/// Serves until the process is told to end.
pub(super) fn run(parsed: &ParsedOptions) -> Result<(), Refusal> {
    let settings = Settings::read(parsed)?;
    for option in ON_YARN_ONLY.iter().filter(|option| parsed.has(option)) {
        let dashes = if option.len() > 3 { "--" } else { "-" };
        eprintln!("{dashes}{option} has no effect with the local launcher");
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
        local.environment = environment(parsed)?;
        let config = ServiceConfig {
            holder: format!("{} process {}", default_host(), std::process::id()),
            claim_patience: timeout(parsed)?,
            start_limit: start_limit(parsed)?,
            service_type: service_type(parsed),
            ..ServiceConfig::default()
        };
        Ok(Settings {
            zookeeper: zookeeper_options(parsed),
            config,
            local,
        })
    }
}

async fn run_service(settings: Settings) -> Result<(), Refusal> {
    let registry = ZooKeeperRegistry::connect(settings.zookeeper)
        .await
        .map_err(failed)?;
    registry.require_config_node().await.map_err(failed)?;
    let config = registry.config().await.map_err(failed)?;
    let registry = Arc::new(registry);
    let launcher = LocalProcesses::new(settings.local.clone(), &settings.config, registry.clone())
        .map_err(failed)?;
    say("Models run as processes of this machine (--launcher local)\n");
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
    let mut signals = EndSignals::install()
        .map_err(|error| failed(format!("cannot listen for signals: {error}")))?;
    tokio::spawn(async move {
        signals.received().await;
        stop.send_replace(Shutdown::StopModels);
        // A second signal must not be needed, and its sender must not be gone before the first.
        std::future::pending::<()>().await;
    });
    let outcome = serve(settings.config, Arc::new(launcher), registry, stopped).await;
    outcome.map_err(failed)
}
