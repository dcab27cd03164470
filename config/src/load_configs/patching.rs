use std::fs;
use std::io::Write;

use serde_json::Value;

use super::request::{PatchRequest, Selection};
use super::{Failure, judge, push};
use crate::json::{JsonDocument, to_pretty};
use crate::patch::Patch;
use crate::{Compiler, ConfigError, DocumentId, RawDocument, RawTree, Store};

/// What is to be done to which document.
pub(super) struct Change {
    id: DocumentId,
    patch: Patch,
}

/// Everything that can be read before ZooKeeper is asked.
pub(super) fn read_change(request: &PatchRequest) -> Result<Change, Failure> {
    Ok(Change {
        id: target(&request.selection)?,
        patch: read_patch(request)?,
    })
}

fn refusal(message: impl Into<String>) -> Failure {
    Failure::Request(message.into())
}

fn target(selection: &Selection) -> Result<DocumentId, Failure> {
    let kind = selection
        .kind
        .ok_or_else(|| refusal("Patch requires config type"))?;
    if let Some(id) = kind.singleton() {
        return Ok(id);
    }
    let name = selection.name.as_deref().unwrap_or_default();
    if name.is_empty() {
        return Err(refusal(format!(
            "Patch of {kind} requires the name of the sensor (-n or --config_name)"
        )));
    }
    let id = kind.of_sensor(name).map_err(ConfigError::from)?;
    id.ok_or_else(|| refusal("Patch requires config type"))
}

/// A key is looked at first, whether or not there is a file, as upstream does.
fn read_patch(request: &PatchRequest) -> Result<Patch, Failure> {
    if let Some(key) = &request.key {
        let mode = request.mode.as_deref().unwrap_or("ADD");
        return match mode.to_ascii_uppercase().as_str() {
            "ADD" => Ok(Patch::add(key, patch_value(request)?)?),
            "REMOVE" => Ok(Patch::remove(key)?),
            _ => Err(refusal(format!(
                "Patch mode not supported: {mode}; use ADD or REMOVE, or a patch file (-pf)"
            ))),
        };
    }
    let Some(file) = &request.file else {
        return Err(refusal(
            "Patch requires a patch file (-pf) or a patch key (-pk) with a value (-pv)",
        ));
    };
    let text = fs::read(file).map_err(|error| {
        refusal(format!(
            "cannot read the patch file {}: {error}",
            file.display()
        ))
    })?;
    Ok(Patch::parse(&text)?)
}

/// The value as JSON: as given, else with one pair of quotes taken off, else as plain text.
fn patch_value(request: &PatchRequest) -> Result<Value, Failure> {
    let Some(forms) = &request.value else {
        return Err(refusal("Patch mode ADD requires a patch value (-pv)"));
    };
    if let Some(value) = forms
        .iter()
        .find_map(|form| serde_json::from_str(form).ok())
    {
        return Ok(value);
    }
    let [_, text] = forms;
    if text.trim_start().starts_with(['{', '[']) {
        return Err(refusal(format!("the patch value is not JSON: {text}")));
    }
    Ok(Value::String(text.clone()))
}

/// Applies the change to the stored document.
pub(super) async fn run(
    store: &dyn Store,
    request: &PatchRequest,
    change: &Change,
    compiler: &Compiler,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let id = &change.id;
    let Some(stored) = store.read(id).await? else {
        return Err(ConfigError::Missing(id.clone()).into());
    };
    let document = JsonDocument::parse(id, &stored.bytes)
        .map_err(|problem| Failure::StoredInvalid(vec![*problem]))?;
    let patched = change
        .patch
        .apply(&Value::Object(document.into_members()))?;
    let patched = RawDocument::new(to_pretty(&patched).into_bytes(), stored.version);
    let mut tree = RawTree::default();
    tree.documents.insert(id.clone(), patched.clone());
    let (blocking, warnings) = judge(&tree, compiler);
    push::tell_warnings(&warnings, err)?;
    if !blocking.is_empty() {
        return Err(Failure::Invalid(blocking));
    }
    if request.is_dry_run {
        push::announce(store, id, &patched, out).await?;
        out.write_all(&patched.bytes)?;
        writeln!(out)?;
        return Ok(());
    }
    store.write(id, &patched.bytes).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn value(raw: &str, stripped: &str) -> Option<Value> {
        let request = PatchRequest {
            selection: Selection::default(),
            file: None,
            key: Some("/a".to_owned()),
            mode: None,
            value: Some([raw.to_owned(), stripped.to_owned()]),
            is_dry_run: false,
        };
        patch_value(&request).ok()
    }

    #[test]
    fn a_value_may_be_quoted_in_every_way() {
        assert_eq!(value("\"bar\"", "bar"), Some(json!("bar")));
        assert_eq!(value("\"\"bar\"\"", "\"bar\""), Some(json!("bar")));
        assert_eq!(value("bar", "bar"), Some(json!("bar")));
        assert_eq!(value("\"{\"a\": 1}\"", "{\"a\": 1}"), Some(json!({"a": 1})));
        assert_eq!(value("[1]", "[1]"), Some(json!([1])));
        assert_eq!(value("5", "5"), Some(json!(5)));
        assert_eq!(value("\"5\"", "5"), Some(json!("5")));
        assert_eq!(value("{\"a\": }", "{\"a\": }"), None);
    }
}
