//! Events as Solr documents.

use alidade_event::{Value, field, write_string};

use crate::{Item, Pending};

/// The body of an update: an array of documents.
pub(super) fn update_body(items: &[Pending]) -> Vec<u8> {
    let size: usize = items.iter().map(|pending| pending.item.bytes + 8).sum();
    let mut body = Vec::with_capacity(size + size / 8);
    body.push(b'[');
    for (at, pending) in items.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        write_document(&pending.item, &mut body);
    }
    body.push(b']');
    body
}

/// Names stay as they are; fields without a value are left out; the guid is always there, and always the same for the
/// same record.
fn write_document(item: &Item, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"guid\":");
    write_string(&item.document_id(), out);
    for (name, value) in item.event.iter() {
        if name == field::GUID {
            continue;
        }
        let before = out.len();
        out.push(b',');
        write_string(name, out);
        out.push(b':');
        if !write_field(value, out) {
            out.truncate(before);
        }
    }
    out.push(b'}');
}

/// False when there is nothing to store.
fn write_field(value: &Value, out: &mut Vec<u8>) -> bool {
    match value {
        Value::List(members) => write_members(members.iter(), out),
        Value::Set(members) => write_members(members.iter(), out),
        single => write_single(single, out),
    }
}

fn write_members<'a>(members: impl Iterator<Item = &'a Value>, out: &mut Vec<u8>) -> bool {
    let before = out.len();
    out.push(b'[');
    let mut written = 0;
    for member in members {
        let place = out.len();
        if written > 0 {
            out.push(b',');
        }
        if write_single(member, out) {
            written += 1;
        } else {
            out.truncate(place);
        }
    }
    out.push(b']');
    if written == 0 {
        out.truncate(before);
    }
    written > 0
}

fn write_single(value: &Value, out: &mut Vec<u8>) -> bool {
    match value {
        Value::Null => false,
        Value::Double(number) if !number.is_finite() => false,
        Value::Float(number) if !number.is_finite() => false,
        // In an update, an object is a command (`{"set": ...}`) or a child document: an event must not give commands.
        Value::Map(_) | Value::List(_) | Value::Set(_) => {
            write_string(&value.to_json(), out);
            true
        }
        scalar => {
            scalar.write_json(out);
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use alidade_event::{Event, NumberStyle, Origin};

    use super::*;

    fn written(json: &str) -> String {
        let item = Item {
            event: Event::read_json(json.as_bytes(), NumberStyle::Simple).unwrap(),
            origin: Origin {
                topic: "indexing".into(),
                partition: 0,
                offset: 1,
                record_time_ms: 1,
                index: 0,
            },
            sensor: "squid".into(),
            bytes: json.len(),
        };
        let mut out = Vec::new();
        write_document(&item, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_stay_and_nulls_go() {
        assert_eq!(
            written(r#"{"source.type":"squid","a":null,"n":1,"d":2.5,"b":true,"guid":"g"}"#),
            r#"{"guid":"g","source.type":"squid","n":1,"d":2.5,"b":true}"#
        );
        assert_eq!(written(r#"{"a":null,"guid":"g"}"#), r#"{"guid":"g"}"#);
    }

    #[test]
    fn lists_are_fields_with_several_values() {
        assert_eq!(
            written(r#"{"guid":"g","l":["a",null,1],"e":[],"n":[null],"ll":[[1],{"a":1}]}"#),
            r#"{"guid":"g","l":["a",1],"ll":["[1]","{\"a\":1}"]}"#
        );
    }

    #[test]
    fn an_object_is_text_and_never_a_command() {
        assert_eq!(
            written(r#"{"guid":"g","x":{"set":null}}"#),
            r#"{"guid":"g","x":"{\"set\":null}"}"#
        );
    }

    #[test]
    fn a_missing_guid_comes_from_the_origin() {
        let first = written(r#"{"a":1}"#);
        assert_eq!(first, written(r#"{"a":1}"#));
        assert_eq!(first.len(), r#"{"guid":"","a":1}"#.len() + 36);
    }
}
