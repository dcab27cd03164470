//! Which stages a process runs, and how they are started and stopped.

use std::sync::Arc;
use std::thread::JoinHandle;

use alidade_config::{Live, Snapshot};
use alidade_event::Value;
use alidade_indexing::{GlobalIndexingSettings, IndexingConfigs, IndexingError, Writer};
use alidade_maas_client::{Caller, Models};
use alidade_stellar::Library;
use futures::future::BoxFuture;
use tokio::runtime::Handle;

use crate::calls::BatchCalls;
use crate::enrich_stage::EnrichStage;
use crate::kafka_settings::{Fault, KafkaSettings, fault_of, from_spout_config, is_dangerous};
use crate::outside::{Databases, Outside, RestClient};
use crate::parse_stage::{ENRICHMENTS, INDEXING, ParserStage};
use crate::supervisor::{Health, Shutdown, supervise};
use crate::worker::WorkerSettings;
use crate::{LiveIndexing, PipelineError, index_worker, worker};

/// What the stages of a process share.
#[derive(Clone)]
pub struct Services {
    pub live: Live,
    pub library: Library,
    pub kafka: KafkaSettings,
    /// Where models are found and how they are called; nothing where there is no registry of models.
    pub models: Option<(Models, Caller)>,
    /// Makes the requests of `REST_GET` and `REST_POST`.
    pub rest: RestClient,
    /// Where addresses are looked up.
    pub databases: Arc<Databases>,
    /// Runs what waits: model calls, writers.
    pub runtime: Handle,
}

impl Services {
    fn calls(&self) -> Box<dyn BatchCalls> {
        let databases = Arc::clone(&self.databases);
        Box::new(Outside::new(
            self.models.as_ref(),
            self.rest.clone(),
            databases,
        ))
    }
}

/// Makes the writer of an indexing stage, from the global configuration of the moment. It is called at each start of the
/// worker.
pub type WriterFactory = Arc<
    dyn Fn(GlobalIndexingSettings) -> BoxFuture<'static, Result<Box<dyn Writer>, IndexingError>>
        + Send
        + Sync,
>;

/// One stage of a process.
#[derive(Clone)]
pub enum StageSpec {
    Parser(ParserSpec),
    Enrichment { workers: usize },
    Indexing(IndexingSpec),
}

/// The parser stage of one sensor.
#[derive(Debug, Clone)]
pub struct ParserSpec {
    pub sensor: String,
    /// Consumers in the sensor's group; nothing for the configured `spoutParallelism`.
    pub workers: Option<usize>,
    pub output_topic: Option<String>,
    /// Upstream's consumer settings from a file (`-esc`); they replace the configured ones.
    pub spout_config: Option<Vec<(String, String)>>,
}

/// An indexing stage.
#[derive(Clone)]
pub struct IndexingSpec {
    /// The name of the store, for logs.
    pub store: &'static str,
    /// `indexing-ra` for the random access stores, `indexing-batch` for HDFS.
    pub group: String,
    pub make_writer: WriterFactory,
}

/// The running stages.
pub struct Pipeline {
    threads: Vec<JoinHandle<()>>,
    shutdown: Shutdown,
    health: Arc<Health>,
}

impl Pipeline {
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// Asks the workers to finish their batches and to commit, and waits for them.
    pub fn stop(self) {
        self.shutdown.stop();
        for thread in self.threads {
            // The supervisor catches the panics of its worker.
            let _ = thread.join();
        }
    }
}

/// Starts the stages, each worker on a thread of its own.
///
/// # Errors
/// When a thread cannot be started.
pub fn start(
    services: &Services,
    stages: &[StageSpec],
    shutdown: Shutdown,
) -> Result<Pipeline, PipelineError> {
    let mut pipeline = Pipeline {
        threads: Vec::new(),
        shutdown,
        health: Arc::default(),
    };
    for stage in stages {
        match stage {
            StageSpec::Parser(spec) => {
                for number in 0..parser_workers(services, spec) {
                    pipeline.start_parser(services, spec, number)?;
                }
            }
            StageSpec::Enrichment { workers } => {
                for number in 0..(*workers).max(1) {
                    pipeline.start_enrichment(services, number)?;
                }
            }
            StageSpec::Indexing(spec) => pipeline.start_indexing(services, spec)?,
        }
    }
    Ok(pipeline)
}

fn parser_workers(services: &Services, spec: &ParserSpec) -> usize {
    let snapshot = services.live.current();
    let configured = snapshot
        .parser(&spec.sensor)
        .and_then(|entry| entry.config.spout_parallelism);
    let configured = configured.and_then(|number| usize::try_from(number).ok());
    spec.workers.or(configured).unwrap_or(1).clamp(1, 256)
}

impl Pipeline {
    fn start_parser(
        &mut self,
        services: &Services,
        spec: &ParserSpec,
        number: usize,
    ) -> Result<(), PipelineError> {
        let (services, spec, shutdown) = (services.clone(), spec.clone(), self.shutdown.clone());
        let name = format!("parser-{}-{number}", spec.sensor);
        let work = move || {
            let settings = parser_settings(&services.kafka, &spec, &services.live.current());
            log_ignored(&spec.sensor, &settings);
            let (kafka, running, same_spec) =
                (services.kafka.clone(), settings.clone(), spec.clone());
            let mut stage = ParserStage::new(
                services.live.clone(),
                &spec.sensor,
                spec.output_topic.clone(),
                services.calls(),
                Box::new(move |snapshot| parser_settings(&kafka, &same_spec, snapshot) != running),
            );
            worker::run(&settings, &mut stage, &shutdown)
        };
        self.supervise(name, work)
    }

    fn start_enrichment(
        &mut self,
        services: &Services,
        number: usize,
    ) -> Result<(), PipelineError> {
        let (services, shutdown) = (services.clone(), self.shutdown.clone());
        let settings = WorkerSettings {
            stage: "enrichment",
            kafka: services.kafka.clone(),
            group: ENRICHMENTS.to_owned(),
            topic: ENRICHMENTS.to_owned(),
            consumer_extra: Vec::new(),
            ignored: Vec::new(),
            producer_extra: Vec::new(),
        };
        let work = move || {
            let mut stage = EnrichStage::new(
                services.live.clone(),
                services.library.clone(),
                services.calls(),
            );
            worker::run(&settings, &mut stage, &shutdown)
        };
        self.supervise(format!("enrichment-{number}"), work)
    }

    fn start_indexing(
        &mut self,
        services: &Services,
        spec: &IndexingSpec,
    ) -> Result<(), PipelineError> {
        let (services, shutdown, spec) = (services.clone(), self.shutdown.clone(), spec.clone());
        let name = format!("indexing-{}", spec.store);
        let settings = WorkerSettings {
            stage: "indexing",
            kafka: services.kafka.clone(),
            group: spec.group.clone(),
            topic: INDEXING.to_owned(),
            consumer_extra: Vec::new(),
            ignored: Vec::new(),
            producer_extra: Vec::new(),
        };
        let configs: Arc<dyn IndexingConfigs> = Arc::new(LiveIndexing::new(
            services.live.clone(),
            services.library.clone(),
        ));
        let work = move || {
            let global = global_settings(&services.live.current().global.value)?;
            let writer = services
                .runtime
                .block_on((spec.make_writer)(global))
                .map_err(|error| PipelineError::Setup(format!("{}: {error}", spec.store)))?;
            let runtime = services.runtime.clone();
            index_worker::run(&settings, writer, Arc::clone(&configs), runtime, &shutdown)
        };
        self.supervise(name, work)
    }

    fn supervise(
        &mut self,
        name: String,
        work: impl FnMut() -> Result<(), PipelineError> + Send + 'static,
    ) -> Result<(), PipelineError> {
        let thread = supervise(name, Arc::clone(&self.health), self.shutdown.clone(), work)?;
        self.threads.push(thread);
        Ok(())
    }
}

fn global_settings(global: &Value) -> Result<GlobalIndexingSettings, PipelineError> {
    GlobalIndexingSettings::from_global(global).map_err(|problems| {
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        PipelineError::Setup(format!(
            "the global configuration is wrong for indexing: {}",
            texts.join("; ")
        ))
    })
}

/// Topic, group and consumer settings of a sensor. The topic is the sensor's `sensorTopic`, or its name.
fn parser_settings(
    kafka: &KafkaSettings,
    spec: &ParserSpec,
    snapshot: &Snapshot,
) -> WorkerSettings {
    let entry = snapshot.parser(&spec.sensor);
    let topic = entry
        .and_then(|entry| entry.config.sensor_topic.clone())
        .filter(|topic| !topic.trim().is_empty())
        .unwrap_or_else(|| spec.sensor.clone());
    let spout_config = match (&spec.spout_config, entry) {
        (Some(given), _) => given.clone(),
        (None, Some(entry)) => spout_entries(&entry.config.spout_config),
        (None, None) => Vec::new(),
    };
    let (consumer_extra, ignored) = from_spout_config(
        spout_config
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone())),
    );
    let mut kafka = kafka.clone();
    if kafka.security_protocol.is_none() {
        kafka.security_protocol = entry.and_then(|entry| entry.config.security_protocol.clone());
    }
    let group = consumer_extra
        .iter()
        .find(|(key, _)| key == "group.id")
        .map(|(_, value)| value.clone());
    WorkerSettings {
        stage: "parser",
        kafka,
        group: group.unwrap_or_else(|| format!("{topic}_parser")),
        topic,
        consumer_extra,
        ignored,
        producer_extra: producer_settings(entry.map(|entry| &entry.config.parser_config)),
    }
}

fn log_ignored(sensor: &str, settings: &WorkerSettings) {
    if settings.ignored.is_empty() {
        return;
    }
    tracing::info!(
        sensor,
        settings = settings.ignored.join(", "),
        "consumer settings that mean nothing here are ignored"
    );
}

/// Upstream's `spoutConfig` as texts.
pub fn spout_entries<'a>(
    entries: impl IntoIterator<Item = (&'a String, &'a serde_json::Value)>,
) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    entries
        .into_iter()
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}

/// `kafka.producerConfigs` of a sensor's `parserConfig`.
fn producer_settings(
    parser_config: Option<&indexmap::IndexMap<String, serde_json::Value>>,
) -> Vec<(String, String)> {
    let configured = parser_config.and_then(|config| config.get("kafka.producerConfigs"));
    let Some(serde_json::Value::Object(members)) = configured else {
        return Vec::new();
    };
    let wanted = members
        .iter()
        .filter(|(key, _)| !key.ends_with("serializer"));
    let mut properties = spout_entries(wanted);
    // With a property that it does not have, no client could be made at all; the check of the document tells of it.
    properties.retain(|(key, value)| {
        !is_dangerous(key, value) && fault_of(key, value) != Some(Fault::Unknown)
    });
    properties
}
