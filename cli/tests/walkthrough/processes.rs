//! Which processes work in a folder: how the tests see that nothing is left.

use std::fs;
use std::path::Path;

/// Process id and command line of everything whose working directory is `folder` or below.
pub fn working_below(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let mut found: Vec<String> = entries
        .flatten()
        .filter(|entry| {
            fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
        })
        .map(|entry| {
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            format!("{} {command}", entry.file_name().to_string_lossy())
        })
        .collect();
    found.sort();
    found
}
