//! The properties of a call: defaults, then the global configuration, then the argument.

use std::collections::BTreeMap;
use std::time::Duration;

use alidade_event::{Map, Value};
use alidade_stellar::{EvalError, HostCall};
use rdkafka::config::ClientConfig;

use super::known::{Meaning, meaning};
use super::secrets::{is_secret, masked};
use super::view::View;
use crate::Services;
use crate::functions::arguments::to_whole;
use crate::functions::body::{fail, wrong};

const BROKERS: &str = "bootstrap.servers";
const MAX_WAIT: &str = "stellar.kafka.max.wait.millis";
const POLL_TIMEOUT: &str = "stellar.kafka.poll.timeout";
const MESSAGE_VIEW: &str = "stellar.kafka.message.view";

/// Where upstream looks for a broker when nothing names one.
const DEFAULT_BROKER: &str = "localhost:9092";

/// The longest that a call waits for messages, in milliseconds.
const LONGEST_WAIT_MS: i64 = 600_000;

/// How long the registered brokers are asked for.
const ASK_FOR_BROKERS: Duration = Duration::from_secs(20);

/// Everything that a call of a KAFKA function is told.
#[derive(Debug)]
pub(super) struct Properties {
    all: Map,
    /// What librdkafka is told.
    client: BTreeMap<String, String>,
    /// `host:port` of the brokers, separated by commas.
    pub(super) brokers: String,
    /// How long to wait for messages.
    pub(super) max_wait: Duration,
    /// How long to wait for messages at a time.
    pub(super) poll_timeout: Duration,
    pub(super) view: View,
}

impl Properties {
    /// The properties of a call; `at` is the place of the argument with properties.
    ///
    /// # Errors
    /// When the argument is no map, or a property has a value that cannot be, or the argument holds an unknown one.
    pub(super) fn gather(
        call: &dyn HostCall,
        at: usize,
        services: &Services,
    ) -> Result<Properties, EvalError> {
        let given = match call.argument(at) {
            Value::Null => Map::new(),
            Value::Map(given) => Map::clone(given),
            _ => return wrong(call, at, "a map of Kafka properties"),
        };
        let none = Map::new();
        let global = match call.global() {
            Value::Map(global) => global,
            _ => &none,
        };
        let is_known = |map: &Map| map.get_str(BROKERS).is_some_and(|value| !value.is_null());
        let found = match is_known(&given) || is_known(global) {
            true => None,
            false => registered_brokers(services),
        };
        Properties::of(given, global, found)
    }

    fn of(given: Map, global: &Map, found: Option<String>) -> Result<Properties, EvalError> {
        let mut all = defaults(found.as_deref().unwrap_or(DEFAULT_BROKER));
        for (name, value) in global.iter().chain(given.iter()) {
            if !value.is_null() {
                all.insert(name.clone(), value.clone());
            }
        }
        let client = client_properties(&all, &given)?;
        let brokers = match client.get(BROKERS) {
            Some(brokers) if !brokers.trim().is_empty() => brokers.clone(),
            _ => {
                return fail(format!(
                    "the property `{BROKERS}` names no broker: write host:port"
                ));
            }
        };
        Ok(Properties {
            brokers,
            max_wait: wait(&all, MAX_WAIT)?,
            poll_timeout: wait(&all, POLL_TIMEOUT)?.max(Duration::from_millis(1)),
            view: view(&all)?,
            client,
            all,
        })
    }

    /// All of them, without the secrets.
    pub(super) fn shown(&self) -> Value {
        masked("", &Value::map(self.all.clone()))
    }

    /// Where a group begins that has stored no place: `earliest`, `latest` or `error`, or another word for these.
    pub(super) fn offset_reset(&self) -> &str {
        self.get("auto.offset.reset").unwrap_or("latest")
    }

    pub(super) fn group(&self) -> &str {
        self.get("group.id").unwrap_or_default()
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.client.get(name).map(String::as_str)
    }

    /// How long the cluster may take to answer a question.
    pub(super) fn patience(&self) -> Duration {
        self.max_wait
            .clamp(Duration::from_secs(3), Duration::from_secs(10))
    }

    /// A consumer that stores nothing by itself.
    pub(super) fn consumer(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("client.id", "alidade-shell")
            // As the Java client; a broker's default may differ.
            .set("isolation.level", "read_uncommitted")
            .set("queued.max.messages.kbytes", "16384")
            .set("fetch.wait.max.ms", "100");
        self.apply(&mut config);
        config
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "false");
        config
    }

    /// A producer that keeps the order and gives up after a time.
    pub(super) fn producer(&self, limit: Duration) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("client.id", "alidade-shell")
            .set("max.in.flight.requests.per.connection", "1")
            .set("message.timeout.ms", limit.as_millis().to_string())
            // A topic that the brokers do not make by then is not there.
            .set("topic.metadata.propagation.max.ms", "2000");
        self.apply(&mut config);
        config
    }

    fn apply(&self, config: &mut ClientConfig) {
        for (name, value) in &self.client {
            config.set(name, value);
        }
        alidade_kafka::complete(config);
    }
}

fn defaults(brokers: &str) -> Map {
    let mut all = Map::new();
    all.insert_str(BROKERS, Value::str(brokers));
    all.insert_str("group.id", Value::str("kafka-functions-stellar"));
    all.insert_str("auto.offset.reset", Value::str("latest"));
    all.insert_str(MAX_WAIT, Value::Int(5000));
    all.insert_str(POLL_TIMEOUT, Value::Int(500));
    all.insert_str(MESSAGE_VIEW, Value::str("simple"));
    all
}

/// What the client is told. Of the global configuration, whatever the client does not know belongs to somebody else.
fn client_properties(all: &Map, given: &Map) -> Result<BTreeMap<String, String>, EvalError> {
    let mut client = BTreeMap::new();
    let mut unknown = Vec::new();
    for (key, value) in all.iter() {
        let Some(name) = key.as_str() else {
            return fail(format!(
                "a Kafka property is named by text, not {}",
                key.to_json()
            ));
        };
        if let MAX_WAIT | POLL_TIMEOUT | MESSAGE_VIEW = name {
            continue;
        }
        let is_given = given.get(key).is_some_and(|value| !value.is_null());
        let Some(text) = text_of(value) else {
            if is_given {
                return fail(format!(
                    "the Kafka property `{name}` is {}; write text, a number, a boolean or a list of texts",
                    value.type_name()
                ));
            }
            continue;
        };
        match meaning(name, &text) {
            Meaning::Client { name, value } => {
                client.insert(name, value);
            }
            Meaning::Ignored => {}
            Meaning::Unknown if is_given => unknown.push(format!("`{name}`")),
            Meaning::Unknown => {}
            Meaning::Replaced(instead) if is_given => {
                return fail(format!(
                    "the Kafka property `{name}` has no effect here; use {instead}"
                ));
            }
            Meaning::Replaced(instead) => tracing::warn!(
                "the property `{name}` of the global configuration has no effect here; use {instead}"
            ),
            Meaning::Forbidden if is_given => {
                return fail(format!(
                    "the Kafka property `{name}` is not allowed: it runs code"
                ));
            }
            Meaning::Forbidden => tracing::warn!(
                "the property `{name}` of the global configuration is not applied: it runs code"
            ),
            Meaning::Invalid(_) if is_secret(name) => {
                return fail(format!(
                    "the Kafka property `{name}` has a value that cannot be"
                ));
            }
            Meaning::Invalid(reason) => {
                let place = match is_given {
                    true => "the argument",
                    false => "the global configuration",
                };
                return fail(format!("the Kafka property `{name}` of {place}: {reason}"));
            }
        }
    }
    match unknown.as_slice() {
        [] => Ok(client),
        [only] => fail(format!("there is no Kafka property {only}")),
        several => fail(format!(
            "there are no Kafka properties {}",
            several.join(", ")
        )),
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Str(text) => Some(text.to_string()),
        Value::Bool(_) | Value::Int(_) | Value::Long(_) => Some(value.to_json()),
        Value::Float(_) | Value::Double(_) => match to_whole(value) {
            Some(whole) => Some(whole.to_string()),
            None => Some(value.to_json()),
        },
        Value::List(members) => {
            let texts: Option<Vec<String>> = members
                .iter()
                .map(|member| member.as_str().map(str::to_owned))
                .collect();
            Some(texts?.join(","))
        }
        _ => None,
    }
}

fn wait(all: &Map, name: &str) -> Result<Duration, EvalError> {
    let value = all.get_str(name).unwrap_or(&Value::Null);
    match to_whole(value) {
        Some(millis @ 0..=LONGEST_WAIT_MS) => Ok(Duration::from_millis(millis.unsigned_abs())),
        _ => fail(format!(
            "the property `{name}` is {}; write milliseconds from 0 to {LONGEST_WAIT_MS}",
            value.to_json()
        )),
    }
}

fn view(all: &Map) -> Result<View, EvalError> {
    let value = all.get_str(MESSAGE_VIEW).unwrap_or(&Value::Null);
    match value.as_str().map(str::to_ascii_lowercase).as_deref() {
        Some("simple") => Ok(View::Simple),
        Some("rich") => Ok(View::Rich),
        _ => fail(format!(
            "the property `{MESSAGE_VIEW}` is {}; write simple or rich",
            value.to_json()
        )),
    }
}

/// The brokers that are registered where the configuration is kept, if there are any.
fn registered_brokers(services: &Services) -> Option<String> {
    let store = services.store.as_ref()?;
    let asked = services
        .runtime
        .block_on(async { tokio::time::timeout(ASK_FOR_BROKERS, store.brokers()).await });
    match asked {
        Ok(Ok(brokers)) if brokers.is_empty() => None,
        Ok(Ok(brokers)) => Some(brokers.join(",")),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the brokers are not known, {DEFAULT_BROKER} is tried");
            None
        }
        Err(_) => {
            let store = store.describe();
            tracing::warn!("{store} does not say where the brokers are, {DEFAULT_BROKER} is tried");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(members: &[(&str, Value)]) -> Map {
        let mut map = Map::new();
        for (name, value) in members {
            map.insert_str(name, value.clone());
        }
        map
    }

    fn of(given: &[(&str, Value)], global: &[(&str, Value)]) -> Result<Properties, String> {
        Properties::of(map(given), &map(global), None).map_err(|error| error.to_string())
    }

    #[test]
    fn the_argument_counts_before_the_global_configuration() {
        let global = [
            ("bootstrap.servers", Value::str("global:1")),
            ("stellar.kafka.max.wait.millis", Value::str("70")),
            ("es.ip", Value::str("node1:9300")),
            ("session.timeout.ms", Value::Int(7000)),
        ];
        let properties = of(&[], &global).unwrap();
        assert_eq!(properties.brokers, "global:1");
        assert_eq!(properties.max_wait, Duration::from_millis(70));
        assert_eq!(properties.poll_timeout, Duration::from_millis(500));
        assert_eq!(properties.view, View::Simple);
        assert_eq!(properties.get("session.timeout.ms"), Some("7000"));
        assert_eq!(properties.get("es.ip"), None);
        let Value::Map(shown) = properties.shown() else {
            panic!("no map");
        };
        assert_eq!(
            shown.get_str("es.ip").and_then(Value::as_str),
            Some("node1:9300")
        );

        let given = [
            (
                "bootstrap.servers",
                Value::list(vec![Value::str("a:1"), Value::str("b:2")]),
            ),
            ("stellar.kafka.message.view", Value::str("RICH")),
            ("value.deserializer", Value::str("a.B")),
        ];
        let properties = of(&given, &global).unwrap();
        assert_eq!(properties.brokers, "a:1,b:2");
        assert_eq!(properties.view, View::Rich);
    }

    #[test]
    fn defaults_are_upstreams() {
        let properties = of(&[], &[]).unwrap();
        assert_eq!(
            properties.shown().to_json(),
            r#"{"bootstrap.servers":"localhost:9092","group.id":"kafka-functions-stellar","auto.offset.reset":"latest","stellar.kafka.max.wait.millis":5000,"stellar.kafka.poll.timeout":500,"stellar.kafka.message.view":"simple"}"#
        );
    }

    #[test]
    fn unknown_properties_are_named() {
        let error = of(
            &[
                ("bootsrap.servers", Value::str("x")),
                ("gruop.id", Value::str("x")),
            ],
            &[],
        )
        .unwrap_err();
        assert_eq!(
            error,
            "there are no Kafka properties `bootsrap.servers`, `gruop.id`"
        );
        let error = of(&[("plugin.library.paths", Value::str("/tmp/x.so"))], &[]).unwrap_err();
        assert!(error.contains("plugin.library.paths"), "{error}");
        of(&[], &[("plugin.library.paths", Value::str("/tmp/x.so"))]).unwrap();
    }

    #[test]
    fn values_that_cannot_be_are_refused_without_secrets() {
        for (name, value) in [
            ("stellar.kafka.max.wait.millis", Value::Int(-1)),
            ("stellar.kafka.max.wait.millis", Value::Long(1 << 40)),
            ("stellar.kafka.poll.timeout", Value::str("soon")),
            ("stellar.kafka.message.view", Value::str("pretty")),
            ("session.timeout.ms", Value::str("soon")),
            ("session.timeout.ms", Value::map(Map::new())),
            ("bootstrap.servers", Value::str(" ")),
        ] {
            let error = of(&[(name, value)], &[]).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
        let given = [
            ("sasl.password", Value::str("hunter2")),
            ("sasl.username", Value::str("me")),
        ];
        let properties = of(&given, &[]).unwrap();
        assert!(!properties.shown().to_json().contains("hunter2"));
        assert_eq!(properties.get("sasl.password"), Some("hunter2"));
    }
}
