//! Large constant lists, made ready for `in`.

use std::collections::HashSet;

use alidade_event::{Str, Value};

/// From this number of members on, hashing beats a search from member to member.
const FROM: usize = 12;

/// The members of a list by their kinds. What is in it is what `in` finds in the list.
#[derive(Debug)]
pub(crate) struct Members {
    texts: HashSet<Str>,
    ints: HashSet<i32>,
    longs: HashSet<i64>,
    others: Vec<Value>,
}

impl Members {
    /// Nothing for what is no list, or a small one.
    pub fn of(container: &Value) -> Option<Members> {
        let Value::List(list) = container else {
            return None;
        };
        if list.len() < FROM {
            return None;
        }
        let mut members = Members {
            texts: HashSet::new(),
            ints: HashSet::new(),
            longs: HashSet::new(),
            others: Vec::new(),
        };
        for member in list.iter() {
            match member {
                Value::Str(text) => drop(members.texts.insert(text.clone())),
                Value::Int(number) => drop(members.ints.insert(*number)),
                Value::Long(number) => drop(members.longs.insert(*number)),
                other => members.others.push(other.clone()),
            }
        }
        Some(members)
    }

    pub fn contains(&self, member: &Value) -> bool {
        match member {
            Value::Str(text) => self.texts.contains(text),
            Value::Int(number) => self.ints.contains(number),
            Value::Long(number) => self.longs.contains(number),
            other => self.others.iter().any(|found| found.same(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operators::contains;

    #[test]
    fn what_is_found_is_what_the_list_holds() {
        let kinds = |at: i32| {
            [
                Value::Int(at),
                Value::Long(i64::from(at) + 1),
                Value::str(&at.to_string()),
                Value::Double(f64::from(at) / 2.0),
                Value::list(vec![Value::Int(at)]),
            ]
        };
        let mut list: Vec<Value> = (0..10).flat_map(kinds).collect();
        list.push(Value::Double(f64::NAN));
        let list = Value::list(list);
        let members = Members::of(&list).unwrap();
        let mut asked: Vec<Value> = (-2..13).flat_map(kinds).collect();
        asked.extend([Value::Null, Value::Bool(true), Value::Double(f64::NAN)]);
        for member in asked {
            assert_eq!(
                members.contains(&member),
                contains(&list, &member),
                "{member:?}"
            );
        }
    }
}
