//! KAFKA_SEEK: the message at an offset.

use std::ops::ControlFlow;

use alidade_event::Value;
use alidade_stellar::{EvalError, HostCall};

use super::properties::Properties;
use super::reader::{Places, Reader};
use super::{Outcome, topic};
use crate::Services;
use crate::functions::arguments::whole_number;
use crate::functions::body::{fail, wrong};

/// Null when there is no such partition or offset. A message that is still to come is waited for.
pub(super) fn seek(call: &mut dyn HostCall, services: &Services) -> Outcome {
    let topic = topic(call)?;
    let partition = position(call, 1, i64::from(i32::MAX))?;
    let offset = position(call, 2, i64::MAX - 1)?;
    let properties = Properties::gather(call, 3, services)?;
    let mut reader = Reader::open(&properties, topic.clone())?;
    let partitions = reader.partitions()?;
    let known = partitions
        .ids
        .iter()
        .find(|&&id| i64::from(id) == partition);
    let Some(&partition) = known else {
        tracing::warn!("the topic `{topic}` has no partition {partition}");
        return Ok(Value::Null);
    };
    loop {
        let (first, end) = reader.bounds(partition)?;
        if offset < first {
            tracing::warn!("partition {partition} of `{topic}` begins at offset {first} by now");
            return Ok(Value::Null);
        }
        if offset < end {
            break;
        }
        if reader.time_is_over() {
            tracing::warn!("partition {partition} of `{topic}` ends before offset {end}");
            return Ok(Value::Null);
        }
        std::thread::sleep(
            properties
                .poll_timeout
                .min(std::time::Duration::from_millis(200)),
        );
    }
    let mut found = Value::Null;
    reader.read(Places::from([(partition, offset)]), &mut |record| {
        // An offset may hold no message; then the next one comes.
        if record.offset == offset {
            found = record.shown(properties.view);
        }
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

fn position(call: &dyn HostCall, at: usize, last: i64) -> Result<i64, EvalError> {
    match whole_number(call, at)? {
        Some(number) if (0..=last).contains(&number) => Ok(number),
        Some(number) => fail(format!(
            "argument {} is {number}; it must be from 0 to {last}",
            at + 1
        )),
        None => wrong(call, at, "a whole number"),
    }
}
