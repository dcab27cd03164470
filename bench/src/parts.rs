//! What is measured, each in a process of its own: `part NAME BROKERS IN OUT GROUP`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alidade_config::{Compiler, FolderStore, Live, LiveOptions};
use alidade_indexing::local::{LocalIndex, LocalWriter};
use alidade_maas_client::{Caller, CallerOptions, Models};
use alidade_maas_core::{Endpoint, MemoryRegistry, Registry, ServiceInstance, ServiceType};
use alidade_parsers::BuiltInPatterns;
use alidade_pipeline::{
    IndexingSpec, KafkaSettings, ParserSpec, RestClient, Services, Shutdown, StageSpec, start,
};
use alidade_stellar::Library;
use alidade_testkit::FakeModel;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tokio::runtime::Runtime;

type Failure = Box<dyn std::error::Error>;

const PARSER: &str = include_str!("../../examples/squid/config/parsers/squid.json");
const ENRICHMENT: &str = include_str!("../../examples/squid/config/enrichments/squid.json");

/// What a part is told.
struct Part<'a> {
    brokers: &'a str,
    input: &'a str,
    output: &'a str,
    group: &'a str,
}

pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let [name, brokers, input, output, group] = arguments else {
        return Err("usage: part NAME BROKERS IN OUT GROUP".into());
    };
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_env_filter("info,rdkafka=error,librdkafka=error")
        .init();
    let part = Part {
        brokers,
        input,
        output,
        group,
    };
    match name.as_str() {
        "loop" => plain_loop(&part),
        "parser" => stages(&part, false),
        "three" => stages(&part, true),
        other => Err(format!("there is no part {other}").into()),
    }
}

/// The limit: the client alone, with the settings of the stages.
fn plain_loop(part: &Part<'_>) -> Result<(), Failure> {
    let settings = KafkaSettings {
        brokers: part.brokers.to_owned(),
        ..KafkaSettings::default()
    };
    let consumer: BaseConsumer = settings.consumer(part.group).create()?;
    let producer: BaseProducer = settings.producer().create()?;
    consumer.subscribe(&[part.input])?;
    loop {
        producer.poll(Duration::ZERO);
        let mut taken = 0;
        while taken < 2_000 {
            let wait = if taken == 0 {
                Duration::from_millis(50)
            } else {
                Duration::ZERO
            };
            let Some(record) = consumer.poll(wait) else {
                break;
            };
            let record = record?;
            taken += 1;
            let mut copy = BaseRecord::<(), [u8]>::to(part.output)
                .payload(record.payload().unwrap_or_default());
            while let Err((_, returned)) = producer.send(copy) {
                copy = returned;
                producer.poll(Duration::from_millis(20));
            }
        }
        let _ = producer.in_flight_count();
    }
}

fn stages(part: &Part<'_>, all_three: bool) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    write(folder.path(), "parsers/squid.json", PARSER)?;
    write(folder.path(), "enrichments/squid.json", ENRICHMENT)?;
    let runtime = Runtime::new()?;
    let model = FakeModel::start()?;
    let services = services(&runtime, folder.path(), part, &model)?;
    let mut stages = vec![StageSpec::Parser(ParserSpec {
        sensor: "squid".to_owned(),
        workers: None,
        output_topic: (!all_three).then(|| part.output.to_owned()),
        spout_config: Some(vec![("group.id".to_owned(), part.group.to_owned())]),
    })];
    if all_three {
        let index = Arc::new(LocalIndex::in_memory(1_000));
        stages.push(StageSpec::Enrichment { workers: 1 });
        stages.push(StageSpec::Indexing(IndexingSpec {
            store: "local",
            group: "indexing-ra".to_owned(),
            make_writer: Arc::new(move |global| {
                let writer = LocalWriter::new(Arc::clone(&index), global.elasticsearch.date_format);
                Box::pin(async move { Ok(Box::new(writer) as Box<dyn alidade_indexing::Writer>) })
            }),
        }));
    }
    let _pipeline = start(&services, &stages, Shutdown::default())?;
    loop {
        std::thread::sleep(Duration::from_secs(60));
    }
}

fn services(
    runtime: &Runtime,
    folder: &Path,
    part: &Part<'_>,
    model: &FakeModel,
) -> Result<Services, Failure> {
    let parser = std::fs::read_to_string(folder.join("parsers/squid.json"))?;
    write(
        folder,
        "parsers/squid.json",
        &parser.replace(
            "\"sensorTopic\": \"squid\"",
            &format!("\"sensorTopic\": \"{}\"", part.input),
        ),
    )?;
    let registry = Arc::new(MemoryRegistry::new());
    let instance = ServiceInstance::new(
        "dga",
        "1.0",
        2,
        Endpoint::at(&model.url()),
        ServiceType::Dynamic,
        0,
    );
    runtime.block_on(registry.register(&instance))?;
    let models = Models::watch(registry, runtime.handle());
    runtime.block_on(models.ready(Duration::from_secs(10)));
    let caller = Caller::new(CallerOptions::default(), runtime.handle().clone())?;
    let library = Library::metron();
    let compiler = Compiler::new(library.clone(), Arc::new(BuiltInPatterns));
    let store = Arc::new(FolderStore::new(folder));
    let live = runtime.block_on(Live::start(store, LiveOptions::new(compiler)))?;
    if let Some(refusal) = live.last_refusals().first() {
        let texts: Vec<String> = refusal.problems.iter().map(ToString::to_string).collect();
        return Err(texts.join("\n").into());
    }
    Ok(Services {
        live,
        library,
        kafka: KafkaSettings {
            brokers: part.brokers.to_owned(),
            ..KafkaSettings::default()
        },
        models: Some((models, caller)),
        rest: RestClient::new(runtime.handle().clone()),
        databases: Arc::default(),
        runtime: runtime.handle().clone(),
    })
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, text)?;
    Ok(())
}
