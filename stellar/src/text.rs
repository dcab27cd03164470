//! The text of a value, as Java's `toString` gives it.

use std::fmt::Write;

use alidade_event::{Str, Value, write_double, write_float};

use crate::EvalError;

/// Longest text that an expression may make, in bytes.
pub(crate) const MAX_TEXT: usize = 16 << 20;

/// Most members of a list, set or map that a function makes by itself.
pub(crate) const MAX_MEMBERS: usize = 1 << 20;

/// The text of a value; null is `null`.
pub fn text(value: &Value) -> Result<Str, EvalError> {
    match value {
        Value::Str(text) => Ok(text.clone()),
        Value::Null => Ok(Str::new_static("null")),
        Value::Bool(true) => Ok(Str::new_static("true")),
        Value::Bool(false) => Ok(Str::new_static("false")),
        Value::BigInt(digits) => Ok(digits.clone()),
        other => {
            let mut out = String::new();
            write_text(other, &mut out)?;
            Ok(Str::from(out))
        }
    }
}

pub(crate) fn too_long() -> EvalError {
    EvalError::failed(format!("the text grows beyond {MAX_TEXT} bytes"))
}

pub(crate) fn write_text(value: &Value, out: &mut String) -> Result<(), EvalError> {
    if out.len() > MAX_TEXT {
        return Err(too_long());
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        // Writing to a String cannot fail.
        Value::Int(number) => drop(write!(out, "{number}")),
        Value::Long(number) => drop(write!(out, "{number}")),
        Value::BigInt(digits) => out.push_str(digits),
        Value::Float(number) => push_bytes(|bytes| write_float(*number, bytes), out),
        Value::Double(number) => push_bytes(|bytes| write_double(*number, bytes), out),
        Value::Str(text) => out.push_str(text),
        Value::List(members) => write_members(members.iter(), out)?,
        Value::Set(members) => write_members(members.iter(), out)?,
        Value::Map(map) => {
            out.push('{');
            for (at, (key, value)) in map.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_text(key, out)?;
                out.push('=');
                write_text(value, out)?;
            }
            out.push('}');
        }
        Value::Object(object) => out.push_str(&object.display()),
    }
    if out.len() > MAX_TEXT {
        return Err(too_long());
    }
    Ok(())
}

fn push_bytes(write: impl FnOnce(&mut Vec<u8>), out: &mut String) {
    let mut bytes = Vec::with_capacity(24);
    write(&mut bytes);
    out.push_str(&String::from_utf8_lossy(&bytes));
}

fn write_members<'v>(
    members: impl Iterator<Item = &'v Value>,
    out: &mut String,
) -> Result<(), EvalError> {
    out.push('[');
    for (at, member) in members.enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write_text(member, out)?;
    }
    out.push(']');
    Ok(())
}
