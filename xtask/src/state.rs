//! What is up, in a file.

use std::fs;
use std::path::{Path, PathBuf};

use alidade_testkit::{ProcessRecord, Server, cache_dir};
use serde::{Deserialize, Serialize};

use crate::XtaskError;
use crate::kind::Kind;

/// All servers started by `servers up`.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub servers: Vec<Started>,
}

/// One of them.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Started {
    pub kind: Kind,
    /// What it is and where: (`url`, `http://127.0.0.1:9200`).
    pub addresses: Vec<(String, String)>,
    pub processes: Vec<StartedProcess>,
    pub run_dir: PathBuf,
}

/// The start time tells the process from a later one with the same pid.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StartedProcess {
    pub name: String,
    pub pid: u32,
    /// Clock ticks since boot.
    pub start_time: u64,
}

impl StartedProcess {
    pub fn record(&self) -> ProcessRecord {
        ProcessRecord {
            name: self.name.clone(),
            pid: self.pid,
            start_time: self.start_time,
        }
    }
}

impl Started {
    pub fn of(kind: Kind, server: &dyn Server) -> Self {
        let processes = server
            .processes()
            .into_iter()
            .map(|process| StartedProcess {
                name: process.name,
                pid: process.pid,
                start_time: process.start_time,
            });
        Self {
            kind,
            addresses: server.addresses(),
            processes: processes.collect(),
            run_dir: server.run_dir().to_path_buf(),
        }
    }

    /// Whether all of its processes run.
    pub fn is_up(&self) -> bool {
        self.processes
            .iter()
            .all(|process| process.record().is_running())
    }

    /// The address with this label.
    pub fn address(&self, label: &str) -> Option<&str> {
        let found = self.addresses.iter().find(|(known, _)| known == label);
        found.map(|(_, address)| address.as_str())
    }
}

impl State {
    /// `state.json` in the servers cache.
    pub fn path() -> PathBuf {
        cache_dir().join("state.json")
    }

    /// An absent file means that nothing is up.
    pub fn load(path: &Path) -> Result<Self, XtaskError> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(source) => {
                return Err(XtaskError::Io {
                    action: "read",
                    path: path.to_path_buf(),
                    source,
                });
            }
        };
        serde_json::from_slice(&text).map_err(|source| XtaskError::State {
            path: path.to_path_buf(),
            source,
        })
    }

    /// Replaces the file as a whole.
    pub fn save(&self, path: &Path) -> Result<(), XtaskError> {
        let failed = |action, path: &Path, source| XtaskError::Io {
            action,
            path: path.to_path_buf(),
            source,
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .map_err(|source| failed("create directory", folder, source))?;
        }
        let text = serde_json::to_vec_pretty(self).map_err(|source| XtaskError::State {
            path: path.to_path_buf(),
            source,
        })?;
        let new = path.with_extension("json.new");
        fs::write(&new, text).map_err(|source| failed("write", &new, source))?;
        fs::rename(&new, path).map_err(|source| failed("replace", path, source))
    }

    pub fn find(&self, kind: Kind) -> Option<&Started> {
        self.servers.iter().find(|server| server.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alidade_testkit::RunDir;

    #[test]
    fn is_read_as_it_was_written() {
        let place = RunDir::new("state").unwrap();
        let path = place.join("deeper/state.json");
        assert_eq!(State::load(&path).unwrap(), State::default());
        let process = StartedProcess {
            name: "kafka".into(),
            pid: 77,
            start_time: 1,
        };
        let started = Started {
            kind: Kind::Kafka,
            addresses: vec![("bootstrap servers".into(), "127.0.0.1:9092".into())],
            processes: vec![process],
            run_dir: "/tmp/x".into(),
        };
        let state = State {
            servers: vec![started],
        };
        state.save(&path).unwrap();
        let read = State::load(&path).unwrap();
        assert_eq!(read, state);
        let kafka = read.find(Kind::Kafka).unwrap();
        assert_eq!(kafka.address("bootstrap servers"), Some("127.0.0.1:9092"));
        assert!(!kafka.is_up());
    }

    #[test]
    fn a_broken_file_is_named() {
        let place = RunDir::new("state").unwrap();
        let path = place
            .write("state.json", "{\"servers\":[{\"kind\":\"oracle\"}]}")
            .unwrap();
        let error = State::load(&path).unwrap_err().to_string();
        assert!(
            error.contains("state.json is not a list of servers"),
            "{error}"
        );
        assert!(error.contains("unknown variant `oracle`"), "{error}");
    }
}
