use std::cmp::Ordering;

use crate::convert::{to_bool, to_double, to_float, to_int, to_long};
use crate::library::function::members;
use crate::library::prelude::*;
use crate::library::stats::Statistics;
use crate::operators::order;
use crate::text::text;

const VALUES: Parameter = required(
    "values",
    "A list or set of values that have an order, or statistics.",
)
.of_present(Types::LIST.or(Types::SET).or(Types::OBJECT));

pub(super) const MAX: Function = Function::new(
    "MAX",
    "The greatest of the values. Nulls are left out.",
    &[VALUES],
    "the value; null when there is none",
    |call| extremum(call, Ordering::Greater, Statistics::max),
)
.gives(
    Types::BOOLEAN
        .or(Types::NUMBER)
        .or(Types::TEXT)
        .or(Types::NULL),
)
.examples(&[
    ("MAX([15, 15.9])", "15.9"),
    ("MAX(['23', 25])", "25"),
    ("MAX([null, 2, null])", "2"),
    ("MAX([])", "null"),
]);

pub(super) const MIN: Function = Function::new(
    "MIN",
    "The least of the values. Nulls are left out.",
    &[VALUES],
    "the value; null when there is none",
    |call| extremum(call, Ordering::Less, Statistics::min),
)
.gives(
    Types::BOOLEAN
        .or(Types::NUMBER)
        .or(Types::TEXT)
        .or(Types::NULL),
)
.examples(&[("MIN([3, 1, 2])", "1"), ("MIN(['b', 'a'])", "\"a\"")]);

fn extremum(call: &mut Call, wanted: Ordering, of: fn(&Statistics) -> f64) -> Outcome {
    if let Some(statistics) = Statistics::of(call.get(0)) {
        return Ok(Value::Double(of(statistics)));
    }
    let Some(values) = members(call.get(0)) else {
        return call.wrong(0, "a list, a set or statistics");
    };
    let mut best: Option<Value> = None;
    for value in values.into_iter().filter(|value| !value.is_null()) {
        let Some(current) = &best else {
            // A value without an order is refused even if it is alone.
            if ordering(&value, &value).is_none() {
                return call.fail("the values must be numbers, texts or booleans");
            }
            best = Some(value);
            continue;
        };
        match ordering(&value, current) {
            Some(found) if found == wanted => best = Some(value),
            Some(_) => {}
            None => {
                return call.fail(format_args!(
                    "{} and {} have no order",
                    crate::operators::described(current),
                    crate::operators::described(&value)
                ));
            }
        }
    }
    Ok(best.unwrap_or(Value::Null))
}

/// The order of two values: of numbers by their value, else after the right one has been converted to the type of the left.
fn ordering(value: &Value, current: &Value) -> Option<Ordering> {
    if value.is_number() && current.is_number() {
        return order(value, current)?.or_else(|| {
            // NaN is greater than everything, as in Java's `Double.compare`.
            let is_nan = |value: &Value| value.as_f64().is_some_and(f64::is_nan);
            Some(is_nan(value).cmp(&is_nan(current)))
        });
    }
    let converted = match value {
        Value::Str(_) => Value::Str(text(current).ok()?),
        Value::Bool(_) => Value::Bool(to_bool(current)?),
        Value::Int(_) => Value::Int(to_int(current)?),
        Value::Long(_) => Value::Long(to_long(current)?),
        Value::Float(_) => Value::Float(to_float(current)?),
        Value::Double(_) => Value::Double(to_double(current)?),
        _ => return None,
    };
    order(value, &converted)?
}
