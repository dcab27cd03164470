//! Copies of payloads in HDFS.
//!
//! An instance may be started again long after its ADD, when the directory that the ADD named holds something else: the
//! next version, or another model. So each ADD gets a copy of its own, which all of its instances are started from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use alidade_hadoop::{FileSystem, HadoopError, LocalResource, payload_resources};
use alidade_maas_core::{DesiredModel, ENDPOINT_FILE, MaasError, only_script};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::LaunchError;

/// More files than this are not a model.
const MAX_FILES: usize = 10_000;
/// Files copied at once.
const COPIES: usize = 32;
/// Below the user's home directory.
const FOLDER: &str = "MaaS/payloads";

/// The copies that one service keeps.
#[derive(Debug)]
pub(super) struct Payloads {
    files: FileSystem,
    directory: String,
    /// Copies that are being made or used. Noted before they are made, so that none is deleted under someone's hands.
    in_use: Mutex<BTreeSet<String>>,
}

/// A payload that containers can be started with.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) script: String,
    pub(super) resources: BTreeMap<String, LocalResource>,
}

impl Payloads {
    pub(super) fn new(files: FileSystem) -> Payloads {
        let directory = format!("{}/{FOLDER}", files.home());
        Payloads {
            files,
            directory,
            in_use: Mutex::default(),
        }
    }

    /// The copy of a model's payload, which is made where there is none yet.
    pub(super) async fn take(&self, model: &DesiredModel) -> Result<Payload, LaunchError> {
        let copy = self.copy_of(model);
        self.with_in_use(|in_use| in_use.insert(copy.clone()));
        if self.files.status(&copy).await?.is_none() {
            self.copy(model, &copy).await?;
        }
        let resources = payload_resources(&self.files, &copy, MAX_FILES).await?;
        let names = resources.keys().map(String::as_str);
        let script = script_of(&model.path, names)?;
        Ok(Payload { script, resources })
    }

    /// From now on only the copies of these models are needed. Gives the others.
    pub(super) fn forget_others(&self, models: &[DesiredModel]) -> Vec<String> {
        let wanted: BTreeSet<String> = models.iter().map(|model| self.copy_of(model)).collect();
        self.with_in_use(|in_use| {
            let unused = in_use.difference(&wanted).cloned().collect();
            *in_use = wanted;
            unused
        })
    }

    /// Deletes copies that nobody needs, with what there is of unfinished ones. Nothing else is ever deleted: other
    /// services of the same user keep their copies in the same directory.
    pub(super) async fn delete(&self, unused: &[String]) -> Result<(), HadoopError> {
        for copy in unused {
            tracing::info!(path = copy, "deleting the copy of a payload");
            self.files.delete(copy).await?;
            self.files.delete(&format!("{copy}{UNFINISHED}")).await?;
        }
        Ok(())
    }

    /// Fails when a container could not be started with the payload now: HDFS is away, or somebody has deleted the copy.
    pub(super) async fn check(&self, model: &DesiredModel) -> Result<(), LaunchError> {
        let copy = self.copy_of(model);
        if self.files.status(&copy).await?.is_some() {
            return Ok(());
        }
        let reason = format!("its copy {copy} has been deleted; remove the model and add it again");
        let path = model.path.clone();
        Err(LaunchError::Payload(MaasError::Payload { path, reason }))
    }

    /// Refuses what can never be a payload, without looking at it.
    pub(super) fn check_path(&self, path: &str) -> Result<(), LaunchError> {
        self.files.absolute(path)?;
        Ok(())
    }

    fn with_in_use<T>(&self, work: impl FnOnce(&mut BTreeSet<String>) -> T) -> T {
        work(&mut self.in_use.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn copy_of(&self, model: &DesiredModel) -> String {
        // Written by a service that made no copies yet, it has no deployment of its own.
        let name = match model.deployment.as_str() {
            "" => format!("{}-{}-{}", model.name, model.version, model.path),
            deployment => deployment.to_owned(),
        };
        format!("{}/{}", self.directory, plain(&name))
    }

    async fn copy(&self, model: &DesiredModel, copy: &str) -> Result<(), LaunchError> {
        let source = self.files.absolute(&model.path)?;
        let files = self.files.files_below(&source, MAX_FILES).await?;
        let prefix = format!("{}/", source.trim_end_matches('/'));
        let names = files
            .iter()
            .filter_map(|file| file.path.strip_prefix(&prefix));
        script_of(&model.path, names)?;
        let unfinished = format!("{copy}{UNFINISHED}");
        self.files.delete(&unfinished).await?;
        self.files.make_directories(&unfinished, 0o700).await?;
        let mut copies = Vec::new();
        for file in &files {
            match file.path.strip_prefix(&prefix) {
                None | Some(ENDPOINT_FILE) => {}
                Some(name) => copies.push((file.path.clone(), format!("{unfinished}/{name}"))),
            }
        }
        let copying = copies.into_iter().map(|(from, to)| {
            let files = self.files.clone();
            async move { files.copy(&from, &to, 0o700).await }
        });
        let mut copying = stream::iter(copying).buffer_unordered(COPIES);
        while copying.try_next().await?.is_some() {}
        drop(copying);
        self.files.rename(&unfinished, copy).await?;
        tracing::info!(
            model = model.name,
            version = model.version,
            from = source,
            to = copy,
            files = files.len(),
            "payload copied"
        );
        Ok(())
    }
}

const UNFINISHED: &str = ".copying";

/// The one script at the top of a payload.
fn script_of<'n>(path: &str, names: impl Iterator<Item = &'n str>) -> Result<String, LaunchError> {
    let at_the_top = names.filter(|name| !name.contains('/'));
    Ok(only_script(path, at_the_top)?.to_owned())
}

/// A text as the name of a directory.
fn plain(text: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
            c
        } else {
            '-'
        }
    };
    let name: String = text.chars().map(plain).take(200).collect();
    name.trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_exactly_one_script_at_its_top() {
        let script = |names: &[&str]| {
            let found = script_of("/m", names.iter().copied());
            found.map_err(|error| error.to_string())
        };
        assert_eq!(script(&["a.py", "bin/b.sh", "rest.sh"]).unwrap(), "rest.sh");
        let none = script(&["a.py", "bin/b.sh"]).unwrap_err();
        assert!(
            none.contains("/m") && none.contains("exactly one"),
            "{none}"
        );
        let two = script(&["a.sh", "b.sh"]).unwrap_err();
        assert!(two.contains("a.sh, b.sh"), "{two}");
    }

    #[test]
    fn names_of_directories_are_plain() {
        assert_eq!(plain("node1:2181/metron/maas"), "node1-2181-metron-maas");
        assert_eq!(plain("../x"), "-x");
        assert_eq!(plain("dga-1.0_qn"), "dga-1.0_qn");
    }
}
