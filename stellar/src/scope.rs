use std::sync::atomic::{AtomicUsize, Ordering};

use alidade_event::{Event, FieldName, Value};

/// Where a variable was found last. Messages of one sensor have the same fields at the same places, so that the next one is
/// most likely found without a search. Shared by threads; what one remembers is right or only slow for another.
#[derive(Debug, Default)]
pub struct Place(AtomicUsize);

/// Where an expression finds its variables.
pub trait Scope {
    /// The value of a variable. `None` and `Null` both mean that it is missing. Must not allocate.
    fn get(&self, name: &str) -> Option<&Value>;

    /// As [`Scope::get`], for a variable that is looked up in message after message. A scope that can make nothing of the
    /// place leaves this as it is.
    fn get_at(&self, name: &FieldName, place: &Place) -> Option<&Value> {
        let _ = place;
        self.get(name)
    }

    /// Every variable together, which is what `_` stands for. Of a name given twice, the earlier one counts.
    fn all(&self) -> Event;
}

impl Scope for Event {
    fn get(&self, name: &str) -> Option<&Value> {
        Event::get(self, name)
    }

    fn get_at(&self, name: &FieldName, place: &Place) -> Option<&Value> {
        let hint = place.0.load(Ordering::Relaxed);
        let (found, value) = self.get_near(name, hint)?;
        if found != hint {
            place.0.store(found, Ordering::Relaxed);
        }
        Some(value)
    }

    fn all(&self) -> Event {
        self.clone()
    }
}

/// Several scopes as one: the first value that is not null counts.
pub struct Layers<'a>(pub &'a [&'a dyn Scope]);

impl Scope for Layers<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .filter_map(|scope| scope.get(name))
            .find(|value| !value.is_null())
    }

    fn get_at(&self, name: &FieldName, place: &Place) -> Option<&Value> {
        let mut found = self.0.iter().filter_map(|scope| scope.get_at(name, place));
        found.find(|value| !value.is_null())
    }

    fn all(&self) -> Event {
        let mut joined = Event::new();
        for scope in self.0 {
            for (name, value) in scope.all() {
                match joined.get_mut(&name) {
                    None => joined.push_unchecked(name, value),
                    Some(found) if found.is_null() => *found = value,
                    Some(_) => {}
                }
            }
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_in_an_earlier_layer_falls_through() {
        let mut first = Event::new();
        first.set("a", Value::Null);
        first.set("b", 1);
        let mut second = Event::new();
        second.set("a", 2);
        second.set("b", 3);
        let layers = [&first as &dyn Scope, &second];
        let joined = Layers(&layers);
        assert_eq!(joined.get("a"), Some(&Value::Int(2)));
        assert_eq!(joined.get("b"), Some(&Value::Int(1)));
        assert_eq!(joined.get("c"), None);
        assert_eq!(joined.all().get("a"), Some(&Value::Int(2)));
        assert_eq!(joined.all().len(), 2);
    }
}
