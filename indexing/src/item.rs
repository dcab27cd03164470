use alidade_event::{ErrorRecord, ErrorType, Event, NumberStyle, Origin, RawMessage, Str, field};

/// One event on its way to a store.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    pub event: Event,
    /// The record of the consumed topic; given back in the item's completion.
    pub origin: Origin,
    /// The event's `source.type`.
    pub sensor: Str,
    /// Roughly the event's size as JSON: what it counts for in the memory limits and in the size of a request.
    pub bytes: usize,
}

/// What a record without a usable `source.type` is filed under, as upstream writes it.
const NO_SENSOR: &str = "null";

impl Item {
    /// Reads a record of the indexing topic.
    ///
    /// # Errors
    /// The error record to send in its place when the value is not a JSON object or names no sensor.
    pub fn read(value: &[u8], origin: Origin) -> Result<Item, Box<ErrorRecord>> {
        let event = match Event::read_json(value, NumberStyle::Simple) {
            Ok(event) => event,
            Err(error) => {
                let record = refusal(format!("the message is not a JSON object: {error}"), origin)
                    .with_raw(RawMessage::Bytes(value.to_vec()));
                return Err(Box::new(record));
            }
        };
        let sensor = match event.get(field::SOURCE_TYPE) {
            Some(alidade_event::Value::Str(sensor)) if !sensor.is_empty() => sensor.clone(),
            _ => {
                let record = refusal("the message has no `source.type`".to_owned(), origin)
                    .with_raw(RawMessage::Event(event));
                return Err(Box::new(record));
            }
        };
        Ok(Item {
            event,
            origin,
            sensor,
            bytes: value.len(),
        })
    }

    /// The item's document id: the event's guid, or one that its origin gives, where the event has none that a store
    /// accepts. Elasticsearch refuses a whole request for one id that is empty or longer than 512 bytes.
    pub fn document_id(&self) -> Str {
        match self.event.get(field::GUID) {
            Some(alidade_event::Value::Str(guid)) if (1..=MAX_ID).contains(&guid.len()) => {
                guid.clone()
            }
            _ => self.origin.guid(),
        }
    }
}

/// Longest document id that Elasticsearch takes, in bytes.
const MAX_ID: usize = 512;

fn refusal(cause: String, origin: Origin) -> ErrorRecord {
    ErrorRecord::new(ErrorType::IndexingError, Some(NO_SENSOR.into()), cause).with_origin(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin {
            topic: "indexing".into(),
            partition: 0,
            offset: 9,
            record_time_ms: 1,
            index: 0,
        }
    }

    #[test]
    fn a_record_becomes_an_item() {
        let item = Item::read(br#"{"source.type":"squid","guid":"g","n":1}"#, origin()).unwrap();
        assert_eq!(item.sensor, "squid");
        assert_eq!(item.bytes, 40);
        assert_eq!(item.document_id(), "g");
    }

    #[test]
    fn a_record_that_is_no_event_becomes_an_error_record() {
        for (value, cause) in [
            (&b"{\"a\":"[..], "not a JSON object"),
            (b"[1]", "not a JSON object"),
            (b"\xff\xfe", "not a JSON object"),
            (br#"{"a":1}"#, "no `source.type`"),
            (br#"{"source.type":7}"#, "no `source.type`"),
            (br#"{"source.type":""}"#, "no `source.type`"),
        ] {
            let record = Item::read(value, origin()).unwrap_err();
            assert!(record.cause.as_ref().unwrap().contains(cause), "{record:?}");
            assert_eq!(record.sensor.as_deref(), Some("null"));
            assert_eq!(record.raw.len(), 1);
        }
    }

    #[test]
    fn an_unusable_guid_gives_way_to_one_from_the_origin() {
        for guid in [
            "\"\"".to_owned(),
            format!("\"{}\"", "x".repeat(513)),
            "7".to_owned(),
        ] {
            let text = format!(r#"{{"source.type":"squid","guid":{guid}}}"#);
            let item = Item::read(text.as_bytes(), origin()).unwrap();
            assert_eq!(item.document_id(), origin().guid());
        }
    }
}
