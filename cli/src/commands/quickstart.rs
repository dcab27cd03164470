//! `quickstart`: the squid walk-through in one process, without any server.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alidade_config::{FolderStore, Live, LiveOptions};
use alidade_event::{Event, NumberStyle};
use alidade_indexing::Writer;
use alidade_indexing::local::{LocalIndex, LocalWriter};
use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};
use alidade_maas_core::{MemoryRegistry, ModelRequest, Registry};
use alidade_maas_service::{
    LocalOptions, LocalProcesses, ServiceConfig, Shutdown as ModelShutdown,
};
use alidade_pipeline::embedded::EmbeddedBroker;
use alidade_pipeline::{
    Databases, ENRICHMENTS, INDEXING, IndexingSpec, KafkaSettings, ParserSpec, Pipeline,
    RestClient, Services, Shutdown, StageSpec, http,
};
use alidade_stellar::Library;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::stage_options as shared;
use crate::{CliError, logging, stage_process};

const OPTIONS: &[OptionSpec] = &[
    shared::HELP,
    OptionSpec::flag(
        "",
        "exit-after-demo",
        "End after the two lines have been shown, for scripts",
    ),
    OptionSpec::value(
        "",
        "dir",
        "Folder for configuration, models and index; kept at the end. Without it, a temporary one",
    ),
    OptionSpec::value(
        "",
        "http",
        "Address for /health, /metrics and /config; 127.0.0.1 and a free port without it",
    ),
];

const TABLE: PosixOptions = PosixOptions::new("alidade quickstart [OPTIONS]", OPTIONS);

/// The files that the quickstart lays out: the walk-through's configuration and the mock model.
const FILES: &[(&str, &str)] = &[
    (
        "config/global.json",
        include_str!("../../../examples/squid/config/global.json"),
    ),
    (
        "config/parsers/squid.json",
        include_str!("../../../examples/squid/config/parsers/squid.json"),
    ),
    (
        "config/enrichments/squid.json",
        include_str!("../../../examples/squid/config/enrichments/squid.json"),
    ),
    (
        "config/indexing/squid.json",
        include_str!("../../../examples/squid/config/indexing/squid.json"),
    ),
    (
        "models/dga/rest.sh",
        include_str!("../../../examples/squid/mock_dga/rest.sh"),
    ),
    (
        "models/dga/dga.py",
        include_str!("../../../examples/squid/mock_dga/dga.py"),
    ),
];

/// The walk-through's two lines: yahoo.com, which the model calls legit, and cnn.com, which it does not.
const ACCESS_LOG: &str = include_str!("../../../examples/squid/access.log");

const SENSOR: &str = "squid";
const MODEL: &str = "dga";
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let parsed = TABLE
        .parse(arguments)
        .map_err(|error| CliError::Usage(format!("{error}\n{}", TABLE.usage())))?;
    if parsed.has("help") {
        return super::print(&TABLE.usage());
    }
    logging::install(Some("warn,librdkafka=off,rdkafka=off"));
    let folder = DemoFolder::lay_out(parsed.value("dir"))?;
    let runtime = stage_process::runtime()?;
    let interrupted = Interrupted::default();
    let signal = runtime.spawn(interrupted.clone().watch());
    let demo = Demo::start(&folder, parsed.value("http"), &interrupted, &runtime)?;
    let outcome = demo
        .show(&folder, &interrupted)
        .and_then(|text| super::print(&text));
    if outcome.is_ok() && !parsed.has("exit-after-demo") {
        super::print(&demo.what_next(&folder))?;
        runtime.block_on(signal).map_err(CliError::failed)??;
    }
    demo.stop();
    runtime.shutdown_timeout(Duration::from_secs(2));
    outcome
}

/// Whether SIGINT or SIGTERM has come: what waits then stops waiting, so that the model and the folder are cleared away.
#[derive(Clone, Default)]
struct Interrupted(Arc<AtomicBool>);

/// What a shell says of a command that SIGINT has ended.
const EXIT_INTERRUPTED: i32 = 130;

impl Interrupted {
    async fn watch(self) -> Result<(), CliError> {
        stage_process::wait_for_signal().await?;
        self.0.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Ends a wait that the user has ended, or that lasts too long.
    fn check(&self, deadline: Instant, what_failed: &str) -> Result<(), CliError> {
        if self.0.load(Ordering::Relaxed) {
            return Err(CliError::Code(EXIT_INTERRUPTED));
        }
        if Instant::now() > deadline {
            return Err(CliError::Failed(what_failed.to_owned()));
        }
        Ok(())
    }
}

/// Where everything is, absolute.
struct DemoFolder {
    path: PathBuf,
    is_temporary: bool,
}

impl DemoFolder {
    /// Writes the files that are not there yet, so that a folder that is used again keeps its edits.
    fn lay_out(given: Option<&str>) -> Result<Self, CliError> {
        let path = match given {
            Some(given) => PathBuf::from(given),
            None => std::env::temp_dir().join(format!("alidade-quickstart-{}", std::process::id())),
        };
        fs::create_dir_all(&path).map_err(|error| CliError::file(&path, error))?;
        let path = path
            .canonicalize()
            .map_err(|error| CliError::file(&path, error))?;
        let folder = DemoFolder {
            path,
            is_temporary: given.is_none(),
        };
        for (name, text) in FILES {
            folder.write_new(name, text)?;
        }
        Ok(folder)
    }

    fn write_new(&self, name: &str, text: &str) -> Result<(), CliError> {
        let path = self.path.join(name);
        if path.exists() {
            return Ok(());
        }
        let parent = path.parent().unwrap_or(&self.path);
        fs::create_dir_all(parent).map_err(|error| CliError::file(parent, error))?;
        fs::write(&path, text).map_err(|error| CliError::file(&path, error))?;
        if name.ends_with(".sh") {
            let executable = fs::Permissions::from_mode(0o755);
            fs::set_permissions(&path, executable).map_err(|error| CliError::file(&path, error))?;
        }
        Ok(())
    }

    fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for DemoFolder {
    fn drop(&mut self) {
        if self.is_temporary {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Everything that runs.
struct Demo {
    broker: EmbeddedBroker,
    pipeline: Pipeline,
    index: Arc<LocalIndex>,
    services: Services,
    stop_models: watch::Sender<ModelShutdown>,
    models: std::thread::JoinHandle<()>,
    http: std::net::SocketAddr,
}

impl Demo {
    fn start(
        folder: &DemoFolder,
        http: Option<&str>,
        interrupted: &Interrupted,
        runtime: &Runtime,
    ) -> Result<Self, CliError> {
        let address = stage_process::free_address(http.unwrap_or("127.0.0.1:0"))?;
        let metrics = alidade_pipeline::http::install_metrics().map_err(CliError::failed)?;
        let broker =
            EmbeddedBroker::start(&[SENSOR, ENRICHMENTS, INDEXING]).map_err(CliError::failed)?;
        let registry: Arc<dyn Registry> = Arc::new(MemoryRegistry::new());
        let (stop_models, stopping) = watch::channel(ModelShutdown::No);
        let models = start_models(folder, Arc::clone(&registry), stopping, runtime)?;
        let index = Arc::new(
            LocalIndex::open(&folder.join("index"), LocalIndex::CAPACITY)
                .map_err(CliError::failed)?,
        );
        let services = runtime.block_on(services(folder, &broker, registry, runtime))?;
        if let Some(refusal) = services.live.last_refusals().first() {
            return Err(CliError::problems(&refusal.problems));
        }
        wait_for_model(&services, interrupted)?;
        let pipeline = alidade_pipeline::start(&services, &stages(&index), Shutdown::default())
            .map_err(CliError::failed)?;
        let pages = stage_process::pages(metrics, pipeline.health(), services.live.clone());
        let http = runtime
            .block_on(http::serve(address, pages))
            .map_err(CliError::failed)?;
        Ok(Demo {
            broker,
            pipeline,
            index,
            services,
            stop_models,
            models,
            http,
        })
    }

    /// Sends the two lines through, and tells what came out.
    fn show(&self, folder: &DemoFolder, interrupted: &Interrupted) -> Result<String, CliError> {
        let started = Instant::now();
        produce_lines(&self.broker.address())?;
        let records = consume(
            &self.broker.address(),
            ENRICHMENTS,
            ACCESS_LOG.lines().count(),
            interrupted,
        )?;
        let documents = self.wait_for_documents(&records, interrupted)?;
        let took = started.elapsed();
        let mut text = String::new();
        let _ = writeln!(
            text,
            "Two lines of a squid access log went into the topic `{SENSOR}`:\n"
        );
        for line in ACCESS_LOG.lines() {
            let _ = writeln!(text, "  {line}");
        }
        let _ = writeln!(
            text,
            "\nThe parser stage asked the model `{MODEL}` about each domain. In the topic `{ENRICHMENTS}`:\n"
        );
        for record in &records {
            let _ = writeln!(text, "{}", readable(record));
        }
        let _ = writeln!(
            text,
            "After enrichment and triage, as documents of the index ({}):\n",
            folder.join("index").display()
        );
        for document in &documents {
            let _ = writeln!(text, "{}", readable(document));
        }
        let _ = writeln!(
            text,
            "From the first line to the last document: {:.1} s, of which the embedded broker takes three to let the consumers in.",
            took.as_secs_f64()
        );
        Ok(text)
    }

    /// The documents of the given events, once all of them are in the index.
    fn wait_for_documents(
        &self,
        events: &[Event],
        interrupted: &Interrupted,
    ) -> Result<Vec<Event>, CliError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found: Vec<Event> = events
                .iter()
                .filter_map(|event| event.get_str("guid").and_then(|guid| self.index.get(guid)))
                .map(|document| document.event.clone())
                .collect();
            if found.len() == events.len() {
                return Ok(found);
            }
            interrupted.check(deadline, "the documents did not reach the index in time")?;
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn what_next(&self, folder: &DemoFolder) -> String {
        let model = self
            .services
            .models
            .as_ref()
            .map(|(models, _)| models.get_endpoint(MODEL, None));
        let url = match &model {
            Some(alidade_event::Value::Map(endpoint)) => endpoint
                .get_str("url")
                .and_then(alidade_event::Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            _ => String::new(),
        };
        let broker = self.broker.address();
        let config = folder.join("config").display().to_string();
        let http = self.http;
        let kept = if folder.is_temporary {
            "This folder goes when the quickstart ends; --dir DIR keeps one."
        } else {
            "The folder stays when the quickstart ends."
        };
        format!(
            "\nEverything keeps running. What to try next:\n\
             \n\
             \x20 a line of your own   echo '1571163700.001 80 127.0.0.1 TCP_MISS/200 99 GET http://example.com/ - DIRECT/10.0.0.1 -' \\\n\
             \x20                        | kcat -P -b {broker} -t {SENSOR}\n\
             \x20 see it come out      kcat -C -b {broker} -t {ENRICHMENTS} -o beginning\n\
             \x20 change a rule        edit {config}/enrichments/squid.json\n\
             \x20                        (taken up within a second; a mistake is refused with its line, see /config)\n\
             \x20 ask the model        curl '{url}/apply?host=caseystella.com'\n\
             \x20 look inside          curl http://{http}/metrics   or   /health   or   /config\n\
             \n\
             {kept} Ctrl-C ends it.\n"
        )
    }

    fn stop(self) {
        self.pipeline.stop();
        let _ = self.stop_models.send(ModelShutdown::StopModels);
        let _ = self.models.join();
    }
}

fn start_models(
    folder: &DemoFolder,
    registry: Arc<dyn Registry>,
    stopping: watch::Receiver<ModelShutdown>,
    runtime: &Runtime,
) -> Result<std::thread::JoinHandle<()>, CliError> {
    if std::process::Command::new("python3")
        .arg("--version")
        .output()
        .is_err()
    {
        return Err(CliError::Failed(
            "the quickstart's model is a Python program, and there is no python3; please install it".to_owned(),
        ));
    }
    let mut options = LocalOptions::new(folder.join("models"), folder.join("work"));
    "127.0.0.1".clone_into(&mut options.host);
    let request = ModelRequest::add(MODEL, "1.0", 1, 512, MODEL);
    let config = ServiceConfig {
        drain: Duration::from_millis(50),
        ..ServiceConfig::default()
    };
    let entered = runtime.enter();
    let launcher = LocalProcesses::new(options, &config, Arc::clone(&registry));
    let launcher = Arc::new(launcher.map_err(CliError::failed)?);
    drop(entered);
    runtime
        .block_on(registry.enqueue(&request))
        .map_err(CliError::failed)?;
    let runtime = runtime.handle().clone();
    Ok(std::thread::spawn(move || {
        let served = alidade_maas_service::serve(config, launcher, registry, stopping);
        if let Err(error) = runtime.block_on(served) {
            tracing::error!(%error, "the service that runs models has ended");
        }
    }))
}

async fn services(
    folder: &DemoFolder,
    broker: &EmbeddedBroker,
    registry: Arc<dyn Registry>,
    runtime: &Runtime,
) -> Result<Services, CliError> {
    let library = Library::metron();
    let compiler = stage_process::compiler(&library, None);
    let store = Arc::new(FolderStore::new(folder.join("config")));
    let live = Live::start(store, LiveOptions::new(compiler))
        .await
        .map_err(CliError::failed)?;
    let databases = Databases::follow(&live, runtime.handle()).await;
    Ok(Services {
        live,
        library,
        kafka: KafkaSettings {
            brokers: broker.address(),
            ..KafkaSettings::default()
        },
        models: Some(stage_process::model_access(registry, runtime).await?),
        rest: RestClient::new(runtime.handle().clone()),
        databases,
        runtime: runtime.handle().clone(),
    })
}

fn wait_for_model(services: &Services, interrupted: &Interrupted) -> Result<(), CliError> {
    let Some((models, _)) = &services.models else {
        return Ok(());
    };
    let deadline = Instant::now() + PATIENCE;
    while models.get_endpoint(MODEL, None).is_null() {
        interrupted.check(
            deadline,
            "the mock model did not start; is python3 in order?",
        )?;
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn stages(index: &Arc<LocalIndex>) -> Vec<StageSpec> {
    let index = Arc::clone(index);
    vec![
        StageSpec::Parser(ParserSpec {
            sensor: SENSOR.to_owned(),
            workers: None,
            output_topic: None,
            spout_config: None,
        }),
        StageSpec::Enrichment { workers: 1 },
        StageSpec::Indexing(IndexingSpec {
            store: "local",
            group: "indexing-ra".to_owned(),
            make_writer: Arc::new(move |global| {
                let writer = LocalWriter::new(Arc::clone(&index), global.elasticsearch.date_format);
                Box::pin(async move { Ok(Box::new(writer) as Box<dyn Writer>) })
            }),
        }),
    ]
}

fn produce_lines(broker: &str) -> Result<(), CliError> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", broker)
        .create()
        .map_err(CliError::failed)?;
    for line in ACCESS_LOG.lines() {
        let record = BaseRecord::<(), str>::to(SENSOR).payload(line);
        producer
            .send(record)
            .map_err(|(error, _)| CliError::failed(error))?;
    }
    producer.flush(PATIENCE).map_err(CliError::failed)
}

/// The first records of a topic, as events.
fn consume(
    broker: &str,
    topic: &str,
    wanted: usize,
    interrupted: &Interrupted,
) -> Result<Vec<Event>, CliError> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker)
        .set("group.id", "quickstart")
        .set("auto.offset.reset", "earliest")
        .set("enable.auto.commit", "false")
        .create()
        .map_err(CliError::failed)?;
    consumer.subscribe(&[topic]).map_err(CliError::failed)?;
    let deadline = Instant::now() + PATIENCE;
    let mut events = Vec::new();
    while events.len() < wanted {
        interrupted.check(
            deadline,
            &format!("the records did not reach the topic {topic} in time"),
        )?;
        let Some(Ok(record)) = consumer.poll(Duration::from_millis(50)) else {
            continue;
        };
        let payload = record.payload().unwrap_or_default();
        events.push(Event::read_json(payload, NumberStyle::Simple).map_err(CliError::failed)?);
    }
    Ok(events)
}

/// An event with one field a line.
fn readable(event: &Event) -> String {
    let widest = event.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in event.iter() {
        // The escaped slashes of the wire form only get in the way here.
        let _ = writeln!(
            text,
            "  {name:<widest$}  {}",
            value.to_json().replace("\\/", "/")
        );
    }
    text
}
