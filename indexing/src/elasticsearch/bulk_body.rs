//! The body of a bulk request, written straight from the events.

use alidade_event::write_string;

use super::document_type;
use crate::{Batch, DateFormat};

/// Two lines per item: what to do, and the document.
pub(super) fn bulk_body(batch: &Batch<'_>, is_typed: bool, dates: &DateFormat) -> Vec<u8> {
    let size: usize = batch
        .items
        .iter()
        .map(|pending| pending.item.bytes + super::ACTION_LINE)
        .sum();
    let mut body = Vec::with_capacity(size + size / 8);
    let mut action = Vec::new();
    let mut action_time = None;
    for pending in batch.items {
        let time_ms = batch.settings.index_time_ms(pending);
        if action_time != Some(time_ms) {
            action = action_start(batch, is_typed, &batch.settings.index_name(time_ms, dates));
            action_time = Some(time_ms);
        }
        body.extend_from_slice(&action);
        if batch.settings.set_document_id {
            body.extend_from_slice(b",\"_id\":");
            write_string(&pending.item.document_id(), &mut body);
        }
        body.extend_from_slice(b"}}\n");
        batch
            .settings
            .field_names
            .write_document(&pending.item.event, &mut body);
        body.push(b'\n');
    }
    body
}

/// The action line up to the document id.
fn action_start(batch: &Batch<'_>, is_typed: bool, index: &str) -> Vec<u8> {
    let mut action = Vec::with_capacity(super::ACTION_LINE);
    action.extend_from_slice(b"{\"index\":{\"_index\":");
    write_string(index, &mut action);
    if is_typed {
        action.extend_from_slice(b",\"_type\":");
        write_string(&document_type(batch.sensor), &mut action);
    }
    action
}
