//! Commands that run in the background: `--detach`, `status` and `stop`.
//!
//! A detached command writes its process id to `<name>.pid` and its log to `<name>.log` in the run folder:
//! `ALIDADE_RUN_DIR`, or `.alidade/run` in the home folder.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::CliError;

/// How long `stop` waits for a process to finish its batches before it is killed.
const STOP_WITHIN: Duration = Duration::from_secs(40);
/// How long `--detach` watches a new process, to report one that fails at once.
const WATCH_START: Duration = Duration::from_millis(1_500);

/// A command that may run in the background under a name.
pub struct Background {
    folder: PathBuf,
    name: String,
}

impl Background {
    pub fn new(name: &str) -> Self {
        let safe: String = name
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() || "-_.".contains(letter) {
                    letter
                } else {
                    '_'
                }
            })
            .collect();
        Background {
            folder: run_folder(),
            name: safe,
        }
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join(format!("{}.pid", self.name))
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    /// Starts this very program again with `arguments`, detached from the terminal. Returns the text for the user.
    ///
    /// # Errors
    /// When it runs already, cannot be started, or ends within the first moments.
    pub fn start(&self, arguments: &[String]) -> Result<String, CliError> {
        if let Some(pid) = self.running() {
            return Err(CliError::Usage(format!(
                "{} runs already, as process {pid}",
                self.name
            )));
        }
        std::fs::create_dir_all(&self.folder)
            .map_err(|error| CliError::file(&self.folder, error))?;
        let log_file = self.log_file();
        let log = File::create(&log_file).map_err(|error| CliError::file(&log_file, error))?;
        let errors = log
            .try_clone()
            .map_err(|error| CliError::file(&log_file, error))?;
        let program =
            std::env::current_exe().map_err(|error| CliError::Failed(error.to_string()))?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(|error| {
                CliError::Failed(format!("{} cannot be started: {error}", self.name))
            })?;
        let pid_file = self.pid_file();
        let mut pid = File::create(&pid_file).map_err(|error| CliError::file(&pid_file, error))?;
        writeln!(pid, "{}", child.id()).map_err(|error| CliError::file(&pid_file, error))?;
        let watched = Instant::now();
        while watched.elapsed() < WATCH_START {
            if let Ok(Some(status)) = child.try_wait() {
                let _ = std::fs::remove_file(&pid_file);
                return Err(CliError::Failed(format!(
                    "{} has ended at once ({status}); its log is {}:\n{}",
                    self.name,
                    log_file.display(),
                    tail(&log_file)
                )));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(format!(
            "{} runs as process {}; its log is {}",
            self.name,
            child.id(),
            log_file.display()
        ))
    }

    /// Asks the process to stop, waits for it, and kills it when it does not.
    ///
    /// # Errors
    /// When no such process runs.
    pub fn stop(&self) -> Result<String, CliError> {
        let Some(pid) = self.running() else {
            let _ = std::fs::remove_file(self.pid_file());
            return Err(CliError::Failed(format!("{} does not run", self.name)));
        };
        signal(pid, libc::SIGTERM);
        let asked = Instant::now();
        while asked.elapsed() < STOP_WITHIN {
            if self.running().is_none() {
                let _ = std::fs::remove_file(self.pid_file());
                return Ok(format!("{} has stopped", self.name));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        signal(pid, libc::SIGKILL);
        let _ = std::fs::remove_file(self.pid_file());
        Ok(format!(
            "{} did not stop within {} s and was killed",
            self.name,
            STOP_WITHIN.as_secs()
        ))
    }

    /// Whether the process is there.
    pub fn is_running(&self) -> bool {
        self.running().is_some()
    }

    /// The process id, if the process is alive and is one of ours.
    fn running(&self) -> Option<i32> {
        let text = std::fs::read_to_string(self.pid_file()).ok()?;
        let pid: i32 = text.trim().parse().ok()?;
        is_ours(pid).then_some(pid)
    }
}

/// One line for each command that runs in the background, of those whose name starts with `prefix`.
pub fn status(prefix: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(run_folder()) else {
        return Vec::new();
    };
    let mut lines: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()
                .and_then(|name| name.strip_suffix(".pid"))
                .map(str::to_owned)
        })
        .filter(|name| name.starts_with(prefix))
        .map(|name| {
            let background = Background::new(&name);
            match background.running() {
                Some(pid) => format!(
                    "{name} ACTIVE process {pid} log {}",
                    background.log_file().display()
                ),
                None => format!("{name} DEAD log {}", background.log_file().display()),
            }
        })
        .collect();
    lines.sort();
    lines
}

fn run_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("ALIDADE_RUN_DIR") {
        return PathBuf::from(folder);
    }
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from);
    home.join(".alidade/run")
}

/// A process id is given again after a while; a process of another program is not ours to stop.
fn is_ours(pid: i32) -> bool {
    let Ok(command_line) = std::fs::read(format!("/proc/{pid}/cmdline")) else {
        return false;
    };
    let is_alidade = String::from_utf8_lossy(&command_line)
        .split('\0')
        .next()
        .is_some_and(|program| program.contains("alidade"));
    is_alidade && !is_zombie(pid)
}

fn is_zombie(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('Z'))
}

#[allow(unsafe_code)]
fn signal(pid: i32, signal: i32) {
    // SAFETY: kill(2) takes two integers and touches no memory of ours.
    unsafe {
        libc::kill(pid, signal);
    }
}

fn tail(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
