//! Settings of the Kafka clients: our defaults, then what the configuration says.

use rdkafka::config::ClientConfig;

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
            _ if key.starts_with("spout.") => ignored.push(key.to_owned()),
            "key.deserializer" | "value.deserializer" | "max.poll.records" => {
                ignored.push(key.to_owned())
            }
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
        assert_eq!(ignored, ["spout.maxUncommittedOffsets"]);
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
