//! The kinds of values, as far as they can be told without evaluating.

use std::fmt;

use alidade_event::Value;

use crate::lambda::Lambda;

/// A set of kinds of values: what an argument may be, or what an expression may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Types(u16);

impl Types {
    pub const NULL: Types = Types(1);
    pub const BOOLEAN: Types = Types(1 << 1);
    /// Whole numbers of any width.
    pub const INTEGER: Types = Types(1 << 2);
    /// Floating-point numbers of either width.
    pub const DECIMAL: Types = Types(1 << 3);
    pub const NUMBER: Types = Types(1 << 2 | 1 << 3);
    pub const TEXT: Types = Types(1 << 4);
    pub const LIST: Types = Types(1 << 5);
    pub const MAP: Types = Types(1 << 6);
    pub const SET: Types = Types(1 << 7);
    pub const LAMBDA: Types = Types(1 << 8);
    /// A value with a state of its own, such as a sketch or a filter.
    pub const OBJECT: Types = Types(1 << 9);
    pub const ANY: Types = Types((1 << 10) - 1);
    /// Of no value at all: what an expression has whose evaluation always fails.
    pub const NONE: Types = Types(0);

    /// The kinds of either.
    pub const fn or(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    /// The kinds of `self` that are not in `other`.
    pub const fn without(self, other: Types) -> Types {
        Types(self.0 & !other.0)
    }

    pub const fn intersects(self, other: Types) -> bool {
        self.0 & other.0 != 0
    }

    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether every kind of `self` is in `other`.
    pub const fn within(self, other: Types) -> bool {
        self.0 & !other.0 == 0
    }

    /// The kind of a value.
    pub fn of(value: &Value) -> Types {
        match value {
            Value::Null => Types::NULL,
            Value::Bool(_) => Types::BOOLEAN,
            Value::Int(_) | Value::Long(_) | Value::BigInt(_) => Types::INTEGER,
            Value::Float(_) | Value::Double(_) => Types::DECIMAL,
            Value::Str(_) => Types::TEXT,
            Value::List(_) => Types::LIST,
            Value::Map(_) => Types::MAP,
            Value::Set(_) => Types::SET,
            Value::Object(_) if Lambda::of(value).is_some() => Types::LAMBDA,
            Value::Object(_) => Types::OBJECT,
        }
    }
}

const NAMES: &[(Types, &str)] = &[
    (Types::NULL, "null"),
    (Types::BOOLEAN, "a boolean"),
    (Types::NUMBER, "a number"),
    (Types::INTEGER, "a whole number"),
    (Types::DECIMAL, "a decimal number"),
    (Types::TEXT, "text"),
    (Types::LIST, "a list"),
    (Types::MAP, "a map"),
    (Types::SET, "a set"),
    (Types::LAMBDA, "a lambda"),
    (Types::OBJECT, "an object"),
];

/// As a person would say it: `text`, `a number or a list`. Null is told only when there is nothing else.
impl fmt::Display for Types {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Types::ANY || *self == Types::ANY.without(Types::NULL) {
            return formatter.write_str("any value");
        }
        let mut left = self.without(Types::NULL);
        if left.is_none() {
            return formatter.write_str(if self.is_none() { "no value" } else { "null" });
        }
        let mut first = true;
        for (types, name) in NAMES {
            if !types.within(left) {
                continue;
            }
            left = left.without(*types);
            if !first {
                formatter.write_str(" or ")?;
            }
            first = false;
            formatter.write_str(name)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_kinds_read_like_words() {
        let text_or_list = Types::TEXT.or(Types::LIST).or(Types::NULL);
        assert_eq!(text_or_list.to_string(), "text or a list");
        assert_eq!(Types::NUMBER.to_string(), "a number");
        assert_eq!(Types::DECIMAL.to_string(), "a decimal number");
        assert_eq!(Types::NULL.to_string(), "null");
        assert_eq!(Types::ANY.to_string(), "any value");
        assert_eq!(Types::NONE.to_string(), "no value");
    }

    #[test]
    fn a_value_has_exactly_one_kind() {
        for value in [
            Value::Null,
            Value::Bool(true),
            Value::Int(1),
            Value::str("x"),
        ] {
            let types = Types::of(&value);
            assert!(types.within(Types::ANY) && !types.is_none());
        }
        assert!(Types::of(&Value::Long(1)).intersects(Types::NUMBER));
        assert!(!Types::TEXT.intersects(Types::NUMBER));
    }
}
