//! What runs in a YARN cluster's containers, seen from outside: processes, pid files, logs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::signal::{self, Signal};
use crate::{LaunchError, Yarn, http};

/// What the node manager itself writes beside a container's logs.
const NODE_MANAGERS_FILES: [&str; 4] = [
    "directory.info",
    "launch_container.sh",
    "prelaunch.err",
    "prelaunch.out",
];

/// A container whose process runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct YarnContainer {
    /// `container_...`
    pub id: String,
    /// Its node, counted from 0.
    pub node: usize,
    /// The leader of its session: the process that became the container's command.
    pub pid: u32,
}

/// A process that belongs to an application, by its environment or by where it works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerProcess {
    pub pid: u32,
    /// Its arguments, with spaces between.
    pub command: String,
}

impl Yarn {
    /// What the resource manager tells of an application: `state`, `finalStatus`, `diagnostics`,
    /// `runningContainers` and more.
    pub fn application(&self, application: &str) -> Result<serde_json::Value, LaunchError> {
        let answer = http::get(&format!("{}/ws/v1/cluster/apps/{application}", self.url()))?;
        if answer.is_success() {
            return Ok(answer.json()["app"].clone());
        }
        let detail = format!("status {}: {}", answer.status, answer.text());
        let action = format!("describe {application}");
        Err(LaunchError::refused("yarn", action, detail))
    }

    /// The ids of all applications, ended ones too, the oldest first.
    pub fn applications(&self) -> Result<Vec<String>, LaunchError> {
        let answer = http::get(&format!("{}/ws/v1/cluster/apps", self.url()))?;
        if !answer.is_success() {
            let detail = format!("status {}: {}", answer.status, answer.text());
            return Err(LaunchError::refused("yarn", "list applications", detail));
        }
        let apps = answer.json()["apps"]["app"].as_array().cloned();
        let mut ids: Vec<String> = apps
            .unwrap_or_default()
            .iter()
            .filter_map(|app| app["id"].as_str().map(str::to_owned))
            .collect();
        ids.sort();
        Ok(ids)
    }

    /// Processes that run in containers.
    pub fn container_processes(&self) -> Vec<u32> {
        self.node_managers
            .iter()
            .flat_map(|node| signal::working_below(&node.folder.join("local")))
            .collect()
    }

    /// The running containers of an application on all nodes, its master's too, sorted by id.
    pub fn containers(&self, application: &str) -> Vec<YarnContainer> {
        let mut found = Vec::new();
        for (node, node_manager) in self.node_managers.iter().enumerate() {
            let folder = node_manager
                .folder
                .join("local/nmPrivate")
                .join(application);
            for place in entries(&folder) {
                let Some(id) = file_name(&place) else {
                    continue;
                };
                let pid_file = place.join(format!("{id}.pid"));
                let pid = fs::read_to_string(pid_file).unwrap_or_default();
                let Ok(pid) = pid.trim().parse() else {
                    continue;
                };
                if signal::look_up(pid).is_some_and(|(state, _)| state != 'Z') {
                    found.push(YarnContainer { id, node, pid });
                }
            }
        }
        found.sort();
        found
    }

    /// `kill -9` of the session leader of a container and of its process group, as the node manager
    /// would. Other process groups that the container started are not reached.
    pub fn kill_container(&self, container: &YarnContainer) {
        // It may have ended in between.
        let _ = signal::send_to_group(container.pid, Signal::Kill);
    }

    /// Every process that an application has, wherever it runs: by the variable `CONTAINER_ID` in
    /// its environment, or by its working directory. Empty when nothing was left behind.
    pub fn processes_of(&self, application: &str) -> Vec<ContainerProcess> {
        // container_<timestamp>_<number>_..., with an epoch after a restart of the resource manager.
        let number = application.trim_start_matches("application");
        let mark = format!("{number}_");
        processes_where(application, |id| id.contains(&mark))
    }

    /// Every process that a container has, likewise.
    pub fn processes_in(&self, container: &str) -> Vec<ContainerProcess> {
        processes_where(container, |id| id == container)
    }

    /// Where a container writes `stdout`, `stderr` and other logs; they outlive it.
    pub fn container_log_dir(&self, container: &str) -> Option<PathBuf> {
        self.log_dirs()
            .into_iter()
            .find(|place| file_name(place).is_some_and(|name| name == container))
    }

    /// What a container has written to one of its logs; empty if nothing.
    pub fn container_log(&self, container: &str, name: &str) -> String {
        let Some(place) = self.container_log_dir(container) else {
            return String::new();
        };
        let bytes = fs::read(place.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// All that the programs in containers have written, with a heading for each file.
    pub fn all_container_logs(&self) -> String {
        let mut text = String::new();
        for place in self.log_dirs() {
            for file in entries(&place) {
                if file_name(&file).is_some_and(|name| NODE_MANAGERS_FILES.contains(&&*name)) {
                    continue;
                }
                let bytes = fs::read(&file).unwrap_or_default();
                if bytes.is_empty() {
                    continue;
                }
                text += &format!("==> {}\n", file.display());
                text += &String::from_utf8_lossy(&bytes);
                text += "\n";
            }
        }
        text
    }

    /// The directories of all containers' logs.
    fn log_dirs(&self) -> Vec<PathBuf> {
        self.node_managers
            .iter()
            .flat_map(|node| entries(&node.folder.join("logs")))
            .flat_map(|application| entries(&application))
            .collect()
    }
}

/// Processes whose variable `CONTAINER_ID` is one of those wanted, or that work in or below a
/// directory of this name.
fn processes_where(folder: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<ContainerProcess> {
    let is_ours = |place: &Path| {
        let environment = fs::read(place.join("environ")).unwrap_or_default();
        let is_named = environment
            .split(|byte| *byte == 0)
            .filter_map(|entry| std::str::from_utf8(entry).ok())
            .filter_map(|entry| entry.strip_prefix("CONTAINER_ID="))
            .any(&is_wanted);
        let works_there = || {
            let cwd = fs::read_link(place.join("cwd")).unwrap_or_default();
            cwd.components().any(|part| part.as_os_str() == folder)
        };
        is_named || works_there()
    };
    entries(Path::new("/proc"))
        .into_iter()
        .filter_map(|place| Some((file_name(&place)?.parse().ok()?, place)))
        .filter(|(_, place)| is_ours(place))
        .map(|(pid, place)| ContainerProcess {
            pid,
            command: command_line(&place),
        })
        .collect()
}

/// What is in a directory, sorted; nothing when there is no such directory.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn file_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}

fn command_line(process: &Path) -> String {
    let bytes = fs::read(process.join("cmdline")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).replace('\0', " ");
    text.trim_end().to_owned()
}
