use alidade_event::{Str, Value};
use alidade_stellar::ConfigProblem;
use serde::Deserialize;

use crate::config::Section;
use crate::{IndexingError, zookeeper};

/// Upstream's keys for its Kafka writer, from a parser's `parserConfig` or from anywhere else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KafkaWriterSettings {
    /// `kafka.brokerUrl`
    pub broker_url: Option<Str>,
    /// `kafka.zkQuorum`: where brokers are looked up when no address is given.
    pub zookeeper: Option<Str>,
    /// `kafka.topic`; `enrichments` by default.
    pub topic: Str,
    /// `kafka.topicField`: the field of the event that names its topic. An event without it goes nowhere.
    pub topic_field: Option<Str>,
    /// `kafka.producerConfigs`, as far as librdkafka knows the names.
    pub producer: Vec<(String, String)>,
}

/// Settings of the Java producer that have no meaning here.
const JAVA_ONLY: [&str; 8] = [
    "key.serializer",
    "value.serializer",
    "partitioner.class",
    "interceptor.classes",
    "metric.reporters",
    "max.block.ms",
    "buffer.memory",
    "auto.include.jmx.reporter",
];

impl KafkaWriterSettings {
    /// Reads the keys, each behind `<prefix>.` if there is a prefix.
    ///
    /// # Errors
    /// Every value of a wrong kind.
    pub fn from_map(map: &Value, prefix: Option<&str>) -> Result<Self, Vec<ConfigProblem>> {
        let key = |name: &str| match prefix {
            Some(prefix) => format!("{prefix}.{name}"),
            None => name.to_owned(),
        };
        let mut problems = Vec::new();
        let mut section = Section::new(Some(map), String::new(), &mut problems);
        let filled = |text: &Str| !text.is_empty();
        let mut settings = KafkaWriterSettings {
            broker_url: section.text(&key("kafka.brokerUrl")).filter(filled),
            zookeeper: section.text(&key("kafka.zkQuorum")).filter(filled),
            topic: section
                .text(&key("kafka.topic"))
                .filter(filled)
                .unwrap_or_else(|| "enrichments".into()),
            topic_field: section.text(&key("kafka.topicField")).filter(filled),
            producer: Vec::new(),
        };
        if let Some(acks) = section.text(&key("kafka.requiredAcks")).filter(filled) {
            settings
                .producer
                .push(("acks".to_owned(), acks.to_string()));
        }
        if let Some(Value::Map(configs)) = section.get(&key("kafka.producerConfigs")) {
            for (name, value) in configs.iter() {
                let Some(name) = name.as_str().filter(|name| !JAVA_ONLY.contains(name)) else {
                    continue;
                };
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_json(), str::to_owned);
                if alidade_kafka::runs_code(name) || alidade_kafka::danger(name, &text).is_some() {
                    tracing::warn!("the Kafka property `{name}` is not applied: it could run code");
                    continue;
                }
                settings
                    .producer
                    .push((producer_name(name).to_owned(), text));
            }
        }
        if problems.is_empty() {
            return Ok(settings);
        }
        Err(problems)
    }

    pub(super) async fn brokers(&self) -> Result<String, IndexingError> {
        if let Some(brokers) = &self.broker_url {
            return Ok(brokers.to_string());
        }
        let Some(quorum) = &self.zookeeper else {
            let problem = ConfigProblem::new("/kafka.brokerUrl", "no broker is configured")
                .with_help("set kafka.brokerUrl to host:port, or kafka.zkQuorum to the quorum");
            return Err(IndexingError::Config(vec![problem]));
        };
        let ids = zookeeper::children(quorum, "/brokers/ids", true).await?;
        let addresses: Vec<String> = ids.iter().flat_map(|(_, data)| addresses(data)).collect();
        if addresses.is_empty() {
            return Err(IndexingError::Store {
                store: "ZooKeeper",
                message: format!("no broker is registered at {quorum}/brokers/ids"),
            });
        }
        Ok(addresses.join(","))
    }
}

/// librdkafka's name for a setting of the Java producer, where they differ.
fn producer_name(name: &str) -> &str {
    match name {
        "max.request.size" => "message.max.bytes",
        "delivery.timeout.ms" => "message.timeout.ms",
        "request.required.acks" => "acks",
        other => other,
    }
}

#[derive(Deserialize)]
struct Broker {
    host: Option<String>,
    port: Option<i32>,
    #[serde(default)]
    endpoints: Vec<String>,
}

/// `host` and `port` of a registration, or its endpoints.
fn addresses(registration: &[u8]) -> Vec<String> {
    let Ok(broker) = serde_json::from_slice::<Broker>(registration) else {
        return Vec::new();
    };
    if let (Some(host), Some(port)) = (broker.host, broker.port)
        && port > 0
    {
        return vec![format!("{host}:{port}")];
    }
    let endpoints = broker.endpoints.iter();
    endpoints
        .filter_map(|endpoint| endpoint.split_once("//"))
        .map(|(_, address)| address.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use alidade_event::{NumberStyle, read_value};

    use super::*;

    fn settings(json: &str, prefix: Option<&str>) -> KafkaWriterSettings {
        let map = read_value(json.as_bytes(), NumberStyle::Jackson).unwrap();
        KafkaWriterSettings::from_map(&map, prefix).unwrap()
    }

    #[test]
    fn keys_are_upstreams() {
        let found = settings(
            r#"{"kafka.brokerUrl":"a:1","kafka.topicField":"t","kafka.requiredAcks":1,
                "kafka.producerConfigs":{"key.serializer":"x","max.request.size":9,"compression.type":"lz4",
                  "plugin.library.paths":"/tmp/x.so"}}"#,
            None,
        );
        assert_eq!(found.broker_url.as_deref(), Some("a:1"));
        assert_eq!(found.topic, "enrichments");
        assert_eq!(found.topic_field.as_deref(), Some("t"));
        let expected = [
            ("acks", "1"),
            ("message.max.bytes", "9"),
            ("compression.type", "lz4"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(found.producer, expected);
        assert_eq!(
            settings(r#"{"out.kafka.topic":"x"}"#, Some("out")).topic,
            "x"
        );
    }

    #[tokio::test]
    async fn no_broker_is_a_configuration_problem() {
        let error = settings("{}", None).brokers().await.unwrap_err();
        assert!(error.to_string().contains("kafka.brokerUrl"), "{error}");
    }

    #[test]
    fn registrations_of_brokers_are_understood() {
        assert_eq!(
            addresses(br#"{"host":"a","port":9092,"endpoints":["PLAINTEXT://b:1"]}"#),
            ["a:9092"]
        );
        assert_eq!(
            addresses(br#"{"host":null,"port":-1,"endpoints":["SASL://b:1","PLAINTEXT://c:2"]}"#),
            ["b:1", "c:2"]
        );
        assert!(addresses(b"garbage").is_empty());
    }
}
