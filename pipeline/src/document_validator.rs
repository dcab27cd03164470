//! The part of the check of documents that the workers know of: writers and Kafka clients.

use alidade_config::{DocumentId, ExtraValidator};
use alidade_event::{NumberStyle, Value};
use alidade_indexing::GlobalIndexingSettings;
use alidade_stellar::{ConfigProblem, Library, config_code};
use serde_json::{Map, Value as Json};

use crate::indexing_configs::config_of;
use crate::kafka_settings::{Fault, SPOUT_PREFIX, fault_of, is_javas_own, librdkafka_name};
use crate::spout_entries;

/// Checks indexing documents, the keys of the global document that the writers read, and the Kafka properties of parser
/// documents, when they are loaded.
pub struct DocumentValidator {
    library: Library,
}

impl DocumentValidator {
    pub fn new(library: Library) -> Self {
        DocumentValidator { library }
    }
}

impl ExtraValidator for DocumentValidator {
    fn validate(&self, document: &DocumentId, members: &Map<String, Json>) -> Vec<ConfigProblem> {
        match document {
            DocumentId::Global => {
                let global =
                    Value::from_serde(&Json::Object(members.clone()), NumberStyle::Jackson);
                GlobalIndexingSettings::from_global(&global)
                    .err()
                    .unwrap_or_default()
            }
            DocumentId::Indexing(sensor) => {
                let defaults = GlobalIndexingSettings::default();
                config_of(members)
                    .compile(sensor, &defaults, &self.library)
                    .err()
                    .unwrap_or_default()
            }
            DocumentId::Parser(_) => kafka_problems(members),
            DocumentId::Enrichment(_) | DocumentId::Profiler => Vec::new(),
        }
    }
}

fn kafka_problems(members: &Map<String, Json>) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    if let Some(Json::Object(spout)) = members.get("spoutConfig") {
        check_properties("/spoutConfig", spout, &mut problems);
    }
    let producer = members
        .get("parserConfig")
        .and_then(|parser| parser.get("kafka.producerConfigs"));
    if let Some(Json::Object(producer)) = producer {
        let pointer = "/parserConfig/kafka.producerConfigs";
        check_properties(pointer, producer, &mut problems);
    }
    problems
}

/// Strategies with which Storm's consumer begins.
const FIRST_POLLS: [&str; 4] = [
    "EARLIEST",
    "LATEST",
    "UNCOMMITTED_EARLIEST",
    "UNCOMMITTED_LATEST",
];

fn check_properties(
    pointer: &str,
    properties: &Map<String, Json>,
    problems: &mut Vec<ConfigProblem>,
) {
    for (key, value) in spout_entries(properties) {
        let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        if key == "spout.firstPollOffsetStrategy" && !FIRST_POLLS.contains(&value.as_str()) {
            let message = format!("there is no strategy `{value}`; EARLIEST is taken");
            problems.push(
                ConfigProblem::warning(config_code::UNKNOWN_NAME, &pointer, message)
                    .with_help(format!("one of {}", FIRST_POLLS.join(", "))),
            );
        }
        if key.starts_with(SPOUT_PREFIX) || is_javas_own(&key) {
            continue;
        }
        match fault_of(&key, &value) {
            None => {}
            Some(Fault::Unknown) => {
                let message =
                    format!("the Kafka client has no property `{key}`, so that it is ignored");
                let problem =
                    ConfigProblem::warning(config_code::UNKNOWN_KAFKA_PROPERTY, &pointer, message);
                problems.push(match librdkafka_name(&key) {
                    Some(name) => problem.with_help(format!("its name is `{name}` in this client")),
                    None => problem,
                });
            }
            // The value is not shown: it may be a password.
            Some(Fault::Refused(reason)) => problems.push(
                ConfigProblem::new(
                    &pointer,
                    format!("the Kafka client refuses the value of `{key}`: {reason}"),
                )
                .with_code(config_code::BAD_KAFKA_PROPERTY),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kafka_properties_are_tried() {
        let document = json!({
            "spoutConfig": {
                "spout.firstPollOffsetStrategy": "UNCOMMITTED_EARLIEST",
                "spout.maxUncommittedOffsets": 10,
                "session.timeout.ms": 29000,
                "max.poll.records": 500,
                "key.deserializer": "org.apache.kafka.common.serialization.ByteArrayDeserializer",
            },
            "parserConfig": {"kafka.producerConfigs": {
                "batch.size": 1000, "value.serializer": "x", "request.timeout.ms": "1000",
            }},
        });
        assert_eq!(kafka_problems(document.as_object().unwrap()), []);
        let document = json!({
            "spoutConfig": {
                "spout.firstPollOffsetStrategy": "EARLY",
                "receive.buffer.bytes": 1,
                "sesion.timeout.ms": 1,
                "session.timeout.ms": "hunter2",
                "partition.assignment.strategy": "org.apache.kafka.clients.consumer.RangeAssignor",
            },
            "parserConfig": {"kafka.producerConfigs": {"acks": "some"}},
        });
        let problems = kafka_problems(document.as_object().unwrap());
        let found: Vec<(&str, &str)> = problems
            .iter()
            .map(|problem| (problem.code, problem.path.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("C104", "/spoutConfig/spout.firstPollOffsetStrategy"),
                ("C112", "/spoutConfig/receive.buffer.bytes"),
                ("C112", "/spoutConfig/sesion.timeout.ms"),
                ("C113", "/spoutConfig/session.timeout.ms"),
                ("C113", "/spoutConfig/partition.assignment.strategy"),
                ("C113", "/parserConfig/kafka.producerConfigs/acks"),
            ]
        );
        assert!(
            problems[1]
                .help
                .as_deref()
                .unwrap()
                .contains("socket.receive.buffer.bytes")
        );
        assert!(
            problems
                .iter()
                .all(|problem| !problem.message.contains("hunter2"))
        );
    }
}
