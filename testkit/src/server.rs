//! What all servers have in common.

use std::path::Path;

use crate::LaunchError;
use crate::signal::{self, Signal};

/// How long the processes of a server live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lifetime {
    /// No longer than the value that stands for the server, nor than this process.
    #[default]
    Scoped,
    /// As the value, unless [`Server::detach`] is called: then until they are stopped by pid.
    Detachable,
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

/// Runs a start and repeats it once if a port was taken in between.
pub(crate) fn retry_port_clash<T>(
    start: impl Fn() -> Result<T, LaunchError>,
) -> Result<T, LaunchError> {
    match start() {
        Err(error) if error.is_port_clash() => start(),
        outcome => outcome,
    }
}
