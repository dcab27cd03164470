//! Settings of the Kafka clients: our defaults, then what the configuration says.

use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaConfRes;

/// How to reach the brokers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port` of one or more brokers, separated by commas.
    pub brokers: String,
    /// `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`; nothing for the default.
    pub security_protocol: Option<String>,
    /// Further librdkafka properties for every client, applied last.
    pub extra: Vec<(String, String)>,
}

/// Upper bound of what one consumer holds in memory ahead of the stage, in KiB.
const PREFETCH_KIB: &str = "4096";
/// Upper bound of what one producer holds in memory, in KiB.
const PRODUCER_QUEUE_KIB: &str = "16384";

impl KafkaSettings {
    fn base(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        config.set("client.id", "alidade");
        if let Some(protocol) = &self.security_protocol {
            config.set("security.protocol", normalised_protocol(protocol));
        }
        config
    }

    fn apply_extra(&self, config: &mut ClientConfig) {
        for (key, value) in &self.extra {
            config.set(key, value);
        }
    }

    /// A consumer that commits only what it is told to and starts at the earliest record where nothing is committed
    /// (upstream's `UNCOMMITTED_EARLIEST`).
    pub fn consumer(&self, group: &str) -> ClientConfig {
        let mut config = self.base();
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("topic.metadata.refresh.interval.ms", "5000")
            .set("queued.max.messages.kbytes", PREFETCH_KIB)
            .set("fetch.message.max.bytes", "2097152")
            .set("fetch.wait.max.ms", "100")
            // The pause after the prefetch is full; the default of a second would cap the rate at one prefetch a second.
            .set("fetch.queue.backoff.ms", "10")
            .set("partition.assignment.strategy", "range,roundrobin")
            .set("allow.auto.create.topics", "true");
        self.apply_extra(&mut config);
        alidade_kafka::complete(&mut config);
        config
    }

    /// A producer that loses nothing and keeps the order: idempotent, acknowledged by all replicas, and patient.
    pub fn producer(&self) -> ClientConfig {
        let mut config = self.base();
        config
            .set("enable.idempotence", "true")
            // Zero is "no limit": a broker that is away for an hour delays, it does not lose.
            .set("message.timeout.ms", "0")
            .set("linger.ms", "5")
            .set("batch.size", "262144")
            .set("queue.buffering.max.kbytes", PRODUCER_QUEUE_KIB)
            .set("queue.buffering.max.messages", "100000")
            // The broker has the last word on what is too large.
            .set("message.max.bytes", "16777216");
        self.apply_extra(&mut config);
        alidade_kafka::complete(&mut config);
        config
    }
}

/// Upstream treats `PLAINTEXTSASL` and `SASL_PLAINTEXT` as one name.
fn normalised_protocol(protocol: &str) -> &str {
    if protocol.eq_ignore_ascii_case("PLAINTEXTSASL") {
        "SASL_PLAINTEXT"
    } else {
        protocol
    }
}

/// Settings of Storm's consumer begin with this.
pub(crate) const SPOUT_PREFIX: &str = "spout.";

/// Properties of Java's client that only Java needs.
pub(crate) fn is_javas_own(key: &str) -> bool {
    key.ends_with(".serializer") || key.ends_with(".deserializer") || key == "max.poll.records"
}

/// Why the Kafka client does not take a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has no property of this name.
    Unknown,
    /// It refuses the value, for this reason.
    Refused(String),
}

/// Whether a property would have the client run code, in one way or another.
pub(crate) fn is_dangerous(key: &str, value: &str) -> bool {
    alidade_kafka::runs_code(key) || alidade_kafka::danger(key, value).is_some()
}

/// What is wrong with a property of a configuration document, if anything is. Nothing is connected to.
pub(crate) fn fault_of(key: &str, value: &str) -> Option<Fault> {
    if alidade_kafka::runs_code(key) {
        let reason = "it would run code; only the command line may ask for that".to_owned();
        return Some(Fault::Refused(reason));
    }
    if let Some(reason) = alidade_kafka::danger(key, value) {
        return Some(Fault::Refused(reason.to_owned()));
    }
    // Told only when a consumer is made.
    const STRATEGIES: [&str; 3] = ["range", "roundrobin", "cooperative-sticky"];
    if key == "partition.assignment.strategy"
        && !value
            .split(',')
            .all(|part| STRATEGIES.contains(&part.trim()))
    {
        let reason = format!("it knows {}", STRATEGIES.join(", "));
        return Some(Fault::Refused(reason));
    }
    let mut config = ClientConfig::new();
    config.set(key, value);
    match config.create_native_config() {
        Ok(_) => None,
        Err(KafkaError::ClientConfig(RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN, ..)) => {
            Some(Fault::Unknown)
        }
        // The whole error would show the value, which may be a password.
        Err(KafkaError::ClientConfig(_, reason, ..)) => Some(Fault::Refused(reason)),
        Err(_) => Some(Fault::Refused("it cannot be set".to_owned())),
    }
}

/// librdkafka's name for a property of Java's client, where it has another one.
pub(crate) fn librdkafka_name(key: &str) -> Option<&'static str> {
    Some(match key {
        "fetch.max.wait.ms" => "fetch.wait.max.ms",
        "receive.buffer.bytes" => "socket.receive.buffer.bytes",
        "send.buffer.bytes" => "socket.send.buffer.bytes",
        "buffer.memory" => "queue.buffering.max.kbytes",
        "delivery.timeout.ms" => "message.timeout.ms",
        "max.request.size" => "message.max.bytes",
        "ssl.truststore.location" => "ssl.ca.location",
        "sasl.jaas.config" => "sasl.username and sasl.password (for Kerberos: docs/kerberos.md)",
        _ => return None,
    })
}

/// Kafka consumer properties of upstream's `spoutConfig`, in librdkafka's terms. Keys that only Storm knows are left out;
/// the second list names those that mean nothing here, so that the caller can say so.
pub fn from_spout_config<'a>(
    entries: impl Iterator<Item = (&'a str, String)>,
) -> (Vec<(String, String)>, Vec<String>) {
    let mut known = Vec::new();
    let mut ignored = Vec::new();
    for (key, value) in entries {
        match key {
            "spout.firstPollOffsetStrategy" => match value.as_str() {
                "LATEST" | "UNCOMMITTED_LATEST" => {
                    known.push(("auto.offset.reset".to_owned(), "latest".to_owned()));
                }
                _ => known.push(("auto.offset.reset".to_owned(), "earliest".to_owned())),
            },
            _ if key.starts_with(SPOUT_PREFIX) || is_javas_own(key) => ignored.push(key.to_owned()),
            // Writers of configurations do not run code here. The check of the document tells of it.
            _ if is_dangerous(key, &value) => ignored.push(key.to_owned()),
            // With a property that it does not have, no client could be made at all.
            _ if fault_of(key, &value) == Some(Fault::Unknown) => ignored.push(key.to_owned()),
            _ => known.push((key.to_owned(), value)),
        }
    }
    (known, ignored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spout_settings_become_consumer_properties() {
        let entries = [
            ("spout.firstPollOffsetStrategy", "UNCOMMITTED_LATEST"),
            ("spout.maxUncommittedOffsets", "10"),
            ("session.timeout.ms", "29000"),
            ("sesion.timeout.ms", "29000"),
            ("sasl.kerberos.kinit.cmd", "touch /tmp/x"),
            ("sasl.kerberos.service.name", "$(touch /tmp/x)"),
        ];
        let (known, ignored) = from_spout_config(
            entries
                .iter()
                .map(|(key, value)| (*key, (*value).to_owned())),
        );
        assert_eq!(
            known,
            [
                ("auto.offset.reset".to_owned(), "latest".to_owned()),
                ("session.timeout.ms".to_owned(), "29000".to_owned())
            ]
        );
        assert_eq!(
            ignored,
            [
                "spout.maxUncommittedOffsets",
                "sesion.timeout.ms",
                "sasl.kerberos.kinit.cmd",
                "sasl.kerberos.service.name"
            ]
        );
    }

    #[test]
    fn a_consumer_never_commits_by_itself() {
        let settings = KafkaSettings {
            brokers: "b:1".into(),
            ..KafkaSettings::default()
        };
        let config = settings.consumer("squid_parser");
        assert_eq!(config.get("enable.auto.commit"), Some("false"));
        assert_eq!(config.get("auto.offset.reset"), Some("earliest"));
    }
}
