use serde::Serialize;

use crate::{MaasError, lenient};

/// What a request asks for. Listing is not an action: it is answered from the registry without the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Action {
    #[serde(rename = "ADD")]
    Add,
    #[serde(rename = "REMOVE")]
    Remove,
}

/// One item of the request queue. The fields are declared in the order in which upstream writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelRequest {
    pub name: Option<String>,
    /// An opaque text.
    pub version: Option<String>,
    #[serde(rename = "numInstances")]
    pub num_instances: i32,
    /// Megabytes; 0 in a REMOVE.
    pub memory: i32,
    pub action: Action,
    /// Directory of the payload; nothing in a REMOVE.
    pub path: Option<String>,
}

impl ModelRequest {
    pub fn add(name: &str, version: &str, num_instances: i32, memory: i32, path: &str) -> Self {
        Self {
            name: Some(name.to_owned()),
            version: Some(version.to_owned()),
            num_instances,
            memory,
            action: Action::Add,
            path: Some(path.to_owned()),
        }
    }

    pub fn remove(name: &str, version: &str, num_instances: i32) -> Self {
        Self {
            name: Some(name.to_owned()),
            version: Some(version.to_owned()),
            num_instances,
            memory: 0,
            action: Action::Remove,
            path: None,
        }
    }

    /// The item's bytes, exactly as upstream's deploy tool writes them.
    ///
    /// # Errors
    /// None in practice: every field can be written.
    pub fn write(&self) -> Result<Vec<u8>, MaasError> {
        serde_json::to_vec(self).map_err(|error| MaasError::malformed("the request", error))
    }

    /// Reads an item. The four bytes `null`, which upstream's deploy tool queues after LIST, are nothing.
    ///
    /// # Errors
    /// When the item is not a JSON object with a known action and whole numbers.
    pub fn read(item: &[u8]) -> Result<Option<ModelRequest>, MaasError> {
        let wrong = |reason: String| MaasError::malformed("the queued request", reason);
        let json = lenient::first_value(item).map_err(wrong)?;
        if json.is_null() {
            return Ok(None);
        }
        if !json.is_object() {
            return Err(wrong("it must be a JSON object".to_owned()));
        }
        let action = match lenient::text(&json, "action").map_err(wrong)?.as_deref() {
            Some("ADD") => Action::Add,
            Some("REMOVE") => Action::Remove,
            Some(other) => {
                return Err(wrong(format!(
                    "action \"{other}\" is neither \"ADD\" nor \"REMOVE\""
                )));
            }
            None => return Err(wrong("it has no \"action\"".to_owned())),
        };
        let small = |field: &str| -> Result<i32, MaasError> {
            let number = lenient::integer(&json, field).map_err(wrong)?.unwrap_or(0);
            i32::try_from(number)
                .map_err(|_| wrong(format!("field \"{field}\" is out of range: {number}")))
        };
        Ok(Some(ModelRequest {
            name: lenient::text(&json, "name").map_err(wrong)?,
            version: lenient::text(&json, "version").map_err(wrong)?,
            num_instances: small("numInstances")?,
            memory: small("memory")?,
            action,
            path: lenient::text(&json, "path").map_err(wrong)?,
        }))
    }
}

/// Longest model name or version, in bytes.
const MAX_NAME: usize = 200;

/// Checks that a model's name can be a node in ZooKeeper and a line of a listing.
///
/// # Errors
/// When it is empty, too long, or holds a slash or a control character.
pub fn check_model_name(name: &str) -> Result<(), MaasError> {
    check_text("model name (-n)", name)?;
    if name.contains('/') || name == "." || name == ".." {
        return Err(MaasError::BadRequest(format!(
            "the model name (-n) cannot be \"{name}\": it becomes a node in ZooKeeper, so leave out slashes and do not use \".\" or \"..\""
        )));
    }
    Ok(())
}

/// Checks that a version is a printable text.
///
/// # Errors
/// When it is empty, too long, or holds a control character.
pub fn check_model_version(version: &str) -> Result<(), MaasError> {
    check_text("model version (-v)", version)
}

fn check_text(what: &str, text: &str) -> Result<(), MaasError> {
    if text.trim().is_empty() {
        return Err(MaasError::BadRequest(format!("the {what} is empty")));
    }
    if text.len() > MAX_NAME {
        return Err(MaasError::BadRequest(format!(
            "the {what} is longer than {MAX_NAME} bytes"
        )));
    }
    // ZooKeeper refuses these in a path, and a terminal should not be handed them either.
    let unfit =
        |c: char| c.is_control() || ('\u{f000}'..='\u{f8ff}').contains(&c) || c >= '\u{fff0}';
    if text.chars().any(unfit) {
        return Err(MaasError::BadRequest(format!(
            "the {what} holds a character that cannot be stored: {text:?}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_written_as_upstream_writes_them() {
        let add = ModelRequest::add("dga", "1.0", 1, 512, "/user/metron/models");
        assert_eq!(
            add.write().unwrap(),
            include_bytes!("../tests/data/queue-item-add.json")
        );
        let remove = ModelRequest::remove("dga", "1.0", 1);
        assert_eq!(
            remove.write().unwrap(),
            include_bytes!("../tests/data/queue-item-remove.json")
        );
        for request in [add, remove] {
            let bytes = request.write().unwrap();
            assert_eq!(ModelRequest::read(&bytes).unwrap(), Some(request));
        }
    }

    #[test]
    fn null_is_a_real_item_that_means_nothing() {
        assert_eq!(ModelRequest::read(b"null").unwrap(), None);
    }

    #[test]
    fn reading_is_lenient_where_it_is_harmless() {
        let item =
            br#"{"action":"ADD","numInstances":"2","memory":null,"name":7,"later":{}} trailing"#;
        let request = ModelRequest::read(item).unwrap().unwrap();
        assert_eq!(request.name.as_deref(), Some("7"));
        assert_eq!(request.version, None);
        assert_eq!((request.num_instances, request.memory), (2, 0));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"action":"LIST"}"#,
            r#"{"action":"add"}"#,
            r#"{"action":"ADD","memory":1.5}"#,
            r#"{"action":"ADD","numInstances":99999999999}"#,
            r#"{"action":"ADD","name":{}}"#,
            "{\"action\":\"ADD\"",
        ] {
            assert!(ModelRequest::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_that_cannot_be_nodes_are_refused() {
        for good in ["dga", "dga-2", "müll", "a b"] {
            check_model_name(good).unwrap();
        }
        for bad in [
            "",
            " ",
            "a/b",
            ".",
            "..",
            "a\u{0}",
            "a\nb",
            &"x".repeat(201),
        ] {
            assert!(check_model_name(bad).is_err(), "{bad:?}");
        }
    }
}
