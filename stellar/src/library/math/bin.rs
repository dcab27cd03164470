use crate::convert::to_double;
use crate::library::function::members;
use crate::library::prelude::*;

pub(super) const BIN: Function = Function::new(
    "BIN",
    "The number of the bin that a value falls into.",
    &[
        required("value", "The number.").null_gives("-1"),
        optional("bounds", "The upper bounds of the bins, ascending.").null_gives("-1"),
    ],
    "the index of the first bound that is not below the value, or the number of bounds; -1 for null",
    |call| {
        let (Some(value), Some(bounds)) = (to_double(call.get(0)), members(call.get(1))) else {
            return Ok(Value::Int(-1));
        };
        let bounds: Vec<Option<f64>> = bounds.iter().map(to_double).collect();
        match bin(value, bounds.len(), &|at| bounds.get(at).copied().flatten()) {
            Ok(index) => Ok(Value::Int(index)),
            Err(reason) => call.fail(reason),
        }
    },
)
.gives(Types::INTEGER)
.examples(&[
    ("BIN(5, [1, 4, 7])", "2"),
    ("BIN(1, [1, 4, 7])", "0"),
    ("BIN(99, [1, 4, 7])", "3"),
    ("BIN(5, [])", "-1"),
    ("BIN(null, [1])", "-1"),
]);

/// The bound at an index.
pub(crate) type Bounds<'b> = dyn Fn(usize) -> Option<f64> + 'b;

/// The index of the first of `count` ascending bounds that is not below `value`.
pub(crate) fn bin(value: f64, count: usize, bounds: &Bounds<'_>) -> Result<i32, &'static str> {
    if count == 0 {
        return Ok(-1);
    }
    let mut lower = f64::NEG_INFINITY;
    for at in 0..count {
        let bound = bounds(at).ok_or("the bounds must be numbers")?;
        if lower > bound {
            return Err("the bounds must ascend");
        }
        if value <= bound {
            return Ok(i32::try_from(at).unwrap_or(i32::MAX));
        }
        lower = bound;
    }
    Ok(i32::try_from(count).unwrap_or(i32::MAX))
}
