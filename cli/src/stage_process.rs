//! A process that runs stages: from the options of its command to a clean stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alidade_config::{
    Compiler, FolderStore, Live, LiveOptions, Store, ZooKeeperStore, brokers_from_zookeeper,
};
use alidade_maas_client::{Caller, CallerOptions, Models};
use alidade_maas_core::{Registry, ZooKeeperOptions, ZooKeeperRegistry};
use alidade_pipeline::{
    Databases, DocumentValidator, Health, KafkaSettings, RestClient, Services, Shutdown, StageSpec,
    http,
};
use alidade_stellar::Library;
use rdkafka::error::KafkaError;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::patterns::FolderPatterns;
use crate::{CliError, files};

/// What every stage command can be told.
#[derive(Debug, Clone, Default)]
pub struct CommonOptions {
    pub kafka: Option<String>,
    pub zookeeper: Option<String>,
    /// A folder instead of ZooKeeper.
    pub config_dir: Option<PathBuf>,
    pub patterns_dir: Option<PathBuf>,
    pub http: Option<String>,
    pub security_protocol: Option<String>,
    /// Properties for every Kafka client.
    pub kafka_properties: Vec<(String, String)>,
}

/// The most memory that cached model answers may take in a stage process.
const CACHED_ANSWER_BYTES: usize = 32 << 20;
const MODELS_WITHIN: Duration = Duration::from_secs(10);

/// Runs stages until SIGTERM or SIGINT. `started` is told when they work, and where health and metrics are served.
///
/// # Errors
/// When the configuration, Kafka or the endpoint cannot be set up.
pub fn run(
    options: &CommonOptions,
    choose_stages: impl FnOnce(&Services) -> Result<Vec<StageSpec>, CliError>,
    started: impl FnOnce(&Runtime, Option<SocketAddr>),
) -> Result<(), CliError> {
    let address = options.http.as_deref().map(free_address).transpose()?;
    let runtime = runtime()?;
    let metrics = http::install_metrics().map_err(CliError::failed)?;
    let services = runtime.block_on(services(options, &runtime))?;
    let stages = choose_stages(&services)?;
    let shutdown = Shutdown::default();
    let pipeline =
        alidade_pipeline::start(&services, &stages, shutdown).map_err(CliError::failed)?;
    let mut bound = None;
    if let Some(address) = address {
        let pages = pages(metrics, pipeline.health(), services.live.clone());
        let served_at = runtime
            .block_on(http::serve(address, pages))
            .map_err(CliError::failed)?;
        tracing::info!(bound = %served_at, "health and metrics are served");
        bound = Some(served_at);
    }
    started(&runtime, bound);
    let signal = runtime.block_on(wait_for_signal())?;
    tracing::info!(
        signal,
        "stopping: batches are finished and offsets committed"
    );
    pipeline.stop();
    tracing::info!("stopped");
    runtime.shutdown_timeout(Duration::from_secs(2));
    Ok(())
}

/// Makes sure that stages could run, as far as that shows before they do. Kafka and models are not asked.
///
/// # Errors
/// As [`run`].
pub fn check(
    options: &CommonOptions,
    choose_stages: impl FnOnce(&Services) -> Result<Vec<StageSpec>, CliError>,
) -> Result<(), CliError> {
    let runtime = runtime()?;
    let services = runtime.block_on(configured(options, &runtime))?;
    let chosen = choose_stages(&services);
    runtime.shutdown_timeout(Duration::from_secs(2));
    chosen.map(drop)
}

/// The runtime for what waits.
pub fn runtime() -> Result<Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("alidade-io")
        .enable_all()
        .build()
        .map_err(|error| CliError::Failed(format!("the runtime cannot be started: {error}")))
}

pub fn pages(
    metrics: alidade_pipeline::http::MetricsHandle,
    health: Arc<Health>,
    live: Live,
) -> http::Pages {
    let config_state = Arc::new(move || config_state(&live));
    http::Pages {
        metrics,
        health,
        config_state,
    }
}

/// What is in force and what was refused, as JSON.
fn config_state(live: &Live) -> String {
    let snapshot = live.current();
    let applied: serde_json::Map<String, serde_json::Value> = snapshot
        .applied
        .iter()
        .map(|(id, version)| (id.to_string(), (*version).into()))
        .collect();
    let refusals: Vec<serde_json::Value> = live
        .last_refusals()
        .iter()
        .map(|refusal| serde_json::to_value(&**refusal).unwrap_or_default())
        .collect();
    let state = serde_json::json!({
        "version": snapshot.version,
        "connected": live.is_connected(),
        "applied": applied,
        "refused": refusals,
    });
    format!("{state}\n")
}

/// The address of `--http`, if it can be listened on: told before anything is started.
pub fn free_address(text: &str) -> Result<SocketAddr, CliError> {
    let address = socket_address(text)?;
    match std::net::TcpListener::bind(address) {
        Ok(_) => Ok(address),
        Err(error) => Err(CliError::Failed(format!(
            "--http {text}: cannot listen there: {error}; choose another port"
        ))),
    }
}

fn socket_address(text: &str) -> Result<SocketAddr, CliError> {
    use std::net::ToSocketAddrs;
    let resolved = text
        .to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next());
    resolved.ok_or_else(|| {
        CliError::Usage(format!(
            "--http {text}: not an address; write for example 127.0.0.1:9108"
        ))
    })
}

/// What documents are compiled with.
pub fn compiler(library: &Library, patterns_dir: Option<PathBuf>) -> Compiler {
    Compiler::new(library.clone(), Arc::new(FolderPatterns::new(patterns_dir)))
        .with_extra_validator(Arc::new(DocumentValidator::new(library.clone())))
}

async fn services(options: &CommonOptions, runtime: &Runtime) -> Result<Services, CliError> {
    let mut services = configured(options, runtime).await?;
    if let Some(quorum) = &options.zookeeper {
        let registry = ZooKeeperRegistry::connect_in_background(ZooKeeperOptions::new(quorum));
        services.models = Some(model_access(Arc::new(registry), runtime).await?);
    }
    services.databases = Databases::follow(&services.live, runtime.handle()).await;
    Ok(services)
}

/// Services with their configuration, and without models and databases.
async fn configured(options: &CommonOptions, runtime: &Runtime) -> Result<Services, CliError> {
    let library = Library::metron();
    let compiler = compiler(&library, options.patterns_dir.clone());
    let (store, brokers): (Arc<dyn Store>, Option<String>) =
        match (&options.config_dir, &options.zookeeper) {
            (Some(folder), _) => {
                let folder = files::config_folder(Some(folder))?;
                (Arc::new(FolderStore::new(folder)), None)
            }
            (None, Some(quorum)) => {
                let store = ZooKeeperStore::connect(quorum)
                    .await
                    .map_err(CliError::failed)?;
                let brokers = match &options.kafka {
                    Some(_) => None,
                    None => Some(registered_brokers(&store).await?),
                };
                (Arc::new(store), brokers)
            }
            (None, None) => {
                return Err(CliError::Usage(
                    "where is the configuration? Give -z QUORUM for ZooKeeper, or --config-dir DIR"
                        .to_owned(),
                ));
            }
        };
    let Some(brokers) = options.kafka.clone().or(brokers) else {
        return Err(CliError::Usage(
            "where is Kafka? Give -k HOST:PORT[,HOST:PORT]".to_owned(),
        ));
    };
    let kafka = KafkaSettings {
        brokers,
        security_protocol: options.security_protocol.clone(),
        extra: options.kafka_properties.clone(),
    };
    check_kafka(&kafka)?;
    let live = Live::start(store, LiveOptions::new(compiler))
        .await
        .map_err(CliError::failed)?;
    Ok(Services {
        live,
        library,
        kafka,
        models: None,
        rest: RestClient::new(runtime.handle().clone()),
        databases: Arc::default(),
        runtime: runtime.handle().clone(),
    })
}

/// Refuses settings that no Kafka client can be made with, before anything starts. Nothing is connected to.
fn check_kafka(settings: &KafkaSettings) -> Result<(), CliError> {
    if settings
        .brokers
        .split(',')
        .all(|broker| broker.trim().is_empty())
    {
        return Err(CliError::Usage(
            "-k names no broker; write HOST:PORT[,HOST:PORT]".to_owned(),
        ));
    }
    for (name, value) in &settings.extra {
        if let Some(reason) = alidade_kafka::danger(name, value) {
            return Err(CliError::Usage(format!(
                "the value of the Kafka property {name} (--kafka-property): {reason}"
            )));
        }
    }
    let producer = settings.producer();
    if let Some(remedy) = alidade_kafka::is_missing(&producer) {
        return Err(CliError::Usage(remedy.to_owned()));
    }
    match producer.create_native_config() {
        Ok(_) => Ok(()),
        Err(error) if let Some(remedy) = alidade_kafka::remedy(&error) => {
            Err(CliError::Usage(remedy.to_owned()))
        }
        // The whole error would show the value, which may be a password.
        Err(KafkaError::ClientConfig(_, description, name, _)) => Err(CliError::Usage(format!(
            "the Kafka property {name} (--kafka-property, -ksp): {description}"
        ))),
        Err(error) => Err(CliError::Usage(format!("the Kafka properties: {error}"))),
    }
}

/// Follows a registry of models and makes it callable.
pub async fn model_access(
    registry: Arc<dyn Registry>,
    runtime: &Runtime,
) -> Result<(Models, Caller), CliError> {
    let models = Models::watch(registry, runtime.handle());
    if !models.ready(MODELS_WITHIN).await {
        tracing::warn!(
            "the registry of models cannot be read yet; model calls yield null until it can"
        );
    }
    let caller_options = CallerOptions {
        max_cached_bytes: CACHED_ANSWER_BYTES,
        ..CallerOptions::default()
    };
    let caller = Caller::new(caller_options, runtime.handle().clone()).map_err(CliError::failed)?;
    Ok((models, caller))
}

async fn registered_brokers(store: &ZooKeeperStore) -> Result<String, CliError> {
    let client = store.client().await.map_err(CliError::failed)?;
    let brokers = brokers_from_zookeeper(&client)
        .await
        .map_err(CliError::failed)?;
    Ok(brokers.join(","))
}

/// Waits for SIGTERM or SIGINT and returns its name.
pub async fn wait_for_signal() -> Result<&'static str, CliError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(CliError::failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CliError::failed)?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(brokers: &str, extra: &[(&str, &str)]) -> KafkaSettings {
        KafkaSettings {
            brokers: brokers.to_owned(),
            security_protocol: None,
            extra: extra
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn settings_that_no_client_takes_are_refused_without_their_value() {
        assert!(check_kafka(&settings("node1:6667", &[("client.rack", "a")])).is_ok());
        assert!(check_kafka(&settings(" , ", &[])).is_err());
        let mistyped = settings("node1:6667", &[("sasl.pasword", "hunter2")]);
        let text = check_kafka(&mistyped).unwrap_err().to_string();
        assert!(
            text.contains("sasl.pasword") && !text.contains("hunter2"),
            "{text}"
        );
    }

    #[test]
    fn an_address_in_use_is_told() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        assert!(free_address(&address).is_err());
        assert!(free_address("127.0.0.1:0").is_ok());
        assert!(matches!(free_address("nonsense"), Err(CliError::Usage(_))));
    }
}
