//! KAFKA_GET: the next messages of a topic.

use alidade_stellar::HostCall;

use super::properties::Properties;
use super::reader::{Kept, Reader};
use super::{Outcome, count, topic};
use crate::Services;

/// Goes on where the group has stopped last time.
pub(super) fn get(call: &mut dyn HostCall, services: &Services) -> Outcome {
    let topic = topic(call)?;
    let count = count(call, 1)?;
    let properties = Properties::gather(call, 2, services)?;
    let mut reader = Reader::open(&properties, topic)?;
    let partitions = reader.partitions()?;
    let mut kept = Kept::new(count, properties.view);
    if partitions.ids.is_empty() {
        return Ok(kept.shown());
    }
    let start = reader.stored(&partitions)?;
    let end = reader.read(start, &mut |record| kept.keep(record))?;
    reader.store(&end)?;
    Ok(kept.shown())
}
