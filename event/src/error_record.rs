use sha2::{Digest, Sha256};

use crate::{Event, FieldName, Origin, Str, Value, field};

/// What kind of failure an [`ErrorRecord`] tells of, in upstream's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorType {
    ParserError,
    ParserInvalid,
    EnrichmentError,
    ThreatIntelError,
    IndexingError,
    Default,
}

impl ErrorType {
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorType::ParserError => "parser_error",
            ErrorType::ParserInvalid => "parser_invalid",
            ErrorType::EnrichmentError => "enrichments_error",
            ErrorType::ThreatIntelError => "threatintel_error",
            ErrorType::IndexingError => "indexing_error",
            ErrorType::Default => "error",
        }
    }
}

/// What failed, as it stood.
#[derive(Debug, Clone, PartialEq)]
pub enum RawMessage {
    Bytes(Vec<u8>),
    Text(String),
    Event(Event),
}

impl RawMessage {
    fn text(&self) -> String {
        match self {
            RawMessage::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            RawMessage::Text(text) => text.clone(),
            RawMessage::Event(event) => event.to_json(),
        }
    }
}

/// One failure of one event: upstream's error message, written to the error topic as a flat JSON object.
///
/// Upstream: `MetronError.java`; the fields are those of `reference/parsers.md` 1.6 and `reference/indexing.md` 7.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorRecord {
    pub error_type: ErrorType,
    /// The sensor that failed; nothing when it is not known.
    pub sensor: Option<Str>,
    /// An explicit text; without it, the cause is the message.
    pub message: Option<String>,
    /// The cause. Absent for a message that is merely invalid.
    pub cause: Option<String>,
    pub raw: Vec<RawMessage>,
    /// The inputs of the validators that failed.
    pub error_fields: Vec<Str>,
    pub metadata: Vec<(FieldName, Value)>,
    /// The record it happened to; gives the error its guid, so that a replay repeats it.
    pub origin: Option<Origin>,
}

/// Most bytes of raw messages that an error record carries, and of each text that tells the cause. Longer ones are cut at a
/// character, so that the record, with every byte escaped, still fits into what a broker takes by default.
const MAX_RAW_TEXT: usize = 96 << 10;
const MAX_CAUSE_TEXT: usize = 16 << 10;

impl ErrorRecord {
    pub fn new(error_type: ErrorType, sensor: Option<Str>, cause: impl Into<String>) -> Self {
        ErrorRecord {
            error_type,
            sensor,
            message: None,
            cause: Some(cause.into()),
            raw: Vec::new(),
            error_fields: Vec::new(),
            metadata: Vec::new(),
            origin: None,
        }
    }

    pub fn with_raw(mut self, raw: RawMessage) -> Self {
        self.raw.push(raw);
        self
    }

    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// The error as the event that goes to the error topic.
    ///
    /// `now_ms` is the time of the failure (epoch milliseconds), `hostname` this host's name if it is known, and
    /// `guid` is used only where there is no origin to derive one from.
    pub fn to_event(&self, now_ms: i64, hostname: Option<&str>, fallback_guid: &str) -> Event {
        let mut event = Event::with_capacity(16);
        let guid = match &self.origin {
            Some(origin) => origin.named_guid(self.error_type.as_str()),
            None => Str::new(fallback_guid),
        };
        event.set(field::GUID, guid);
        event.set(field::SOURCE_TYPE, "error");
        event.set("error_type", self.error_type.as_str());
        event.set(
            "failed_sensor_type",
            self.sensor.as_deref().unwrap_or("error"),
        );
        event.set(field::TIMESTAMP, now_ms);
        if let Some(hostname) = hostname {
            event.set("hostname", hostname);
        }
        if let Some(text) = self.message.as_ref().or(self.cause.as_ref()) {
            event.set("message", cut(text, MAX_CAUSE_TEXT));
        }
        if let Some(cause) = &self.cause {
            let cause = Value::str(cut(cause, MAX_CAUSE_TEXT));
            event.set("exception", cause.clone());
            event.set("stack", cause);
        }
        self.put_raw(&mut event);
        if !self.error_fields.is_empty() {
            event.set("error_fields", self.error_fields.join(","));
        }
        for (name, value) in &self.metadata {
            event.set(name.clone(), value.clone());
        }
        event
    }

    fn put_raw(&self, event: &mut Event) {
        if let [only] = self.raw.as_slice() {
            event.set("raw_message", cut(&only.text(), MAX_RAW_TEXT));
            event.set("error_hash", self.hash(only));
            return;
        }
        let share = MAX_RAW_TEXT / self.raw.len().max(1);
        for (at, raw) in self.raw.iter().enumerate() {
            event.set(format!("raw_message_{at}"), cut(&raw.text(), share));
        }
    }

    /// SHA-256 of the raw bytes or text; of `name-value` pairs where validation names the fields.
    fn hash(&self, raw: &RawMessage) -> String {
        let mut hasher = Sha256::new();
        match raw {
            RawMessage::Bytes(bytes) => hasher.update(bytes),
            RawMessage::Text(text) => hasher.update(text.as_bytes()),
            RawMessage::Event(event) if self.error_fields.is_empty() => {
                hasher.update(event.to_json().as_bytes());
            }
            RawMessage::Event(event) => {
                let pairs: Vec<String> = self
                    .error_fields
                    .iter()
                    .map(|name| format!("{name}-{}", plain(event.get(name))))
                    .collect();
                hasher.update(pairs.join("|").as_bytes());
            }
        }
        hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

fn plain(value: Option<&Value>) -> String {
    match value {
        None => "null".to_owned(),
        Some(Value::Str(text)) => text.to_string(),
        Some(other) => other.to_json(),
    }
}

fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    text.get(..text.floor_char_boundary(most))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_text_is_upstreams() {
        let record = ErrorRecord::new(ErrorType::ParserError, Some("squid".into()), "no match")
            .with_raw(RawMessage::Text("raw message".to_owned()));
        let event = record.to_event(5, Some("node1"), "g");
        assert_eq!(
            event.get_str("error_hash"),
            Some("3b02cb29676bc448c69da1ec5eef7c89f4d6dc6a5a7ce0296ea25b207eea36be")
        );
        assert_eq!(event.get_str("failed_sensor_type"), Some("squid"));
        assert_eq!(event.get_str("error_type"), Some("parser_error"));
        assert_eq!(event.get_str("message"), Some("no match"));
        assert_eq!(event.get("timestamp"), Some(&Value::Long(5)));
    }

    #[test]
    fn the_hash_of_an_event_is_of_its_json() {
        let mut event = Event::new();
        event.set("value", "message1");
        let record = ErrorRecord::new(ErrorType::IndexingError, None, "refused")
            .with_raw(RawMessage::Event(event));
        assert_eq!(
            record.to_event(0, None, "g").get_str("error_hash"),
            Some("e8aaf87c8494d345aac2d612ffd94fcf0b98c975fe6c4b991e2f8280a3a0bd10")
        );
    }

    #[test]
    fn an_error_record_about_a_large_message_stays_small() {
        let large = "\u{1}ü".repeat(400_000);
        let record = ErrorRecord::new(ErrorType::ParserError, None, format!("no match: {large}"))
            .with_raw(RawMessage::Text(large));
        assert!(record.to_event(0, None, "g").to_json().len() < 1_000_000);
    }
}
