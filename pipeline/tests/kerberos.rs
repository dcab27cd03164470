//! The parser stage between topics of a broker that demands tickets.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alidade_config::{Compiler, FolderStore, Live, LiveOptions};
use alidade_parsers::BuiltInPatterns;
use alidade_pipeline::{
    KafkaSettings, ParserSpec, RestClient, Services, Shutdown, StageSpec, start,
};
use alidade_stellar::Library;
use alidade_testkit::{KafkaClient, Kdc, Realm, RunDir, eventually};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use tokio::runtime::Runtime;

/// Says to a run of this test that it is one of the processes below.
const PROCESS: &str = "TEST_PROCESS";
const BROKER: &str = "TEST_BROKER";
const KEYTAB: &str = "TEST_KEYTAB";
const CACHE: &str = "TEST_CACHE";

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn topics_are_read_and_written_with_a_ticket() {
    if let Ok(process) = std::env::var(PROCESS) {
        let broker = std::env::var(BROKER).unwrap();
        return match process.as_str() {
            "environment" => by_the_environment(&broker),
            "properties" => by_properties(&broker),
            _ => without_a_ticket(&broker),
        };
    }
    let kdc = Kdc::start().unwrap();
    let kafka = kdc.kafka().unwrap();
    let (broker, keytab) = (kafka.bootstrap(), kdc.keytab("metron"));
    let run = |realm: &Realm, process: &str| {
        let cache = realm.cache();
        realm.run_test(
            "topics_are_read_and_written_with_a_ticket",
            &[
                (PROCESS, process),
                (BROKER, &broker),
                (KEYTAB, keytab.to_str().unwrap()),
                (CACHE, cache.to_str().unwrap()),
            ],
        );
    };
    run(&kdc.with_ticket("metron").unwrap(), "environment");
    run(&kdc.with_keytab("metron"), "environment");
    run(&kdc.without_ticket(), "properties");
    run(&kdc.without_ticket(), "nothing");
}

/// What an operator gives: `-ksp SASL_PLAINTEXT`, and nothing else.
fn settings(broker: &str, extra: &[(&str, &str)]) -> KafkaSettings {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    KafkaSettings {
        brokers: broker.to_owned(),
        security_protocol: Some("SASL_PLAINTEXT".to_owned()),
        extra: extra.iter().map(owned).collect(),
    }
}

fn by_the_environment(broker: &str) {
    let client = KafkaClient::new(broker).kerberized();
    let run = std::process::id();
    let (input, output) = (format!("in-{run}"), format!("out-{run}"));
    client.create_topic(&input, 1).unwrap();
    client.create_topic(&output, 1).unwrap();
    // Java's client would have this; here it must not ask for a keytab.
    let spout = [("sasl.kerberos.min.time.before.relogin", "60000")];
    goes_through(settings(broker, &[]), &spout, &input, &output, || client);
}

/// librdkafka has `kinit` make a ticket; only the helper of this test then takes it from the cache.
fn by_properties(broker: &str) {
    let keytab = std::env::var(KEYTAB).unwrap();
    let cache = std::env::var(CACHE).unwrap();
    let extra = [
        ("sasl.kerberos.keytab", keytab.as_str()),
        ("sasl.kerberos.principal", "metron@EXAMPLE.TEST"),
    ];
    assert!(!Path::new(&cache).exists());
    let settings = settings(broker, &extra);
    let consumer: BaseConsumer = settings.consumer("first").create().unwrap();
    let topics = eventually(PATIENCE, || {
        let metadata = consumer.fetch_metadata(None, Duration::from_secs(2));
        metadata.map_err(|error| error.to_string())
    });
    assert!(!topics.topics().is_empty());
    assert!(Path::new(&cache).is_file());

    let client = KafkaClient::new(broker).kerberized();
    client.create_topic("in", 1).unwrap();
    client.create_topic("out", 1).unwrap();
    goes_through(settings, &[], "in", "out", || client);
}

fn goes_through(
    kafka: KafkaSettings,
    spout: &[(&str, &str)],
    input: &str,
    output: &str,
    client: impl FnOnce() -> KafkaClient,
) {
    let folder = RunDir::new("configuration").unwrap();
    let document = format!(
        r#"{{"parserClassName": "org.apache.metron.parsers.json.JSONMapParser", "sensorTopic": "{input}"}}"#
    );
    folder.write("parsers/lines.json", document).unwrap();
    let runtime = Runtime::new().unwrap();
    let library = Library::metron();
    let compiler = Compiler::new(library.clone(), Arc::new(BuiltInPatterns));
    let store = Arc::new(FolderStore::new(folder.path()));
    let live = runtime
        .block_on(Live::start(store, LiveOptions::new(compiler)))
        .unwrap();
    let services = Services {
        live,
        library,
        kafka,
        models: None,
        rest: RestClient::new(runtime.handle().clone()),
        databases: Arc::default(),
        runtime: runtime.handle().clone(),
    };
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let stage = StageSpec::Parser(ParserSpec {
        sensor: "lines".to_owned(),
        workers: None,
        output_topic: Some(output.to_owned()),
        spout_config: Some(spout.iter().map(owned).collect()),
    });
    let pipeline = start(&services, &[stage], Shutdown::default()).unwrap();
    let client = client();
    client
        .produce(input, [r#"{"a": 1}"#, r#"{"a": 2}"#])
        .unwrap();
    let records = client.consume(output, 2, PATIENCE).unwrap();
    let found: Vec<_> = records
        .iter()
        .map(|record| record.value_json()["a"].take())
        .collect();
    assert_eq!(found, [1, 2]);
    pipeline.stop();
    let group = format!("{input}_parser");
    let committed = client.committed_offsets(&group, input).unwrap();
    assert_eq!(committed.get(&0), Some(&Some(2)));
}

#[derive(Default, Clone)]
struct Complaints(Arc<Mutex<Vec<String>>>);

impl ClientContext for Complaints {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let line = format!("{level:?} {facility} {message}");
        self.0.lock().unwrap().push(line);
    }

    fn error(&self, _error: KafkaError, reason: &str) {
        self.0.lock().unwrap().push(reason.to_owned());
    }
}

impl ConsumerContext for Complaints {}

fn without_a_ticket(broker: &str) {
    let mut settings = settings(broker, &[]);
    let complaints = Complaints::default();
    let mut config = settings.consumer("nobody");
    // As the program's logs are set.
    config.set_log_level(RDKafkaLogLevel::Error);
    let consumer: BaseConsumer<Complaints> =
        config.create_with_context(complaints.clone()).unwrap();
    let is_refused = |consumer: &BaseConsumer<Complaints>| {
        let answer = consumer.fetch_metadata(None, Duration::from_secs(2));
        answer.is_err()
    };
    assert!(is_refused(&consumer));
    eventually(PATIENCE, || {
        consumer.poll(Duration::from_millis(100));
        let words = complaints.0.lock().unwrap().join("\n");
        if words.contains("No Kerberos credentials available") {
            return Ok(());
        }
        Err(words)
    });

    settings.security_protocol = None;
    let config = settings.consumer("nobody");
    let consumer = config.create_with_context(complaints).unwrap();
    assert!(is_refused(&consumer));
}
