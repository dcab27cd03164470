//! Messages as they are shown.

use alidade_event::{Map, Str, Value};
use rdkafka::Timestamp;
use rdkafka::message::{BorrowedMessage, Message};

/// How much of a message is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// Its value alone.
    Simple,
    /// A map with its place, too.
    Rich,
}

/// A message that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    /// Text with anything that is not UTF-8 replaced; nothing for a tombstone.
    pub(super) value: Option<Str>,
    pub(super) key: Option<Str>,
    pub(super) topic: Str,
    pub(super) partition: i32,
    pub(super) offset: i64,
    /// Epoch milliseconds; -1 when the message has none.
    pub(super) timestamp: i64,
}

impl Record {
    pub(super) fn of(message: &BorrowedMessage<'_>) -> Record {
        let text = |bytes: &[u8]| Str::from(String::from_utf8_lossy(bytes).as_ref());
        Record {
            value: message.payload().map(text),
            key: message.key().map(text),
            topic: message.topic().into(),
            partition: message.partition(),
            offset: message.offset(),
            timestamp: millis(message.timestamp()),
        }
    }

    /// About what the message takes in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let length = |text: &Option<Str>| text.as_ref().map_or(0, |text| text.len());
        length(&self.value) + length(&self.key)
    }

    pub(super) fn shown(self, view: View) -> Value {
        let text = |text: Option<Str>| text.map_or(Value::Null, Value::Str);
        if view == View::Simple {
            return text(self.value);
        }
        let mut map = Map::new();
        map.insert_str("value", text(self.value));
        place(
            &mut map,
            self.topic,
            self.partition,
            self.offset,
            self.timestamp,
        );
        map.insert_str("key", text(self.key));
        Value::map(map)
    }
}

pub(super) fn millis(timestamp: Timestamp) -> i64 {
    timestamp.to_millis().unwrap_or(-1)
}

/// Where a message stands.
pub(super) fn place(map: &mut Map, topic: Str, partition: i32, offset: i64, timestamp: i64) {
    map.insert_str("topic", Value::Str(topic));
    map.insert_str("partition", Value::Int(partition));
    map.insert_str("offset", Value::Long(offset));
    map.insert_str("timestamp", Value::Long(timestamp));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_views() {
        let record = Record {
            value: Some("{}".into()),
            key: None,
            topic: "squid".into(),
            partition: 0,
            offset: 7,
            timestamp: 1,
        };
        assert_eq!(record.clone().shown(View::Simple).to_json(), r#""{}""#);
        assert_eq!(
            record.shown(View::Rich).to_json(),
            r#"{"value":"{}","topic":"squid","partition":0,"offset":7,"timestamp":1,"key":null}"#
        );
    }
}
