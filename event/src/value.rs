use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::json_write;

/// Text of a value. Inline up to 23 bytes, shared beyond, so that a clone never copies.
pub type Str = smol_str::SmolStr;

/// One value of an event or of a Stellar expression.
///
/// Numbers keep the width of upstream's Java types: JSON that json-simple reads gives `Long` and `Double`, Jackson gives
/// `Int` where it fits, Stellar literals and grok captures give `Int`.
#[derive(Debug, Clone, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i32),
    Long(i64),
    /// An integer beyond 64 bits, kept as its decimal digits.
    BigInt(Str),
    Float(f32),
    Double(f64),
    Str(Str),
    List(Arc<Vec<Value>>),
    Map(Arc<Map>),
    /// A set in insertion order.
    Set(Arc<Set>),
    /// What JSON cannot hold: lambdas, sketches, statistics.
    Object(Arc<dyn Object>),
}

/// A value that only Stellar functions understand.
pub trait Object: Send + Sync + fmt::Debug + Any {
    /// The short name of upstream's Java class, for messages and for `TYPE_NAME`-like output.
    fn type_name(&self) -> &'static str;
    fn as_any(&self) -> &dyn Any;
    /// The text that upstream's `toString` gives; it is also what is written to JSON, as a string.
    fn display(&self) -> String {
        format!("<{}>", self.type_name())
    }
    /// Whether another object is equal to this one although it is not the same. What has a state of its own is not.
    fn same(&self, _other: &dyn Object) -> bool {
        false
    }
}

/// A map with any value as a key, in insertion order. Equality of keys is [`Value::same`].
#[derive(Debug, Clone, Default)]
pub struct Map {
    entries: Vec<(Value, Value)>,
    /// Text keys of a large map, so that look-ups stay cheap: hash of the key to positions is not needed below the limit.
    index: Option<std::collections::HashMap<Str, usize>>,
}

const INDEX_FROM: usize = 24;

impl Map {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            entries: Vec::with_capacity(capacity),
            index: None,
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Value, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    fn position(&self, key: &Value) -> Option<usize> {
        if let (Value::Str(text), Some(index)) = (key, &self.index) {
            return index.get(text).copied();
        }
        self.entries
            .iter()
            .position(|(candidate, _)| candidate.same(key))
    }

    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.position(key).map(|at| &self.entries[at].1)
    }

    pub fn get_str(&self, key: &str) -> Option<&Value> {
        if let Some(index) = &self.index {
            return index.get(key).map(|at| &self.entries[*at].1);
        }
        self.entries
            .iter()
            .find_map(|(candidate, value)| match candidate {
                Value::Str(text) if text == key => Some(value),
                _ => None,
            })
    }

    pub fn contains_key(&self, key: &Value) -> bool {
        self.position(key).is_some()
    }

    /// Puts a value under a key; a key that is already there keeps its place. Returns the former value.
    pub fn insert(&mut self, key: Value, value: Value) -> Option<Value> {
        if let Some(at) = self.position(&key) {
            return Some(std::mem::replace(&mut self.entries[at].1, value));
        }
        if let (Value::Str(text), Some(index)) = (&key, &mut self.index) {
            index.insert(text.clone(), self.entries.len());
        }
        self.entries.push((key, value));
        if self.index.is_none() && self.entries.len() >= INDEX_FROM {
            self.rebuild_index();
        }
        None
    }

    pub fn insert_str(&mut self, key: &str, value: Value) -> Option<Value> {
        self.insert(Value::Str(Str::new(key)), value)
    }

    pub fn remove(&mut self, key: &Value) -> Option<Value> {
        let at = self.position(key)?;
        let (_, value) = self.entries.remove(at);
        if self.index.is_some() {
            self.rebuild_index();
        }
        Some(value)
    }

    fn rebuild_index(&mut self) {
        let mut index = std::collections::HashMap::with_capacity(self.entries.len());
        for (at, (key, _)) in self.entries.iter().enumerate() {
            if let Value::Str(text) = key {
                index.insert(text.clone(), at);
            }
        }
        self.index = Some(index);
    }
}

impl FromIterator<(Value, Value)> for Map {
    fn from_iter<T: IntoIterator<Item = (Value, Value)>>(entries: T) -> Self {
        let mut map = Map::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

/// A set in insertion order. Equality of members is [`Value::same`].
#[derive(Debug, Clone, Default)]
pub struct Set {
    members: Map,
}

impl Set {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn contains(&self, member: &Value) -> bool {
        self.members.contains_key(member)
    }

    /// Adds a member; false when it was already there.
    pub fn insert(&mut self, member: Value) -> bool {
        if self.members.contains_key(&member) {
            return false;
        }
        self.members.insert(member, Value::Null);
        true
    }

    pub fn remove(&mut self, member: &Value) -> bool {
        self.members.remove(member).is_some()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.members.iter().map(|(member, _)| member)
    }
}

impl FromIterator<Value> for Set {
    fn from_iter<T: IntoIterator<Item = Value>>(members: T) -> Self {
        let mut set = Set::new();
        for member in members {
            set.insert(member);
        }
        set
    }
}

impl Value {
    pub fn str(text: &str) -> Self {
        Value::Str(Str::new(text))
    }

    pub fn list(members: Vec<Value>) -> Self {
        Value::List(Arc::new(members))
    }

    pub fn map(map: Map) -> Self {
        Value::Map(Arc::new(map))
    }

    pub fn set(set: Set) -> Self {
        Value::Set(Arc::new(set))
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub fn is_number(&self) -> bool {
        matches!(
            self,
            Value::Int(_) | Value::Long(_) | Value::BigInt(_) | Value::Float(_) | Value::Double(_)
        )
    }

    /// The text of a string value; nothing for every other type.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The value as a 64-bit integer, for the two integer types that fit.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(i64::from(*number)),
            Value::Long(number) => Some(*number),
            _ => None,
        }
    }

    /// The value as a double, for every numeric type.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Int(number) => Some(f64::from(*number)),
            Value::Long(number) => Some(*number as f64),
            Value::BigInt(digits) => digits.parse().ok(),
            Value::Float(number) => Some(f64::from(*number)),
            Value::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// The short name of the Java class that upstream would have here.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "Boolean",
            Value::Int(_) => "Integer",
            Value::Long(_) => "Long",
            Value::BigInt(_) => "BigInteger",
            Value::Float(_) => "Float",
            Value::Double(_) => "Double",
            Value::Str(_) => "String",
            Value::List(_) => "ArrayList",
            Value::Map(_) => "HashMap",
            Value::Set(_) => "LinkedHashSet",
            Value::Object(object) => object.type_name(),
        }
    }

    /// Java's `equals`: strict in types (`Int(1)` is not `Long(1)`), element by element in collections, NaN equals itself.
    /// Objects are equal to themselves, and to those that they say ([`Object::same`]).
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Long(a), Value::Long(b)) => a == b,
            (Value::BigInt(a), Value::BigInt(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => {
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
            }
            (Value::Double(a), Value::Double(b)) => {
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
            }
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(x, y)| x.same(y))
            }
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .all(|(key, value)| b.get(key).is_some_and(|found| found.same(value)))
            }
            (Value::Set(a), Value::Set(b)) => {
                a.len() == b.len() && a.iter().all(|member| b.contains(member))
            }
            (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b) || a.same(&**b),
            _ => false,
        }
    }

    /// Writes the value as JSON in upstream's form: `/` escaped, NaN and infinity as null, objects as text.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        json_write::write_value(self, out);
    }

    /// The value as compact JSON text.
    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        self.write_json(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.same(other)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::str(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Str(text.into())
    }
}

impl From<Str> for Value {
    fn from(text: Str) -> Self {
        Value::Str(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Value::Bool(truth)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Value::Int(number)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Long(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Value::Double(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_strict_in_numeric_width() {
        assert!(Value::Int(1).same(&Value::Int(1)));
        assert!(!Value::Int(1).same(&Value::Long(1)));
        assert!(Value::Double(f64::NAN).same(&Value::Double(f64::NAN)));
    }

    #[test]
    fn a_large_map_finds_its_keys_after_removals() {
        let mut map: Map = (0..100)
            .map(|i| (Value::from(format!("k{i}")), Value::Int(i)))
            .collect();
        assert_eq!(map.get_str("k77"), Some(&Value::Int(77)));
        map.remove(&Value::str("k3"));
        assert_eq!(map.get_str("k3"), None);
        assert_eq!(map.get_str("k99"), Some(&Value::Int(99)));
        assert_eq!(map.insert_str("k99", Value::Null), Some(Value::Int(99)));
        assert_eq!(map.len(), 99);
    }

    #[test]
    fn a_set_keeps_the_order_of_insertion() {
        let set: Set = [Value::Int(2), Value::Int(1), Value::Int(2)]
            .into_iter()
            .collect();
        let members: Vec<&Value> = set.iter().collect();
        assert_eq!(members, [&Value::Int(2), &Value::Int(1)]);
    }
}
