use std::io::Write;

use alidade_stellar::config_code;

use super::Failure;
use super::request::Selection;
use crate::compiler::check_shape;
use crate::{ConfigError, DocumentId, Problem, RawTree, Store};

/// Prints documents as they are stored, each behind a line with its type and name.
///
/// A stored document that is not valid is printed like the others and told at the end.
pub(super) async fn run(
    store: &dyn Store,
    selection: &Selection,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let tree = selected(store, selection).await?;
    let mut problems = Vec::new();
    for (id, document) in &tree.documents {
        writeln!(out, "{} Config: {}", id.kind(), id.short_name())?;
        out.write_all(&document.bytes)?;
        writeln!(out)?;
        if let Err(found) = check_shape(id, document) {
            problems.extend(found);
        }
    }
    let unreadable = tree.unreadable.iter();
    problems
        .extend(unreadable.map(|(id, reason)| Problem::error(id, config_code::UNREADABLE, reason)));
    if problems.is_empty() {
        return Ok(());
    }
    out.flush()?;
    Err(Failure::StoredInvalid(problems))
}

async fn selected(store: &dyn Store, selection: &Selection) -> Result<RawTree, Failure> {
    let Some(kind) = selection.kind else {
        return Ok(store.read_tree().await?);
    };
    let id = match &selection.name {
        Some(name) => kind.of_sensor(name).map_err(ConfigError::from)?,
        None => None,
    };
    let Some(id) = id else {
        let mut tree = store.read_tree().await?;
        tree.documents.retain(|id, _| id.kind() == kind);
        tree.unreadable.retain(|id, _| id.kind() == kind);
        return Ok(tree);
    };
    one_document(store, id).await
}

async fn one_document(store: &dyn Store, id: DocumentId) -> Result<RawTree, Failure> {
    let Some(document) = store.read(&id).await? else {
        return Err(ConfigError::Missing(id).into());
    };
    let mut tree = RawTree::default();
    tree.documents.insert(id, document);
    Ok(tree)
}
