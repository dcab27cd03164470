//! KAFKA_TAIL: the messages that arrive from now on.

use alidade_stellar::HostCall;

use super::properties::Properties;
use super::reader::{Kept, Reader};
use super::{Outcome, count, topic};
use crate::Services;

pub(super) fn tail(call: &mut dyn HostCall, services: &Services) -> Outcome {
    let topic = topic(call)?;
    let count = count(call, 1)?;
    let properties = Properties::gather(call, 2, services)?;
    let mut reader = Reader::open(&properties, topic)?;
    let partitions = reader.partitions()?;
    let mut kept = Kept::new(count, properties.view);
    let start = reader.ends(&partitions)?;
    reader.read(start, &mut |record| kept.keep(record))?;
    Ok(kept.shown())
}
