//! Grok pattern files: from folders, then the built-in ones.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use alidade_parsers::PatternSource;

/// Pattern files below some folders. Upstream looks in HDFS and then on the class path; here it is the folder given, the
/// configuration folder of the installation, and what is built in.
pub struct FolderPatterns {
    roots: Vec<PathBuf>,
}

impl FolderPatterns {
    pub fn new(given: Option<PathBuf>) -> Self {
        let mut roots: Vec<PathBuf> = given.into_iter().collect();
        roots.push(crate::files::shipped_config());
        FolderPatterns { roots }
    }
}

impl PatternSource for FolderPatterns {
    fn read(&self, path: &str) -> Result<Option<String>, std::io::Error> {
        let relative = Path::new(path.trim_start_matches('/'));
        let leaves_the_root = relative
            .components()
            .any(|part| !matches!(part, Component::Normal(_)));
        if leaves_the_root {
            return Ok(None);
        }
        for root in &self.roots {
            match std::fs::read_to_string(root.join(relative)) {
                Ok(text) => return Ok(Some(text)),
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}
