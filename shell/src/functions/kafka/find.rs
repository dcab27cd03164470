//! KAFKA_FIND: the messages that arrive from now on and satisfy a condition.

use std::ops::ControlFlow;

use alidade_event::{NumberStyle, Value};
use alidade_stellar::{EvalError, HostCall};

use super::properties::Properties;
use super::reader::{Kept, Reader};
use super::view::Record;
use super::{Outcome, count, topic};
use crate::Services;

pub(super) fn find(call: &mut dyn HostCall, services: &Services) -> Outcome {
    let topic = topic(call)?;
    let condition = call.argument(1).clone();
    let count = count(call, 2)?;
    let properties = Properties::gather(call, 3, services)?;
    let mut reader = Reader::open(&properties, topic)?;
    let partitions = reader.partitions()?;
    let mut kept = Kept::new(count, properties.view);
    let start = reader.ends(&partitions)?;
    reader.read(
        start,
        &mut |record| match satisfies(call, &condition, &record)? {
            true => kept.keep(record),
            false => Ok(ControlFlow::Continue(())),
        },
    )?;
    Ok(kept.shown())
}

/// A message that is no JSON object satisfies nothing.
fn satisfies(
    call: &mut dyn HostCall,
    condition: &Value,
    record: &Record,
) -> Result<bool, EvalError> {
    let Some(message) = record.value.as_deref().and_then(to_map) else {
        let Record {
            topic,
            partition,
            offset,
            ..
        } = record;
        tracing::debug!("message {offset} of {topic}-{partition} is no JSON object");
        return Ok(false);
    };
    match call.invoke(condition, vec![message])? {
        Value::Bool(truth) => Ok(truth),
        other => {
            tracing::debug!("the condition gives {}, not a boolean", other.type_name());
            Ok(false)
        }
    }
}

fn to_map(text: &str) -> Option<Value> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    json.is_object()
        .then(|| Value::from_serde(&json, NumberStyle::Jackson))
}
