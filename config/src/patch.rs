//! JSON Patch (RFC 6902) with the leniencies of upstream's library, on which operators' scripts rely.

use json_patch::jsonptr::{Pointer, PointerBuf};
use json_patch::{
    AddOperation, CopyOperation, MoveOperation, PatchOperation, RemoveOperation, ReplaceOperation,
    TestOperation,
};
use serde_json::{Map, Value};

/// Why a patch cannot be read or applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    #[error("the patch is not JSON: {0}")]
    Syntax(String),
    #[error(
        "a patch must be an array of operations, like [{{\"op\": \"add\", \"path\": \"/a\", \"value\": 1}}]"
    )]
    NotAnArray,
    #[error("operation {number} of the patch: {reason}")]
    Malformed { number: usize, reason: String },
    #[error("operation {number} of the patch ({operation}): {reason}; nothing was changed")]
    Failed {
        number: usize,
        operation: String,
        reason: String,
    },
}

/// A patch whose operations can be read; whether they apply depends on the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch(Vec<PatchOperation>);

impl Patch {
    /// One operation that puts a value.
    ///
    /// # Errors
    /// When the key is no JSON pointer.
    pub fn add(key: &str, value: Value) -> Result<Patch, PatchError> {
        let path = pointer(key).map_err(|reason| malformed(1, reason))?;
        Ok(Patch(vec![PatchOperation::Add(AddOperation {
            path,
            value,
        })]))
    }

    /// One operation that removes a key.
    ///
    /// # Errors
    /// When the key is no JSON pointer.
    pub fn remove(key: &str) -> Result<Patch, PatchError> {
        let path = pointer(key).map_err(|reason| malformed(1, reason))?;
        Ok(Patch(vec![PatchOperation::Remove(RemoveOperation {
            path,
        })]))
    }

    /// Reads an array of operations. Names of operations may be in any case, and a path may lack its first slash.
    ///
    /// # Errors
    /// When the text is no array of operations.
    pub fn parse(text: &[u8]) -> Result<Patch, PatchError> {
        let value: Value =
            serde_json::from_slice(text).map_err(|error| PatchError::Syntax(error.to_string()))?;
        let Value::Array(members) = value else {
            return Err(PatchError::NotAnArray);
        };
        let operations = members.iter().enumerate().map(|(at, member)| {
            let read = member.as_object().ok_or("it is not an object".to_owned());
            read.and_then(read_operation)
                .map_err(|reason| malformed(at + 1, reason))
        });
        Ok(Patch(operations.collect::<Result<_, _>>()?))
    }

    /// The document with the operations applied in order.
    ///
    /// # Errors
    /// When an operation does not apply.
    pub fn apply(&self, document: &Value) -> Result<Value, PatchError> {
        let mut patched = document.clone();
        for (at, operation) in self.0.iter().enumerate() {
            apply_leniently(&mut patched, operation).map_err(|reason| PatchError::Failed {
                number: at + 1,
                operation: describe(operation),
                reason,
            })?;
        }
        Ok(patched)
    }
}

fn malformed(number: usize, reason: String) -> PatchError {
    PatchError::Malformed { number, reason }
}

fn pointer(text: &str) -> Result<PointerBuf, String> {
    let text = match text.is_empty() || text.starts_with('/') {
        true => text.to_owned(),
        false => format!("/{text}"),
    };
    PointerBuf::parse(text.as_str())
        .map_err(|error| format!("{text:?} is not a JSON pointer: {error}"))
}

fn read_operation(members: &Map<String, Value>) -> Result<PatchOperation, String> {
    let text = |name: &str| match members.get(name) {
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(_) => Err(format!("`{name}` must be a string")),
        None => Err(format!("`{name}` is missing")),
    };
    let value = || {
        let value = members.get("value").cloned();
        value.ok_or_else(|| "`value` is missing".to_owned())
    };
    let path = |name| text(name).and_then(pointer);
    let operation = text("op")?;
    Ok(match operation.to_ascii_lowercase().as_str() {
        "add" => PatchOperation::Add(AddOperation {
            path: path("path")?,
            value: value()?,
        }),
        "remove" => PatchOperation::Remove(RemoveOperation {
            path: path("path")?,
        }),
        "replace" => PatchOperation::Replace(ReplaceOperation {
            path: path("path")?,
            value: value()?,
        }),
        "move" => PatchOperation::Move(MoveOperation {
            from: path("from")?,
            path: path("path")?,
        }),
        "copy" => PatchOperation::Copy(CopyOperation {
            from: path("from")?,
            path: path("path")?,
        }),
        "test" => PatchOperation::Test(TestOperation {
            path: path("path")?,
            value: value()?,
        }),
        _ => {
            return Err(format!(
                "there is no operation {operation:?}; use add, remove, replace, move, copy or test"
            ));
        }
    })
}

/// Upstream removes what is not there without a word, and replaces what is not there by adding it, as long as the object
/// around it is there.
///
/// Removing is done here also because the order of the other keys matters: that of Stellar statements is the order in
/// which they run, and the library would swap the last key into the gap.
fn apply_leniently(document: &mut Value, operation: &PatchOperation) -> Result<(), String> {
    match operation {
        PatchOperation::Remove(remove) => take(document, &remove.path, true).map(|_| ()),
        PatchOperation::Move(movement) => {
            let (from, path) = (&movement.from, &movement.path);
            if path.starts_with(from) && path != from {
                return Err("a value cannot be moved into itself".to_owned());
            }
            let value = take(document, from, false)?.unwrap_or_default();
            let path = path.clone();
            apply_strictly(document, PatchOperation::Add(AddOperation { path, value }))
        }
        PatchOperation::Replace(replace) if lacks_key(document, &replace.path) => {
            let (path, value) = (replace.path.clone(), replace.value.clone());
            apply_strictly(document, PatchOperation::Add(AddOperation { path, value }))
        }
        other => apply_strictly(document, other.clone()),
    }
}

/// On an error the document may be changed in part: the caller works on a copy.
fn apply_strictly(document: &mut Value, operation: PatchOperation) -> Result<(), String> {
    json_patch::patch_unsafe(document, &[operation]).map_err(|error| error.kind.to_string())
}

fn lacks_key(document: &Value, path: &Pointer) -> bool {
    let Some((parent, key)) = path.split_back() else {
        return false;
    };
    let parent = document.pointer(parent.as_str());
    parent
        .and_then(Value::as_object)
        .is_some_and(|members| !members.contains_key(key.decoded().as_ref()))
}

/// Takes a value out. Nothing if its key is missing in an object and that is allowed.
fn take(
    document: &mut Value,
    path: &Pointer,
    may_be_missing: bool,
) -> Result<Option<Value>, String> {
    let (parent, key) = path
        .split_back()
        .ok_or("the whole document cannot be removed")?;
    match document.pointer_mut(parent.as_str()) {
        Some(Value::Object(members)) => match members.shift_remove(key.decoded().as_ref()) {
            None if !may_be_missing => Err(format!("there is nothing at {path}")),
            taken => Ok(taken),
        },
        Some(Value::Array(members)) => {
            let index = key.to_index().ok();
            match index.and_then(|index| index.for_len(members.len()).ok()) {
                Some(index) => Ok(Some(members.remove(index))),
                None => Err(format!("the list at {parent} has no member {key}")),
            }
        }
        _ => Err(format!("there is no object or list at {parent}")),
    }
}

fn describe(operation: &PatchOperation) -> String {
    let name = match operation {
        PatchOperation::Add(_) => "add",
        PatchOperation::Remove(_) => "remove",
        PatchOperation::Replace(_) => "replace",
        PatchOperation::Move(_) => "move",
        PatchOperation::Copy(_) => "copy",
        PatchOperation::Test(_) => "test",
    };
    format!("{name} {}", operation.path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn patched(document: Value, patch: Value) -> Result<Value, String> {
        let text = patch.to_string();
        let patch = Patch::parse(text.as_bytes()).map_err(|error| error.to_string())?;
        patch.apply(&document).map_err(|error| error.to_string())
    }

    /// The table of upstream's library, a line each: document, patch, outcome.
    #[test]
    fn upstreams_semantics() {
        let base = json!({"a": {"b": 1}, "arr": [1, 2], "es.ip": "x", "s/t~u": 5});
        let with = |change: fn(&mut Value)| {
            let mut expected = base.clone();
            change(&mut expected);
            Some(expected)
        };
        let cases = [
            (
                json!([{"op": "ADD", "path": "/n", "value": 1}]),
                with(|d| d["n"] = json!(1)),
            ),
            (
                json!([{"op": "add", "path": "n", "value": 1}]),
                with(|d| d["n"] = json!(1)),
            ),
            (
                json!([{"op": "add", "path": "", "value": {"x": 1}}]),
                Some(json!({"x": 1})),
            ),
            (
                json!([{"op": "add", "path": "/a", "value": 2}]),
                with(|d| d["a"] = json!(2)),
            ),
            (json!([{"op": "add", "path": "/q/b", "value": 2}]), None),
            (json!([{"op": "remove", "path": "/q"}]), Some(base.clone())),
            (
                json!([{"op": "remove", "path": "/a/q"}]),
                Some(base.clone()),
            ),
            (json!([{"op": "remove", "path": "/q/b"}]), None),
            (json!([{"op": "remove", "path": "/arr/2"}]), None),
            (
                json!([{"op": "remove", "path": "/a/b"}]),
                with(|d| d["a"] = json!({})),
            ),
            (
                json!([{"op": "replace", "path": "/q", "value": 1}]),
                with(|d| d["q"] = json!(1)),
            ),
            (
                json!([{"op": "Replace", "path": "/a/b", "value": 9}]),
                with(|d| d["a"]["b"] = json!(9)),
            ),
            (json!([{"op": "replace", "path": "/q/b", "value": 1}]), None),
            (
                json!([{"op": "add", "path": "/arr/-", "value": 3}]),
                with(|d| d["arr"] = json!([1, 2, 3])),
            ),
            (
                json!([{"op": "add", "path": "/arr/0", "value": 0}]),
                with(|d| d["arr"] = json!([0, 1, 2])),
            ),
            (json!([{"op": "add", "path": "/arr/3", "value": 0}]), None),
            (json!([{"op": "test", "path": "/a/b", "value": 2}]), None),
            (
                json!([{"op": "test", "path": "/a/b", "value": 1}]),
                Some(base.clone()),
            ),
            (
                json!([{"op": "add", "path": "/es.ip", "value": "y"}]),
                with(|d| d["es.ip"] = json!("y")),
            ),
            (
                json!([{"op": "add", "path": "/s~1t~0u", "value": 6}]),
                with(|d| d["s/t~u"] = json!(6)),
            ),
            (
                json!([{"op": "move", "from": "a", "path": "/z"}]),
                Some(json!({"arr": [1, 2], "es.ip": "x", "s/t~u": 5, "z": {"b": 1}})),
            ),
            (
                json!([{"op": "copy", "from": "/a/b", "path": "/z"}]),
                with(|d| d["z"] = json!(1)),
            ),
            (
                json!([{"op": "copy", "from": "/nothing", "path": "/z"}]),
                None,
            ),
            (json!({"op": "add"}), None),
            (json!([{"op": "add", "path": "/x"}]), None),
            (json!([{"op": "set", "path": "/x", "value": 1}]), None),
            (json!([{"op": "add", "path": "/x~2", "value": 1}]), None),
            (json!([{"path": "/x", "value": 1}]), None),
            (json!([7]), None),
            (json!([]), Some(base.clone())),
        ];
        for (patch, expected) in cases {
            assert_eq!(
                patched(base.clone(), patch.clone()).ok(),
                expected,
                "{patch}"
            );
        }
    }

    #[test]
    fn the_order_of_the_other_keys_stays() {
        let document = json!({"a": 1, "b": 2, "c": 3, "d": 4});
        let operations = [
            json!([{"op": "remove", "path": "/a"}]),
            json!([{"op": "move", "from": "/a", "path": "/b"}]),
        ];
        let outcomes =
            operations.map(|patch| patched(document.clone(), patch).unwrap().to_string());
        assert_eq!(
            outcomes,
            [r#"{"b":2,"c":3,"d":4}"#, r#"{"b":1,"c":3,"d":4}"#]
        );
    }

    #[test]
    fn a_failure_names_the_operation() {
        let text = patched(
            json!({}),
            json!([{"op": "add", "path": "/a", "value": 1}, {"op": "test", "path": "/a", "value": 2}]),
        );
        assert_eq!(
            text.unwrap_err(),
            "operation 2 of the patch (test /a): value did not match; nothing was changed"
        );
    }

    fn keys() -> impl Strategy<Value = String> {
        prop_oneof!["[a-c]", "[a-c~/. -]{0,3}", "[0-3]"]
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z]{0,4}".prop_map(Value::from),
        ];
        let any_value = leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((keys(), inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        prop::collection::vec((keys(), any_value), 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    fn escaped(key: &str) -> String {
        key.replace('~', "~0").replace('/', "~1")
    }

    proptest! {
        #[test]
        fn a_key_added_at_the_top_is_there_and_nothing_else_changes(document in documents(), key in keys(), value in documents()) {
            let patch = Patch::add(&format!("/{}", escaped(&key)), value.clone()).unwrap();
            let patched = patch.apply(&document).unwrap();
            prop_assert_eq!(patched.get(&key), Some(&value));
            let mut expected = document.as_object().unwrap().clone();
            expected.insert(key, value);
            prop_assert_eq!(patched, Value::Object(expected));
        }

        #[test]
        fn a_key_removed_is_gone_and_removing_again_changes_nothing(document in documents(), key in keys()) {
            let patch = Patch::remove(&format!("/{}", escaped(&key))).unwrap();
            let once = patch.apply(&document).unwrap();
            prop_assert_eq!(once.get(&key), None);
            prop_assert_eq!(patch.apply(&once).unwrap(), once.clone());
            let mut expected = document.as_object().unwrap().clone();
            expected.shift_remove(&key);
            prop_assert_eq!(once, Value::Object(expected));
        }

        #[test]
        fn replacing_and_adding_are_the_same_in_an_object(document in documents(), key in keys(), value in documents()) {
            let path = format!("/{}", escaped(&key));
            let replace = serde_json::json!([{"op": "replace", "path": path, "value": value}]).to_string();
            let replaced = Patch::parse(replace.as_bytes()).unwrap().apply(&document).unwrap();
            let added = Patch::add(&path, value).unwrap().apply(&document).unwrap();
            prop_assert_eq!(replaced, added);
        }

        #[test]
        fn no_patch_text_panics(text in ".{0,200}", document in documents(), path in "[/a-c0-9~-]{0,8}", op in "(add|remove|replace|test|move|copy)") {
            if let Ok(patch) = Patch::parse(text.as_bytes()) {
                let _outcome = patch.apply(&document);
            }
            let patch = serde_json::json!([{"op": op, "path": path, "from": path, "value": 1}]).to_string();
            if let Ok(patch) = Patch::parse(patch.as_bytes()) {
                let _outcome = patch.apply(&document);
            }
        }
    }
}
