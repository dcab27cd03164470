//! What the operators do with two values.

use std::borrow::Cow;
use std::cmp::Ordering;

use alidade_event::Value;

use crate::EvalError;
use crate::character::Character;
use crate::syntax::{ArithmeticOperator, Comparison};
use crate::text::text;

/// A number in the width that arithmetic happens in.
#[derive(Debug, Clone, Copy)]
enum Number {
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
}

impl Number {
    /// Null counts as 0. Whole numbers beyond 64 bits are calculated with as doubles.
    fn of(value: &Value) -> Option<Number> {
        Some(match value {
            Value::Null => Number::Int(0),
            Value::Int(number) => Number::Int(*number),
            Value::Long(number) => Number::Long(*number),
            Value::Float(number) => Number::Float(*number),
            Value::Double(number) => Number::Double(*number),
            Value::BigInt(_) => Number::Double(value.as_f64()?),
            _ => return None,
        })
    }

    fn double(self) -> f64 {
        match self {
            Number::Int(number) => f64::from(number),
            Number::Long(number) => number as f64,
            Number::Float(number) => f64::from(number),
            Number::Double(number) => number,
        }
    }

    fn float(self) -> f32 {
        match self {
            Number::Int(number) => number as f32,
            Number::Long(number) => number as f32,
            Number::Float(number) => number,
            Number::Double(number) => number as f32,
        }
    }

    fn long(self) -> i64 {
        match self {
            Number::Int(number) => i64::from(number),
            Number::Long(number) => number,
            Number::Float(number) => number as i64,
            Number::Double(number) => number as i64,
        }
    }
}

/// Two numbers in the wider of their widths.
enum Pair {
    Ints(i32, i32),
    Longs(i64, i64),
    Floats(f32, f32),
    Doubles(f64, f64),
}

fn promoted(left: Number, right: Number) -> Pair {
    match (left, right) {
        (Number::Double(_), _) | (_, Number::Double(_)) => {
            Pair::Doubles(left.double(), right.double())
        }
        (Number::Float(_), _) | (_, Number::Float(_)) => Pair::Floats(left.float(), right.float()),
        (Number::Int(left), Number::Int(right)) => Pair::Ints(left, right),
        _ => Pair::Longs(left.long(), right.long()),
    }
}

/// `left operator right`. Whole numbers wrap around, as Java's do.
pub(crate) fn arithmetic(
    operator: ArithmeticOperator,
    left: &Value,
    right: &Value,
) -> Result<Value, EvalError> {
    let (Some(a), Some(b)) = (Number::of(left), Number::of(right)) else {
        let culprit = if Number::of(left).is_none() {
            left
        } else {
            right
        };
        return Err(not_a_number(culprit));
    };
    Ok(match promoted(a, b) {
        Pair::Doubles(a, b) => Value::Double(match operator {
            ArithmeticOperator::Add => a + b,
            ArithmeticOperator::Subtract => a - b,
            ArithmeticOperator::Multiply => a * b,
            ArithmeticOperator::Divide => a / b,
        }),
        Pair::Floats(a, b) => Value::Float(match operator {
            ArithmeticOperator::Add => a + b,
            ArithmeticOperator::Subtract => a - b,
            ArithmeticOperator::Multiply => a * b,
            ArithmeticOperator::Divide => a / b,
        }),
        Pair::Longs(a, b) => Value::Long(match operator {
            ArithmeticOperator::Add => a.wrapping_add(b),
            ArithmeticOperator::Subtract => a.wrapping_sub(b),
            ArithmeticOperator::Multiply => a.wrapping_mul(b),
            ArithmeticOperator::Divide if b == 0 => return Err(by_zero()),
            ArithmeticOperator::Divide => a.wrapping_div(b),
        }),
        Pair::Ints(a, b) => Value::Int(match operator {
            ArithmeticOperator::Add => a.wrapping_add(b),
            ArithmeticOperator::Subtract => a.wrapping_sub(b),
            ArithmeticOperator::Multiply => a.wrapping_mul(b),
            ArithmeticOperator::Divide if b == 0 => return Err(by_zero()),
            ArithmeticOperator::Divide => a.wrapping_div(b),
        }),
    })
}

fn by_zero() -> EvalError {
    EvalError::failed("a whole number is divided by zero")
}

fn not_a_number(value: &Value) -> EvalError {
    EvalError::failed(format!(
        "cannot calculate with {}, only with numbers",
        described(value)
    ))
}

/// A value for a message: its type, and its text where that is short.
pub(crate) fn described(value: &Value) -> String {
    let kind = match value {
        Value::Null => return "null".to_owned(),
        Value::Bool(_) => "the boolean",
        Value::Int(_) | Value::Long(_) | Value::BigInt(_) | Value::Float(_) | Value::Double(_) => {
            "the number"
        }
        Value::Str(_) => "the text",
        Value::List(_) => return "a list".to_owned(),
        Value::Map(_) => return "a map".to_owned(),
        Value::Set(_) => return "a set".to_owned(),
        Value::Object(object) => return format!("a {}", object.type_name()),
    };
    let shown = text(value).unwrap_or_default();
    match shown.char_indices().nth(40) {
        None => format!("{kind} `{}`", shown.escape_debug()),
        Some((end, _)) => format!(
            "{kind} `{}…`",
            shown.get(..end).unwrap_or_default().escape_debug()
        ),
    }
}

/// `left operator right` for the six comparisons.
pub(crate) fn compare(
    operator: Comparison,
    left: &Value,
    right: &Value,
) -> Result<bool, EvalError> {
    // The usual comparison of numbers: no promotion is needed.
    if let (Value::Int(left), Value::Int(right)) = (left, right) {
        return Ok(satisfies(operator, left.cmp(right)));
    }
    match operator {
        Comparison::Equal => Ok(equal(left, right)),
        Comparison::NotEqual => Ok(!equal(left, right)),
        _ => ordered(operator, left, right),
    }
}

fn satisfies(operator: Comparison, ordering: Ordering) -> bool {
    match operator {
        Comparison::Equal => ordering.is_eq(),
        Comparison::NotEqual => ordering.is_ne(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
    }
}

/// `==`: numbers by value whatever their width, everything else strictly by type.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    if let (Value::Str(left), Value::Str(right)) = (left, right) {
        return left == right;
    }
    if left.is_null() || right.is_null() {
        return left.is_null() && right.is_null();
    }
    if !left.is_number() || !right.is_number() {
        return left.same(right);
    }
    if let (Value::BigInt(a), Value::BigInt(b)) = (left, right) {
        return a == b;
    }
    let (Some(a), Some(b)) = (Number::of(left), Number::of(right)) else {
        return false;
    };
    match promoted(a, b) {
        Pair::Ints(a, b) => a == b,
        Pair::Longs(a, b) => a == b,
        Pair::Floats(a, b) => a == b,
        Pair::Doubles(a, b) => a == b,
    }
}

fn ordered(operator: Comparison, left: &Value, right: &Value) -> Result<bool, EvalError> {
    if left.is_null() || right.is_null() {
        return Ok(false);
    }
    let ordering = match order(left, right) {
        Some(ordering) => ordering,
        None => {
            return Err(EvalError::failed(format!(
                "cannot order {} and {}",
                described(left),
                described(right)
            )));
        }
    };
    let Some(ordering) = ordering else {
        return Ok(false);
    };
    Ok(satisfies(operator, ordering))
}

/// The order of two values. Nothing when their types have no order; `Some(None)` when NaN is among them.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Option<Ordering>> {
    if left.is_number() && right.is_number() {
        if let (Value::BigInt(a), Value::BigInt(b)) = (left, right) {
            return Some(Some(order_digits(a, b)));
        }
        let (a, b) = (Number::of(left)?, Number::of(right)?);
        return Some(match promoted(a, b) {
            Pair::Ints(a, b) => Some(a.cmp(&b)),
            Pair::Longs(a, b) => Some(a.cmp(&b)),
            Pair::Floats(a, b) => a.partial_cmp(&b),
            Pair::Doubles(a, b) => a.partial_cmp(&b),
        });
    }
    match (left, right) {
        (Value::Str(a), Value::Str(b)) => Some(Some(order_texts(a, b))),
        (Value::Bool(a), Value::Bool(b)) => Some(Some(a.cmp(b))),
        (Value::Object(_), Value::Object(_)) => {
            Some(Some(Character::of(left)?.cmp(&Character::of(right)?)))
        }
        _ => None,
    }
}

/// By UTF-16 code units, as Java orders texts: it differs from the order of UTF-8 only beyond the basic plane.
pub(crate) fn order_texts(left: &str, right: &str) -> Ordering {
    if left.is_ascii() || right.is_ascii() {
        return left.cmp(right);
    }
    left.encode_utf16().cmp(right.encode_utf16())
}

fn order_digits(left: &str, right: &str) -> Ordering {
    match (left.strip_prefix('-'), right.strip_prefix('-')) {
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (None, None) => left.len().cmp(&right.len()).then_with(|| left.cmp(right)),
        (Some(left), Some(right)) => right.len().cmp(&left.len()).then_with(|| right.cmp(left)),
    }
}

/// `member in container`: substring, member of a list or set, key of a map; for everything else plain equality. Strict in
/// the width of numbers.
pub(crate) fn contains(container: &Value, member: &Value) -> bool {
    match container {
        Value::Null => false,
        Value::Str(text) => matches!(member, Value::Str(part) if text.contains(part.as_str())),
        Value::List(members) => members.iter().any(|found| found.same(member)),
        Value::Set(members) => members.contains(member),
        Value::Map(map) => map.contains_key(member),
        other => other.same(member),
    }
}

/// The text of a value without copying a text.
pub(crate) fn borrowed_text(value: &Value) -> Result<Cow<'_, str>, EvalError> {
    match value {
        Value::Str(text) => Ok(Cow::Borrowed(text)),
        other => text(other).map(|text| Cow::Owned(text.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_beyond_64_bits_have_an_order() {
        let big = |digits: &str| Value::BigInt(digits.into());
        let less = |a: &Value, b: &Value| order(a, b) == Some(Some(Ordering::Less));
        assert!(less(
            &big("18446744073709551615"),
            &big("18446744073709551616")
        ));
        assert!(less(
            &big("-18446744073709551616"),
            &big("18446744073709551615")
        ));
        assert!(less(
            &big("-18446744073709551616"),
            &big("-18446744073709551615")
        ));
        assert!(less(&Value::Int(1), &big("18446744073709551616")));
    }

    #[test]
    fn texts_are_ordered_by_utf16_units() {
        assert_eq!(order_texts("\u{ffff}", "\u{10000}"), Ordering::Greater);
        assert_eq!(order_texts("a", "\u{10000}"), Ordering::Less);
    }
}
