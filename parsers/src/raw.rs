//! From a record to the message that is parsed, and to what is known about it besides.

use std::borrow::Cow;

use alidade_event::{Event, FieldName, Value, field};
use alidade_stellar::{ConfigProblem, config_code};

use crate::charset::utf8;
use crate::config::{RawMessageStrategy, SensorParserConfig};
use crate::json;
use crate::lenient::plain_text;
use crate::sensor::Record;

const DEFAULT_PREFIX: &str = "metron.metadata";

/// How records are opened.
#[derive(Debug)]
pub(crate) struct RawReader {
    strategy: RawMessageStrategy,
    /// Stands before the names of metadata, its dot included; may be empty.
    prefix: String,
    message_field: String,
    reads_metadata: bool,
    merges_metadata: bool,
}

/// An opened record.
pub(crate) struct Opened<'r> {
    pub message: Cow<'r, [u8]>,
    pub metadata: Event,
}

impl RawReader {
    pub fn compile(config: &SensorParserConfig) -> Result<Self, ConfigProblem> {
        let settings = &config.raw_message_strategy_config;
        let prefix = match settings.get("metadataPrefix") {
            None | Some(serde_json::Value::Null) => DEFAULT_PREFIX.to_owned(),
            Some(prefix) => plain_text(prefix),
        };
        let message_field = settings
            .get("messageField")
            .filter(|name| !name.is_null())
            .map(plain_text);
        if config.raw_message_strategy == RawMessageStrategy::Envelope && message_field.is_none() {
            return Err(ConfigProblem::new(
                "/rawMessageStrategyConfig/messageField",
                "the ENVELOPE strategy needs the name of the field that holds the message",
            )
            .with_code(config_code::MISSING_KEY)
            .with_help("for example \"messageField\": \"data\""));
        }
        Ok(RawReader {
            strategy: config.raw_message_strategy,
            prefix: if prefix.is_empty() {
                prefix
            } else {
                format!("{prefix}.")
            },
            message_field: message_field.unwrap_or_default(),
            reads_metadata: config.reads_metadata(),
            merges_metadata: config.merges_metadata(),
        })
    }

    /// Finds message and metadata of a record.
    ///
    /// # Errors
    /// Why the record cannot be opened.
    pub fn open<'r>(&self, record: &Record<'r>) -> Result<Opened<'r>, String> {
        let mut metadata = Event::new();
        if self.reads_metadata {
            self.read_key(record, &mut metadata)?;
        }
        if self.strategy == RawMessageStrategy::Default {
            return Ok(Opened {
                message: Cow::Borrowed(record.value),
                metadata,
            });
        }
        let text = utf8(record.value);
        let envelope = json::read_event(&text, json::JACKSON)
            .map_err(|reason| format!("Expected a JSON Map as the envelope. ({reason})"))?;
        let mut message = None;
        for (name, value) in envelope {
            if name == self.message_field {
                message = Some(value);
            } else if self.reads_metadata {
                metadata.set(self.prefixed(&name), value);
            }
        }
        match message {
            Some(Value::Str(text)) => Ok(Opened {
                message: Cow::Owned(text.as_bytes().to_vec()),
                metadata,
            }),
            None | Some(Value::Null) => {
                Err(format!("the envelope has no field {}", self.message_field))
            }
            Some(other) => Err(format!(
                "field {} of the envelope holds a {}, not text",
                self.message_field,
                other.type_name()
            )),
        }
    }

    fn prefixed(&self, name: &str) -> FieldName {
        if self.prefix.is_empty() {
            return FieldName::new(name);
        }
        FieldName::from(format!("{}{name}", self.prefix))
    }

    fn read_key(&self, record: &Record<'_>, metadata: &mut Event) -> Result<(), String> {
        if !record.topic.is_empty() {
            metadata.set(self.prefixed("topic"), record.topic);
        }
        let key = utf8(record.key.unwrap_or_default());
        if key.trim().is_empty() {
            return Ok(());
        }
        let entries = json::read_event(&key, json::JACKSON)
            .map_err(|reason| format!("Unable to parse metadata; expected JSON Map: {reason}"))?;
        for (name, value) in entries {
            metadata.set(self.prefixed(&name), value);
        }
        Ok(())
    }

    /// Gives an event the metadata that belong in it.
    pub fn merge(&self, event: &mut Event, metadata: &Event) {
        if metadata.is_empty() {
            return;
        }
        if self.strategy == RawMessageStrategy::Envelope {
            // The text that the whole chain started from wins over this parser's part of it.
            let original = metadata.get_str(&self.prefixed(field::ORIGINAL_STRING));
            if let Some(original) = original.filter(|text| !text.is_empty()) {
                event.set(field::ORIGINAL_STRING, original);
            }
        }
        if !self.merges_metadata {
            return;
        }
        for (name, value) in metadata.iter() {
            if self.strategy == RawMessageStrategy::Envelope && event.contains(name) {
                continue;
            }
            event.set(name.clone(), value.clone());
        }
    }

    /// Whether records bring names of their own, as fields or as variables of transformations.
    pub fn reads_names(&self) -> bool {
        self.reads_metadata || self.strategy == RawMessageStrategy::Envelope
    }

    /// Whether metadata are fields of the event, so that transformations find them there.
    pub fn merges(&self) -> bool {
        self.merges_metadata
    }
}
