//! What the batch writer leaves: files of JSON lines.

use std::path::Path;

use alidade_testkit::Hdfs;

use crate::access_log::{Fields, LINES, in_order};

const FOLDER: &str = "/apps/metron/indexing/indexed/squid";

/// The two events from the files of HDFS; every file has to be complete.
pub fn events_in_hdfs(hdfs: &Hdfs) -> Result<Vec<Fields>, String> {
    // The superuser is the user that runs the test.
    let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    let names = hdfs
        .list(FOLDER, &user)
        .map_err(|error| error.to_string())?;
    let mut lines = Vec::new();
    for name in names {
        check_name(&name)?;
        let path = format!("{FOLDER}/{name}");
        let content = hdfs.read(&path, &user).map_err(|error| error.to_string())?;
        lines.extend(
            String::from_utf8(content)
                .unwrap()
                .lines()
                .map(str::to_owned),
        );
    }
    two_events(&lines)
}

/// The two events from the files of a local folder.
pub fn events_in_folder(folder: &Path) -> Result<Vec<Fields>, String> {
    let mut lines = Vec::new();
    let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    for entry in entries {
        let entry = entry.unwrap();
        check_name(&entry.file_name().to_string_lossy())?;
        let content = std::fs::read_to_string(entry.path()).unwrap();
        lines.extend(content.lines().map(str::to_owned));
    }
    two_events(&lines)
}

/// A file that is still being written has another name.
fn check_name(name: &str) -> Result<(), String> {
    let is_complete = name.starts_with("enrichment-") && name.ends_with(".json");
    if is_complete {
        Ok(())
    } else {
        Err(format!("there is the file {name}"))
    }
}

fn two_events(lines: &[String]) -> Result<Vec<Fields>, String> {
    if lines.len() < LINES.len() {
        return Err(format!("{} lines in complete files", lines.len()));
    }
    assert_eq!(lines.len(), LINES.len(), "{lines:#?}");
    let parsed = lines.iter().map(|line| serde_json::from_str(line).unwrap());
    Ok(in_order(parsed.collect()))
}
