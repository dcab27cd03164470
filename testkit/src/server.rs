//! What all servers have in common.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::LaunchError;
use crate::signal::{self, Signal};

/// How long the processes of a server live, and where its files are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Lifetime {
    /// No longer than the value that stands for the server, nor than this process; files in the
    /// system's temp directory.
    #[default]
    Scoped,
    /// As the value, unless [`Server::detach`] is called: then until they are stopped by pid or by
    /// [`end_all_below`]. If this process is killed before, they stay.
    Detachable {
        /// Directory for the files. Every process works in it or below. The user `nobody` must be
        /// able to enter it when Elasticsearch is started by root.
        root: PathBuf,
    },
}

/// A process named for good: pids are reused, a pid with its start time is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessRecord {
    pub name: String,
    pub pid: u32,
    /// Clock ticks since boot, field 22 of `/proc/<pid>/stat`.
    pub start_time: u64,
}

impl ProcessRecord {
    /// Whether this very process still runs.
    pub fn is_running(&self) -> bool {
        signal::is_running(self.pid, self.start_time)
    }

    /// Asks the process to end; nothing happens when it is gone or the pid is somebody else's now.
    pub fn terminate(&self) {
        if self.is_running() {
            // It may end in between: then there is nothing left to do.
            let _ = signal::send(self.pid, Signal::Terminate);
        }
    }

    /// Ends the process and what it left in its group, at once. Same rule about foreign pids.
    pub fn kill(&self) {
        if self.is_running() {
            let _ = signal::send_to_group(self.pid, Signal::Kill);
            let _ = signal::send(self.pid, Signal::Kill);
        }
    }
}

/// A started server, whatever its kind.
pub trait Server: Send + Sync {
    /// Short lower-case name, for example `kafka`.
    fn name(&self) -> &'static str;
    /// What clients connect to: (what it is, address or URL).
    fn addresses(&self) -> Vec<(String, String)>;
    /// Its running processes.
    fn processes(&self) -> Vec<ProcessRecord>;
    /// Directory with its configuration, data and logs.
    fn run_dir(&self) -> &Path;
    /// Lets the processes and files outlive this value. Only for [`Lifetime::Detachable`].
    fn detach(&self);
}

/// How often [`end_all_below`] looks: a script may start another process while it is being ended.
const SWEEPS: u32 = 100;

/// Ends every process whose working directory is `folder` or below, at once.
pub fn end_all_below(folder: &Path) {
    for _ in 0..SWEEPS {
        let pids = signal::working_below(folder);
        if pids.is_empty() {
            return;
        }
        for pid in pids {
            // It may have ended in between.
            let _ = signal::send(pid, Signal::Kill);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a start and repeats it once if a port was taken in between.
pub(crate) fn retry_port_clash<T>(
    start: impl Fn() -> Result<T, LaunchError>,
) -> Result<T, LaunchError> {
    match start() {
        Err(error) if error.is_port_clash() => start(),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RunDir, eventually};
    use std::cell::Cell;
    use std::process::Command;

    fn failed_start(port_clash: bool) -> LaunchError {
        LaunchError::NotReady {
            server: "kafka".to_owned(),
            after: Duration::ZERO,
            reason: "none".to_owned(),
            log: PathBuf::new(),
            tail: String::new(),
            port_clash,
        }
    }

    #[test]
    fn a_port_clash_is_tried_once_more() {
        let tries = Cell::new(0);
        let outcome = retry_port_clash(|| {
            tries.set(tries.get() + 1);
            if tries.get() == 1 {
                Err(failed_start(true))
            } else {
                Ok(tries.get())
            }
        });
        assert_eq!(outcome.unwrap(), 2);

        tries.set(0);
        let outcome = retry_port_clash(|| {
            tries.set(tries.get() + 1);
            Err::<(), _>(failed_start(true))
        });
        assert!(outcome.is_err());
        assert_eq!(tries.get(), 2);
    }

    #[test]
    fn another_failure_is_not() {
        let tries = Cell::new(0);
        let outcome = retry_port_clash(|| {
            tries.set(tries.get() + 1);
            Err::<(), _>(failed_start(false))
        });
        assert!(outcome.is_err());
        assert_eq!(tries.get(), 1);
    }

    #[test]
    fn ends_only_what_works_below() {
        let (inside, outside) = (
            RunDir::new("inside").unwrap(),
            RunDir::new("outside").unwrap(),
        );
        let below = inside.create_dir("below").unwrap();
        let start = |folder: &Path| {
            Command::new("sleep")
                .arg("1000")
                .current_dir(folder)
                .spawn()
        };
        let (mut ended, mut spared) = (start(&below).unwrap(), start(outside.path()).unwrap());

        // Its working directory is set between fork and exec.
        eventually(Duration::from_secs(10), || {
            match signal::working_below(inside.path()).len() {
                0 => Err("not there yet"),
                _ => Ok(()),
            }
        });
        end_all_below(inside.path());
        assert!(!ended.wait().unwrap().success());
        assert_eq!(spared.try_wait().unwrap(), None);
        spared.kill().unwrap();
        spared.wait().unwrap();
    }
}
