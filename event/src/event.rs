use std::collections::HashMap;

use crate::{FieldName, JsonError, NumberStyle, Value, json_read, json_write};

/// One event: a flat JSON object whose fields keep the order in which they were put.
///
/// A small event is searched field by field, which beats hashing at the usual size; a large one gets an index, so that
/// no sender can make an event slow by giving it many fields.
#[derive(Debug, Clone, Default)]
pub struct Event {
    fields: Vec<(FieldName, Value)>,
    index: Option<HashMap<FieldName, usize>>,
}

/// From this number of fields on, look-ups go through an index.
const INDEX_FROM: usize = 48;

impl Event {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with_capacity(fields: usize) -> Self {
        Self {
            fields: Vec::with_capacity(fields),
            index: None,
        }
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    fn position(&self, name: &str) -> Option<usize> {
        if let Some(index) = &self.index {
            return index.get(name).copied();
        }
        self.fields
            .iter()
            .position(|(candidate, _)| candidate == name)
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.position(name).map(|at| &self.fields[at].1)
    }

    /// The value under a name with its place, looked for at a place first: where it was in the message before.
    pub fn get_near(&self, name: &FieldName, hint: usize) -> Option<(usize, &Value)> {
        if let Some((candidate, value)) = self.fields.get(hint)
            && candidate == name
        {
            return Some((hint, value));
        }
        let at = match &self.index {
            Some(index) => index.get(name).copied()?,
            // Names as such are compared faster than their texts.
            None => self
                .fields
                .iter()
                .position(|(candidate, _)| candidate == name)?,
        };
        Some((at, &self.fields[at].1))
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.position(name).map(|at| &mut self.fields[at].1)
    }

    /// The text of a field, if the field is there and holds text.
    pub fn get_str(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    pub fn contains(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// Puts a value under a name. A name that is already there keeps its place. Returns the former value.
    pub fn set(&mut self, name: impl Into<FieldName>, value: impl Into<Value>) -> Option<Value> {
        let name = name.into();
        let value = value.into();
        if let Some(at) = self.position(&name) {
            return Some(std::mem::replace(&mut self.fields[at].1, value));
        }
        self.push_unchecked(name, value);
        None
    }

    /// Adds a field whose name is known to be new, without looking for it: the fast path of a parser whose names are all
    /// different. A name that is there already would be written twice.
    pub fn push_unchecked(&mut self, name: FieldName, value: Value) {
        if let Some(index) = &mut self.index {
            index.insert(name.clone(), self.fields.len());
        }
        self.fields.push((name, value));
        if self.index.is_none() && self.fields.len() >= INDEX_FROM {
            self.rebuild_index();
        }
    }

    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.position(name)?;
        let (_, value) = self.fields.remove(at);
        if self.index.is_some() {
            self.rebuild_index();
        }
        Some(value)
    }

    /// Keeps the fields for which `keep` is true.
    pub fn retain(&mut self, mut keep: impl FnMut(&FieldName, &Value) -> bool) {
        let before = self.fields.len();
        self.fields.retain(|(name, value)| keep(name, value));
        if self.index.is_some() && self.fields.len() != before {
            self.rebuild_index();
        }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&FieldName, &Value)> {
        self.fields.iter().map(|(name, value)| (name, value))
    }

    pub fn clear(&mut self) {
        self.fields.clear();
        self.index = None;
    }

    fn rebuild_index(&mut self) {
        let names = self
            .fields
            .iter()
            .enumerate()
            .map(|(at, (name, _))| (name.clone(), at));
        self.index = Some(names.collect());
    }

    /// Appends the event as compact JSON in upstream's form (`/` escaped, nulls kept, NaN as null).
    pub fn write_json(&self, out: &mut Vec<u8>) {
        json_write::write_fields(self.iter().map(|(name, value)| (name.as_str(), value)), out);
    }

    pub fn to_json(&self) -> String {
        let mut out = Vec::with_capacity(512);
        self.write_json(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// Reads a JSON object. Of a name given twice, the last value wins.
    ///
    /// # Errors
    /// When the bytes are not one JSON object, or nest deeper than 128 levels.
    pub fn read_json(bytes: &[u8], numbers: NumberStyle) -> Result<Event, JsonError> {
        json_read::read_event(bytes, numbers)
    }
}

impl PartialEq for Event {
    /// Equal when the same names hold the same values, in whatever order.
    fn eq(&self, other: &Event) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .all(|(name, value)| other.get(name).is_some_and(|found| found.same(value)))
    }
}

impl FromIterator<(FieldName, Value)> for Event {
    fn from_iter<T: IntoIterator<Item = (FieldName, Value)>>(fields: T) -> Self {
        let mut event = Event::new();
        for (name, value) in fields {
            event.set(name, value);
        }
        event
    }
}

impl IntoIterator for Event {
    type Item = (FieldName, Value);
    type IntoIter = std::vec::IntoIter<(FieldName, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.fields.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setting_a_field_twice_keeps_one() {
        let mut event = Event::new();
        assert_eq!(event.set("a", 1), None);
        assert_eq!(event.set("a", 2), Some(Value::Int(1)));
        assert_eq!(event.len(), 1);
    }

    #[test]
    fn a_wrong_place_is_only_a_hint() {
        for fields in [3, 100] {
            let event: Event = (0..fields)
                .map(|i| (FieldName::from(format!("f{i}")), Value::Int(i)))
                .collect();
            for hint in [0, 2, 7, usize::MAX] {
                let found = event.get_near(&FieldName::from("f2"), hint);
                assert_eq!(found, Some((2, &Value::Int(2))));
                assert_eq!(event.get_near(&FieldName::from("g"), hint), None);
            }
        }
    }

    #[test]
    fn a_large_event_stays_consistent() {
        let mut event: Event = (0..200)
            .map(|i| (FieldName::from(format!("f{i}")), Value::Int(i)))
            .collect();
        assert_eq!(event.remove("f50"), Some(Value::Int(50)));
        assert_eq!(event.get("f50"), None);
        assert_eq!(event.get("f199"), Some(&Value::Int(199)));
        event.retain(|name, _| name != "f0");
        assert_eq!(event.get("f199"), Some(&Value::Int(199)));
        assert_eq!(event.len(), 198);
    }
}
