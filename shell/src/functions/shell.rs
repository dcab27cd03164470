//! `SHELL_*`: the variables of the shell, tables, and an editor for a text.

use alidade_event::Value;
use alidade_stellar::{HostCall, conversion};

use super::Bodies;
use super::body::{Outcome, body, wrong};
use crate::table::table;

pub(super) fn bodies() -> Bodies {
    vec![("SHELL_MAP2TABLE", body(map_to_table))]
}

/// A null member is shown as `null`, where upstream fails.
fn map_to_table(call: &mut dyn HostCall) -> Outcome {
    if call.count() == 0 {
        return Ok(Value::Null);
    }
    let mut rows = Vec::new();
    match call.argument(0) {
        Value::Null => {}
        Value::Map(map) => {
            for (key, value) in map.iter() {
                rows.push(vec![
                    conversion::text(key)?.to_string(),
                    conversion::text(value)?.to_string(),
                ]);
            }
        }
        _ => return wrong(call, 0, "a map"),
    }
    Ok(Value::str(&table(&["KEY", "VALUE"], &rows)))
}
