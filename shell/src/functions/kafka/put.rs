//! KAFKA_PUT: writes messages.

use std::time::{Duration, Instant};

use alidade_event::{Map, Str, Value};
use alidade_stellar::{EvalError, HostCall};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::clients::{Listener, Written, not_made};
use super::properties::Properties;
use super::view::{View, place};
use super::{MOST_BYTES, MOST_MESSAGES, Outcome, too_much, topic};
use crate::Services;
use crate::functions::body::{fail, wrong};

/// The slowest pace of writing that is waited for, in bytes a second.
const PACE: usize = 1 << 20;

pub(super) fn put(call: &mut dyn HostCall, services: &Services) -> Outcome {
    let topic = topic(call)?;
    let messages = messages(call)?;
    let properties = Properties::gather(call, 2, services)?;
    let written = match messages.is_empty() {
        true => Vec::new(),
        false => write(&properties, &topic, &messages)?,
    };
    if properties.view == View::Simple {
        let count = i32::try_from(written.len()).unwrap_or(i32::MAX);
        return Ok(Value::Int(count));
    }
    let shown = written.into_iter().map(|written| {
        let mut map = Map::new();
        let Written {
            partition,
            offset,
            timestamp,
        } = written;
        place(&mut map, topic.clone(), partition, offset, timestamp);
        Value::map(map)
    });
    Ok(Value::list(shown.collect()))
}

/// One text, or the members of a list. A null is written as a message without a value.
fn messages(call: &dyn HostCall) -> Result<Vec<Option<Str>>, EvalError> {
    let members = match call.argument(1) {
        Value::Str(text) => return Ok(vec![Some(text.clone())]),
        Value::List(members) => members,
        _ => return wrong(call, 1, "text or a list of texts"),
    };
    if members.len() > MOST_MESSAGES as usize {
        return fail(format!(
            "{} messages are too many for one call; write at most {MOST_MESSAGES} at a time",
            members.len()
        ));
    }
    let mut messages = Vec::with_capacity(members.len());
    let mut bytes = 0;
    for (at, member) in members.iter().enumerate() {
        messages.push(match member {
            Value::Str(text) => Some(text.clone()),
            Value::Null => None,
            other => {
                return fail(format!(
                    "message {} is {}, not text",
                    at + 1,
                    other.type_name()
                ));
            }
        });
        bytes += member.as_str().map_or(0, str::len);
        if bytes > MOST_BYTES {
            return too_much();
        }
    }
    Ok(messages)
}

/// Where each message stands, in order.
fn write(
    properties: &Properties,
    topic: &Str,
    messages: &[Option<Str>],
) -> Result<Vec<Written>, EvalError> {
    let bytes: usize = messages.iter().flatten().map(|text| text.len()).sum();
    let extra = Duration::from_secs((bytes / PACE) as u64);
    let limit = properties.max_wait.max(Duration::from_secs(1)) + extra;
    let producer: BaseProducer<Listener> = properties
        .producer(limit)
        .create_with_context(Listener::default())
        .map_err(|error| not_made(&error))?;
    let listener = producer.context();
    let what = format!("nothing can be written to the topic `{topic}`");
    let deadline = Instant::now() + limit;
    for (number, text) in messages.iter().enumerate() {
        let mut record = BaseRecord::<[u8], [u8], usize>::with_opaque_to(topic, number);
        record.payload = text.as_ref().map(|text| text.as_bytes());
        while let Err((error, refused)) = producer.send(record) {
            let is_full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
            if !is_full || Instant::now() >= deadline {
                return Err(listener.failure(properties, &what, &error));
            }
            producer.poll(Duration::from_millis(10));
            record = refused;
        }
        producer.poll(Duration::ZERO);
    }
    // The client gives each message up by itself; a little later there is an answer for every one.
    let flushed = producer.flush(limit + Duration::from_secs(3));
    let mut outcomes = listener.take_written();
    outcomes.sort_by_key(|(number, _)| *number);
    let mut written = Vec::with_capacity(outcomes.len());
    let mut problem = flushed.err();
    for (_, outcome) in outcomes {
        match outcome {
            Ok(place) => written.push(place),
            Err(error) => problem = Some(error),
        }
    }
    match problem {
        None => Ok(written),
        Some(error) => {
            let (lost, all) = (messages.len() - written.len(), messages.len());
            let what = format!("{lost} of {all} messages were not written to the topic `{topic}`");
            Err(listener.failure(properties, &what, &error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::call;

    fn count(messages: &str) -> Result<usize, String> {
        let mut read = Ok(Vec::new());
        call(&[r#""t""#, messages], |call| {
            read = super::messages(call);
            Ok(Value::Null)
        });
        read.map(|messages| messages.len())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn messages_are_texts() {
        assert_eq!(count(r#""one""#), Ok(1));
        assert_eq!(count(r#"["one", null, ""]"#), Ok(3));
        assert_eq!(count("[]"), Ok(0));
        for wrong in ["5", "{}", "null", "[[]]", r#"["one", 2]"#] {
            assert!(count(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_call_has_bounds() {
        let many = format!("[{}\"\"]", "\"\",".repeat(MOST_MESSAGES as usize));
        let error = count(&many).unwrap_err();
        assert!(error.contains("100001 messages are too many"), "{error}");
        let half = "x".repeat(MOST_BYTES / 2 + 1);
        let error = count(&format!(r#"["{half}", "{half}"]"#)).unwrap_err();
        assert!(error.contains("64 MiB"), "{error}");
    }
}
