use alidade_event::Value;

use crate::Types;
use crate::convert::{is_void, to_bool};

/// What is known about the value of an expression before it is evaluated.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub types: Types,
    /// The value itself, where it is always the same and literals and operators alone tell.
    pub constant: Option<Value>,
}

impl Facts {
    pub fn of(types: Types) -> Facts {
        Facts {
            types,
            constant: None,
        }
    }

    pub fn unknown() -> Facts {
        Facts::of(Types::ANY)
    }

    pub fn constant(value: Value) -> Facts {
        Facts {
            types: Types::of(&value),
            constant: Some(value),
        }
    }

    pub fn text(&self) -> Option<&str> {
        self.constant.as_ref()?.as_str()
    }

    pub fn is_null(&self) -> bool {
        self.types == Types::NULL
    }

    /// What a constant counts as beside `and` and `or`.
    pub fn truth(&self) -> Option<bool> {
        let value = self.constant.as_ref()?;
        if is_void(value) {
            return Some(false);
        }
        Some(to_bool(value).unwrap_or(false))
    }

    /// What a constant counts as where a branch is chosen: anything but a boolean, null and what is empty fails there.
    pub fn verdict(&self) -> Option<bool> {
        match self.constant.as_ref()? {
            Value::Bool(truth) => Some(*truth),
            value if is_void(value) => Some(false),
            _ => None,
        }
    }
}

/// The kinds of values that may be equal to one of these kinds: a whole number may equal a decimal one.
pub(super) fn alike(types: Types) -> Types {
    match types.intersects(Types::NUMBER) {
        true => types.or(Types::NUMBER),
        false => types,
    }
}

/// The kinds without null, unless there is nothing else.
pub(super) fn kinds(types: Types) -> Types {
    match types.without(Types::NULL) {
        present if present.is_none() => types,
        present => present,
    }
}

/// Whether values of these kinds, if they are not null, may have an order.
pub(super) fn orderable(left: Types, right: Types) -> bool {
    let both = |types: Types| left.intersects(types) && right.intersects(types);
    both(Types::NUMBER) || both(Types::TEXT) || both(Types::BOOLEAN) || both(Types::OBJECT)
}

/// How to make two values comparable.
pub(super) fn conversion(left: &Facts, right: &Facts) -> String {
    for (literal, other) in [(left, right), (right, left)] {
        let other = kinds(other.types);
        match (&literal.constant, literal.text()) {
            (_, Some(text)) if other.within(Types::NUMBER) && text.parse::<f64>().is_ok() => {
                return format!("leave out the quotes: `{text}`");
            }
            (_, Some(text @ ("true" | "false"))) if other == Types::BOOLEAN => {
                return format!("leave out the quotes: `{text}`");
            }
            (Some(Value::Int(number)), _) if other == Types::TEXT => {
                return format!("put it in quotes: `'{number}'`");
            }
            (Some(Value::Bool(truth)), _) if other == Types::TEXT => {
                return format!("put it in quotes: `'{truth}'`");
            }
            _ => {}
        }
    }
    let collections = Types::LIST.or(Types::SET).or(Types::MAP);
    if left.types.or(right.types).intersects(collections) {
        return "whether a value is among others asks `in`; LENGTH counts members".to_owned();
    }
    "convert one of them with TO_STRING, TO_INTEGER or TO_DOUBLE".to_owned()
}
