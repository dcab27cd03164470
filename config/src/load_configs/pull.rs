use std::fs;

use super::Failure;
use super::request::Pull;
use crate::{FolderStore, Store};

/// Writes every document to its file. Without force, no file is written if any exists.
pub(super) async fn run(store: &dyn Store, pull: &Pull) -> Result<(), Failure> {
    let Some(output) = &pull.output else {
        let message = "Output directory is required when performing a PULL operation.";
        return Err(Failure::Request(message.to_owned()));
    };
    let tree = store.read_tree().await?;
    let folder = FolderStore::new(output);
    if let Some((id, reason)) = tree.unreadable.first_key_value() {
        return Err(Failure::Request(format!("cannot pull {id}: {reason}")));
    }
    if !pull.is_forced {
        let mut files = tree.documents.keys().map(|id| folder.path_of(id));
        if let Some(existing) = files.find(|file| file.exists()) {
            return Err(Failure::Request(format!(
                "Unable to overwrite existing file ({}) without the force flag (-f or --force) being set.",
                existing.display()
            )));
        }
    }
    fs::create_dir_all(output).map_err(|error| {
        Failure::Request(format!("cannot create {}: {error}", output.display()))
    })?;
    for (id, document) in &tree.documents {
        folder.write(id, &document.bytes).await?;
    }
    Ok(())
}
