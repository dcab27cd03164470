use std::io::Write;
use std::path::Path;

use super::request::{Push, Selection};
use super::{Failure, judge};
use crate::check::counted;
use crate::fold::fold;
use crate::{Compiler, DocumentId, FolderStore, Kind, Problem, RawDocument, RawTree, Store};

/// What is to be written.
pub(super) struct Prepared {
    pub tree: RawTree,
    /// How many warnings have been told.
    pub warnings: usize,
}

/// Reads and checks what is to be written. Nothing is written when a document is invalid.
pub(super) fn prepare(
    push: &Push,
    compiler: &Compiler,
    err: &mut dyn Write,
) -> Result<Prepared, Failure> {
    let input = push
        .input
        .as_deref()
        .ok_or_else(|| request("Input directory is required when performing a PUSH operation."))?;
    if !input.is_dir() {
        return Err(request(format!(
            "Input directory: {} does not exist or is not a directory.",
            input.display()
        )));
    }
    let whole = FolderStore::new(input).read_tree_blocking()?;
    warn_of_strays(input, err)?;
    let chosen = select(whole, &push.selection, input)?;
    let (blocking, warnings) = judge(&chosen, compiler);
    tell_warnings(&warnings, err)?;
    if !blocking.is_empty() {
        return Err(Failure::Invalid(blocking));
    }
    Ok(Prepared {
        tree: chosen,
        warnings: warnings.len(),
    })
}

/// One line for each warning, and one for many that say the same.
pub(super) fn tell_warnings(warnings: &[Problem], err: &mut dyn Write) -> Result<(), Failure> {
    for folded in fold(warnings) {
        write!(err, "warning: {}", folded.problem.one_line())?;
        match folded.other_places() {
            Some(places) => writeln!(err, "; {places}")?,
            None => writeln!(err)?,
        }
    }
    Ok(())
}

fn request(message: impl Into<String>) -> Failure {
    Failure::Request(message.into())
}

/// The documents that the options name.
fn select(mut tree: RawTree, selection: &Selection, input: &Path) -> Result<RawTree, Failure> {
    // Without content there is nothing to push; upstream skips an empty global or profiler document too.
    tree.documents
        .retain(|id, raw| id.sensor().is_some() || !raw.bytes.is_empty());
    let name = match selection.kind {
        Some(kind) if kind.folder().is_some() => selection.name.as_deref(),
        _ => None,
    };
    let is_chosen = |id: &DocumentId| {
        selection.kind.is_none_or(|kind| kind == id.kind())
            && name.is_none_or(|name| Some(name) == id.sensor())
    };
    tree.documents.retain(|id, _| is_chosen(id));
    tree.unreadable.retain(|id, _| is_chosen(id));
    if !tree.documents.is_empty() || !tree.unreadable.is_empty() {
        return Ok(tree);
    }
    if let Some(name) = name {
        return Err(request(format!("Unable to find configuration for {name}")));
    }
    let what = match selection.kind.map(|kind| (kind, kind.folder())) {
        None => "global.json, parsers/, enrichments/, indexing/ or profiler.json".to_owned(),
        Some((_, Some(folder))) => format!("{folder}/*.json"),
        Some((kind, None)) => format!("{}.json", kind.type_name().to_lowercase()),
    };
    Err(request(format!(
        "There is nothing to push: {} holds no {what}. Is it the right directory?",
        input.display()
    )))
}

/// Upstream pushes every file whatever its name; files that are surely no documents are named instead.
fn warn_of_strays(input: &Path, err: &mut dyn Write) -> Result<(), Failure> {
    for folder in Kind::ALL.into_iter().filter_map(Kind::folder) {
        for path in crate::store::files_in(&input.join(folder))? {
            if path.extension().is_none_or(|extension| extension != "json") {
                let path = path.display();
                writeln!(
                    err,
                    "warning: {path} is not pushed, its name does not end in .json"
                )?;
            }
        }
    }
    Ok(())
}

/// Writes the documents together. As upstream nothing is said about it, unless there were warnings: then a last line tells
/// that they were no more than that.
pub(super) async fn write(
    store: &dyn Store,
    prepared: &Prepared,
    is_dry_run: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let documents = &prepared.tree.documents;
    if !is_dry_run {
        store.write_all(documents).await?;
        if prepared.warnings > 0 {
            writeln!(
                err,
                "{} written to {}, {}",
                counted(documents.len(), "document"),
                store.describe(),
                counted(prepared.warnings, "warning"),
            )?;
        }
        return Ok(());
    }
    for (id, document) in documents {
        announce(store, id, document, out).await?;
    }
    Ok(())
}

/// Says what writing the document would do.
pub(super) async fn announce(
    store: &dyn Store,
    id: &DocumentId,
    document: &RawDocument,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let effect = match store.read(id).await? {
        None => "would be created",
        Some(stored) if stored.bytes == document.bytes => "is the same already",
        Some(_) => "would be changed",
    };
    writeln!(out, "{id} {effect}")?;
    Ok(())
}
