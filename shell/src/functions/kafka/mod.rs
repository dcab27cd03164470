//! `KAFKA_*`: looking into topics, and writing to them by hand.

mod clients;
mod find;
mod get;
mod known;
mod properties;
mod put;
mod reader;
mod secrets;
mod seek;
mod tail;
mod view;

use std::sync::Arc;

use alidade_event::Str;
use alidade_stellar::{EvalError, HostCall};

use super::Bodies;
use super::arguments::{required_text, whole_number};
use super::body::{Outcome, body, fail};
use crate::Services;
use properties::Properties;

pub(super) fn bodies(services: &Arc<Services>) -> Bodies {
    type Code = fn(&mut dyn HostCall, &Services) -> Outcome;
    let codes: [(&'static str, Code); 6] = [
        ("KAFKA_FIND", find::find),
        ("KAFKA_GET", get::get),
        ("KAFKA_PROPS", props),
        ("KAFKA_PUT", put::put),
        ("KAFKA_SEEK", seek::seek),
        ("KAFKA_TAIL", tail::tail),
    ];
    codes
        .into_iter()
        .map(|(name, code)| {
            let services = Arc::clone(services);
            (name, body(move |call| code(call, &services)))
        })
        .collect()
}

/// The most messages that one call reads or writes.
const MOST_MESSAGES: i64 = 100_000;

/// The most that the messages of one call hold together, in bytes.
const MOST_BYTES: usize = 64 << 20;

fn props(call: &mut dyn HostCall, services: &Services) -> Outcome {
    Ok(Properties::gather(call, 0, services)?.shown())
}

fn topic(call: &dyn HostCall) -> Result<Str, EvalError> {
    Ok(required_text(call, 0)?.clone())
}

/// How many messages are wanted: one when it is not said.
fn count(call: &dyn HostCall, at: usize) -> Result<usize, EvalError> {
    let count = whole_number(call, at)?.unwrap_or(1);
    match usize::try_from(count) {
        Ok(wanted) if (1..=MOST_MESSAGES).contains(&count) => Ok(wanted),
        _ => fail(format!(
            "argument {} is {count}; between 1 and {MOST_MESSAGES} messages can be asked for",
            at + 1
        )),
    }
}

/// The failure of a call that would hold too much in memory.
fn too_much<T>() -> Result<T, EvalError> {
    fail(format!(
        "the messages hold more than {} MiB together; ask for fewer at a time",
        MOST_BYTES >> 20
    ))
}
