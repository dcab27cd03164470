//! Files of applications that ended without their master, as those that YARN has killed.

use std::collections::BTreeSet;

use alidade_hadoop::{ApplicationId, FileSystem, ResourceManager};

use super::FOLDER;

/// More files than those of any number of applications at a time.
const MOST_FILES: usize = 10_000;

/// Deletes the directories of this user's applications that have ended, as far as this resource manager remembers them:
/// what it does not know may be another cluster's. It is no matter if that does not work.
pub async fn delete(files: &FileSystem, resource_manager: &ResourceManager) {
    let folder = format!("{}/{FOLDER}", files.home());
    let Ok(found) = files.files_below(&folder, MOST_FILES).await else {
        return;
    };
    let paths = found.iter().map(|file| file.path.as_str());
    for id in applications(&folder, paths) {
        let report = resource_manager.application_report(id).await;
        if !report.is_ok_and(|report| report.state.is_final()) {
            continue;
        }
        if let Err(error) = files.delete(&format!("{folder}/{id}")).await {
            tracing::debug!(%id, %error, "the files of an application that has ended stay in HDFS");
        }
    }
}

/// Whose files these are.
fn applications<'a>(folder: &str, paths: impl Iterator<Item = &'a str>) -> BTreeSet<ApplicationId> {
    let mut ids = BTreeSet::new();
    for path in paths {
        let relative = path
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/'));
        let name = relative.and_then(|relative| relative.split('/').next());
        if let Some(id) = name.and_then(|name| name.parse().ok()) {
            ids.insert(id);
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_directories_of_applications_count() {
        let paths = [
            "/user/me/.alidade/application_1_0002/.alidade/alidade",
            "/user/me/.alidade/application_1_0002/state.json",
            "/user/me/.alidade/notes/application_1_0003",
            "/user/you/.alidade/application_1_0004/stop",
        ];
        let ids: Vec<String> = applications("/user/me/.alidade", paths.into_iter())
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(ids, ["application_1_0002"]);
    }
}
