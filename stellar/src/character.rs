use std::any::Any;
use std::sync::Arc;

use alidade_event::{Object, Value};

/// One character of a text that is gone through by MAP or FILTER. Upstream keeps these apart from texts: `c == 'l'` is
/// false for a character, `TO_STRING(c) == 'l'` is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Character(pub char);

impl Character {
    pub fn value(character: char) -> Value {
        Value::Object(Arc::new(Character(character)))
    }

    pub fn of(value: &Value) -> Option<Character> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref().copied(),
            _ => None,
        }
    }
}

impl Object for Character {
    fn type_name(&self) -> &'static str {
        "Character"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn display(&self) -> String {
        self.0.to_string()
    }

    fn same(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }
}
