//! One server process that can be stopped and started again on the same files and ports.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::java::JavaCommand;
use crate::running::Running;
use crate::server::{Lifetime, ProcessRecord};
use crate::signal::Signal;
use crate::{LaunchError, RunDir};

/// Generous: several servers may start at once on two busy cores.
pub(crate) const READY_TIMEOUT: Duration = Duration::from_secs(180);

/// For an orderly stop that a test asks for.
const STOP_GRACE: Duration = Duration::from_secs(30);

/// For clean-up, where nobody needs the data any more.
const DROP_GRACE: Duration = Duration::from_secs(3);

/// Given the process's log, says why it is not ready yet.
type ReadyCheck = Box<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

pub(crate) struct Node {
    name: String,
    command: JavaCommand,
    lifetime: Lifetime,
    ready: ReadyCheck,
    running: Mutex<Option<Running>>,
    // Dropped after the process: the struct's own Drop stops it first.
    run_dir: Arc<RunDir>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Node")
            .field("name", &self.name)
            .field("running", &*self.lock())
            .finish_non_exhaustive()
    }
}

impl Node {
    /// Starts the process and waits until it is ready.
    pub fn start(
        name: impl Into<String>,
        command: JavaCommand,
        run_dir: &Arc<RunDir>,
        lifetime: &Lifetime,
        ready: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
    ) -> Result<Self, LaunchError> {
        let node = Self {
            name: name.into(),
            command,
            lifetime: lifetime.clone(),
            ready: Box::new(ready),
            running: Mutex::new(None),
            run_dir: Arc::clone(run_dir),
        };
        node.start_again()?;
        Ok(node)
    }

    /// Starts the process unless it runs.
    pub fn start_again(&self) -> Result<(), LaunchError> {
        let mut slot = self.lock();
        if slot
            .as_mut()
            .is_some_and(|running| running.ended().is_none())
        {
            return Ok(());
        }
        let command = self.command.to_command();
        let last_signal = self.command.last_signal();
        let log = self.log_path();
        let mut running = Running::spawn(&self.name, command, &log, &self.lifetime, last_signal)?;
        running
            .wait_until(READY_TIMEOUT, &self.ready)
            .map_err(|error| self.with_lasting_log(error))?;
        *slot = Some(running);
        Ok(())
    }

    /// An orderly stop: SIGTERM, after a grace SIGKILL. Nothing happens when it is down.
    pub fn stop(&self) {
        if let Some(mut running) = self.lock().take() {
            running.stop(STOP_GRACE);
        }
    }

    /// `kill -9`
    pub fn kill(&self) {
        if let Some(mut running) = self.lock().take() {
            running.kill();
        }
    }

    /// Halts the process without ending it (SIGSTOP), so that it looks hung to its clients.
    pub fn pause(&self) {
        if let Some(running) = self.lock().as_mut() {
            running.signal(Signal::Stop);
        }
    }

    /// Ends a [`Self::pause`].
    pub fn resume(&self) {
        if let Some(running) = self.lock().as_mut() {
            running.signal(Signal::Continue);
        }
    }

    /// The process, if it is up.
    pub fn record(&self) -> Option<ProcessRecord> {
        let mut slot = self.lock();
        let running = slot.as_mut()?;
        if running.ended().is_some() {
            None
        } else {
            Some(running.record())
        }
    }

    /// The whole log of the current process.
    pub fn log_text(&self) -> String {
        self.lock()
            .as_ref()
            .map(Running::log_text)
            .unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.run_dir.join(format!("{}.log", self.name))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run directory is about to go: the error names a copy of the log.
    fn with_lasting_log(&self, error: LaunchError) -> LaunchError {
        match self.run_dir.save_logs() {
            Some(folder) => error.with_log(folder.join(format!("{}.log", self.name))),
            None => error,
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let kept = self.run_dir.is_kept() && self.lifetime != Lifetime::Scoped;
        let Some(mut running) = self.lock().take() else {
            return;
        };
        if kept {
            running.abandon();
        } else {
            running.stop(DROP_GRACE);
        }
    }
}

/// A [`ReadyCheck`] for a line in the log.
pub(crate) fn log_has(sign: &'static str) -> impl Fn(&str) -> Result<(), String> + Send + Sync {
    move |log| {
        if log.contains(sign) {
            Ok(())
        } else {
            Err(format!("its log lacks `{sign}`"))
        }
    }
}
