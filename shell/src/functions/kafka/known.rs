//! What a property means to librdkafka, whose names are those of the Java client but for a few.

use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

/// What becomes of a property.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A property of the client, in the client's words.
    Client { name: String, value: String },
    /// Known to the Java client, without meaning here.
    Ignored,
    /// Known to the Java client; here something else does the same.
    Replaced(&'static str),
    /// Would have the client run code.
    Forbidden,
    /// No client knows it.
    Unknown,
    /// The client refuses the value, for this reason.
    Invalid(String),
}

/// Properties of the Java client that have no meaning here.
const JAVA_ONLY: [&str; 25] = [
    "auto.include.jmx.reporter",
    "buffer.memory",
    "default.api.timeout.ms",
    "exclude.internal.topics",
    "interceptor.classes",
    "key.deserializer",
    "key.serializer",
    "max.block.ms",
    "max.poll.records",
    "metric.reporters",
    "metrics.num.samples",
    "metrics.recording.level",
    "metrics.sample.window.ms",
    "partitioner.class",
    "security.providers",
    "ssl.enabled.protocols",
    "ssl.keymanager.algorithm",
    "ssl.keystore.type",
    "ssl.protocol",
    "ssl.provider",
    "ssl.secure.random.implementation",
    "ssl.trustmanager.algorithm",
    "ssl.truststore.type",
    "value.deserializer",
    "value.serializer",
];

const CA: &str = "ssl.ca.location with a file of certificates in PEM form";

/// Properties of the Java client that must be given another way.
const REPLACED: [(&str, &str); 4] = [
    (
        "sasl.jaas.config",
        "sasl.username and sasl.password, or for Kerberos a ticket (docs/kerberos.md)",
    ),
    ("ssl.truststore.certificates", CA),
    ("ssl.truststore.location", CA),
    ("ssl.truststore.password", CA),
];

/// Names of the Java client that librdkafka spells in another way, and second names of which ours is the first: a property
/// must not be set twice.
const RENAMED: [(&str, &str); 7] = [
    ("delivery.timeout.ms", "message.timeout.ms"),
    ("max.in.flight", "max.in.flight.requests.per.connection"),
    ("max.request.size", "message.max.bytes"),
    ("metadata.broker.list", "bootstrap.servers"),
    ("receive.buffer.bytes", "socket.receive.buffer.bytes"),
    ("request.required.acks", "acks"),
    ("send.buffer.bytes", "socket.send.buffer.bytes"),
];

pub(super) fn meaning(name: &str, value: &str) -> Meaning {
    if JAVA_ONLY.contains(&name) {
        return Meaning::Ignored;
    }
    if alidade_kafka::runs_code(name) {
        return Meaning::Forbidden;
    }
    if let Some(reason) = alidade_kafka::danger(name, value) {
        return Meaning::Invalid(reason.to_owned());
    }
    if let Some((_, instead)) = REPLACED.iter().find(|(java, _)| *java == name) {
        return Meaning::Replaced(instead);
    }
    let renamed = RENAMED.iter().find(|(java, _)| *java == name);
    let value = match (name, value) {
        ("security.protocol", protocol) if protocol.eq_ignore_ascii_case("PLAINTEXTSASL") => {
            "SASL_PLAINTEXT"
        }
        ("auto.offset.reset", "none") => "error",
        (_, value) => value,
    };
    let name = renamed.map_or(name, |(_, ours)| ours);
    match ClientConfig::new().set(name, value).create_native_config() {
        Ok(_) => Meaning::Client {
            name: name.to_owned(),
            value: value.to_owned(),
        },
        Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_INVALID, reason, ..)) => {
            Meaning::Invalid(reason)
        }
        Err(_) => Meaning::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(name: &str, value: &str) -> Meaning {
        Meaning::Client {
            name: name.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn names_of_the_java_client_are_understood() {
        assert_eq!(meaning("key.deserializer", "x.Y"), Meaning::Ignored);
        assert_eq!(meaning("group.id", "a"), client("group.id", "a"));
        assert_eq!(
            meaning("max.request.size", "2000"),
            client("message.max.bytes", "2000")
        );
        assert_eq!(
            meaning("metadata.broker.list", "a:1"),
            client("bootstrap.servers", "a:1")
        );
        assert_eq!(
            meaning("security.protocol", "PLAINTEXTSASL"),
            client("security.protocol", "SASL_PLAINTEXT")
        );
        assert_eq!(
            meaning("auto.offset.reset", "none"),
            client("auto.offset.reset", "error")
        );
        assert!(matches!(
            meaning("sasl.jaas.config", "x"),
            Meaning::Replaced(_)
        ));
    }

    #[test]
    fn what_no_client_knows_is_told_from_a_bad_value() {
        assert_eq!(meaning("es.ip", "node1:9300"), Meaning::Unknown);
        assert_eq!(meaning("nul\0", "x"), Meaning::Unknown);
        assert!(matches!(
            meaning("session.timeout.ms", "soon"),
            Meaning::Invalid(_)
        ));
    }

    #[test]
    fn nothing_is_loaded() {
        for name in ["plugin.library.paths", "sasl.kerberos.kinit.cmd"] {
            assert_eq!(meaning(name, "/tmp/x.so"), Meaning::Forbidden, "{name}");
        }
        let in_a_shell = meaning("sasl.kerberos.principal", "$(id)");
        assert!(matches!(in_a_shell, Meaning::Invalid(_)), "{in_a_shell:?}");
    }
}
