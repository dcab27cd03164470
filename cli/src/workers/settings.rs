//! What master and workers of an application are told, in a file beside the program.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::plan::is_below;
use crate::CliError;

/// More than all files that are taken along.
const MOST_BYTES: u64 = 32 << 20;

/// Settings of an application. They may hold passwords: the file is for its user's eyes only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The stage command that each worker runs.
    pub command: String,
    pub arguments: Vec<String>,
    /// Files in a worker's working directory, in base64.
    pub files: BTreeMap<String, String>,
    /// How many there are to be.
    pub workers: usize,
    pub memory_mb: i64,
    pub virtual_cores: i32,
    pub node_label: Option<String>,
    /// The application's directory in HDFS.
    pub directory: String,
    /// The file system of that directory.
    pub file_system: String,
    /// What each worker needs of that directory, by names.
    pub resources: Vec<String>,
    pub has_keytab: bool,
    pub has_kerberos_conf: bool,
}

impl Settings {
    /// Reads the file.
    ///
    /// # Errors
    /// When it is not there or not readable.
    pub fn read(path: &Path) -> Result<Settings, CliError> {
        use std::io::Read;
        let failed = |error| CliError::file(path, error);
        let mut content = Vec::new();
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(MOST_BYTES)
            .read_to_end(&mut content)
            .map_err(failed)?;
        serde_json::from_slice(&content)
            .map_err(|error| CliError::Failed(format!("{}: {error}", path.display())))
    }

    /// The content of the file.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CliError> {
        serde_json::to_vec(self).map_err(CliError::failed)
    }

    /// Brings the files into this form.
    pub fn encode_files(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, String> {
        let files = files.iter();
        files
            .map(|(name, content)| (name.clone(), STANDARD.encode(content)))
            .collect()
    }

    /// Writes the files below a folder, for this user only.
    ///
    /// # Errors
    /// When one has no proper name or cannot be written.
    pub fn write_files(&self, folder: &Path) -> Result<(), CliError> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;
        for (name, content) in &self.files {
            let path = folder.join(name);
            if !is_below(name) {
                return Err(CliError::Failed(format!("{name:?} is no name of a file")));
            }
            let content = STANDARD
                .decode(content)
                .map_err(|error| CliError::Failed(format!("{name}: {error}")))?;
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).map_err(|error| CliError::file(parent, error))?;
            }
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let mut file = options
                .open(&path)
                .map_err(|error| CliError::file(&path, error))?;
            file.write_all(&content)
                .map_err(|error| CliError::file(&path, error))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str) -> Settings {
        let files = BTreeMap::from([(name.to_owned(), b"content\xff".to_vec())]);
        Settings {
            command: "start_parser_topology".into(),
            arguments: vec!["--sensor=\"a\"".into()],
            files: Settings::encode_files(&files),
            workers: 2,
            memory_mb: 512,
            virtual_cores: 1,
            node_label: None,
            directory: "/user/me/.alidade/application_1_0001".into(),
            file_system: "hdfs://nn:8020".into(),
            resources: Vec::new(),
            has_keytab: false,
            has_kerberos_conf: false,
        }
    }

    #[test]
    fn settings_and_files_arrive() {
        let folder = tempfile::tempdir().unwrap();
        let (path, settings) = (folder.path().join("settings"), settings("a/b"));
        std::fs::write(&path, settings.to_bytes().unwrap()).unwrap();
        let read = Settings::read(&path).unwrap();
        assert_eq!(read, settings);
        read.write_files(folder.path()).unwrap();
        assert_eq!(
            std::fs::read(folder.path().join("a/b")).unwrap(),
            b"content\xff"
        );
    }

    #[test]
    fn no_file_is_written_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../a", "/tmp/a", ""] {
            assert!(settings(name).write_files(folder.path()).is_err(), "{name}");
        }
        assert!(Settings::read(&folder.path().join("none")).is_err());
    }
}
