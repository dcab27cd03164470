use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use alidade_config::{Store, ZooKeeperStore};
use alidade_event::{Event, NumberStyle, Value};
use alidade_parsers::BuiltInPatterns;
use alidade_shell::{Services, install};
use alidade_stellar::{Context, EvalError, Library, NoRemote, compile};
use alidade_testkit::{Hdfs, Kafka, ZooKeeper};
use tokio::runtime::Runtime;

/// Servers, and the language with the functions that use them.
pub struct Bench {
    library: Library,
    pub runtime: Runtime,
    pub zookeeper: ZooKeeper,
    pub kafka: Kafka,
    pub hdfs: Hdfs,
}

impl Bench {
    pub fn start() -> Bench {
        let (zookeeper, kafka, hdfs) = std::thread::scope(|scope| {
            let kafka = scope.spawn(|| Kafka::start().unwrap());
            let hdfs = scope.spawn(|| Hdfs::start().unwrap());
            let zookeeper = ZooKeeper::start().unwrap();
            (zookeeper, kafka.join().unwrap(), hdfs.join().unwrap())
        });
        let runtime = Runtime::new().unwrap();
        let store = runtime
            .block_on(ZooKeeperStore::connect(&zookeeper.quorum()))
            .unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let services = Arc::new(Services::new(
            runtime.handle().clone(),
            Some(store),
            Arc::new(BuiltInPatterns),
        ));
        Bench {
            library: install(Library::metron(), &services),
            runtime,
            zookeeper,
            kafka,
            hdfs,
        }
    }

    /// A global configuration that names the servers, for tests that read whatever is there.
    fn global(&self) -> String {
        format!(
            r#"{{"bootstrap.servers": "{}", "auto.offset.reset": "earliest", "es.ip": "node1:9300",
                "stellar.kafka.max.wait.millis": 4000, "indexing.writer.hdfs.root": "{}/apps"}}"#,
            self.kafka.bootstrap(),
            self.hdfs.uri()
        )
    }

    pub fn try_with(&self, global: &str, expression: &str) -> Result<Value, EvalError> {
        let global: serde_json::Value = serde_json::from_str(global).unwrap();
        let global = Value::from_serde(&global, NumberStyle::Jackson);
        let program = match compile(expression, &self.library) {
            Ok(program) => program,
            Err(problems) => panic!("{expression}: {problems:?}"),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut remote = NoRemote;
        let mut context = Context::new(&global, now.as_millis() as i64, &mut remote);
        program.evaluate(&Event::default(), &mut context)
    }

    /// The value of an expression.
    #[track_caller]
    pub fn value(&self, expression: &str) -> Value {
        match self.try_with(&self.global(), expression) {
            Ok(value) => value,
            Err(error) => panic!("{expression}: {error}"),
        }
    }

    /// The value of an expression as JSON.
    #[track_caller]
    pub fn json(&self, expression: &str) -> serde_json::Value {
        serde_json::from_str(&self.value(expression).to_json()).unwrap()
    }

    #[track_caller]
    pub fn error(&self, expression: &str) -> String {
        match self.try_with(&self.global(), expression) {
            Ok(value) => panic!("{expression} gives {}", value.to_json()),
            Err(error) => error.to_string(),
        }
    }

    #[track_caller]
    pub fn text(&self, expression: &str) -> String {
        match self.value(expression) {
            Value::Str(text) => text.to_string(),
            other => panic!("{expression} gives {}", other.to_json()),
        }
    }
}
