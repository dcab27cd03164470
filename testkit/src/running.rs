//! One child process and its log.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::server::{Lifetime, ProcessRecord};
use crate::signal::{self, Signal};
use crate::{LaunchError, spawner};

const PAUSE: Duration = Duration::from_millis(50);

/// A started process; dropping it ends it and everything left in its group.
#[derive(Debug)]
pub(crate) struct Running {
    name: String,
    child: Child,
    start_time: u64,
    log: PathBuf,
    /// Where this process's part of the log begins: restarts write to the same file.
    log_start: u64,
    status: Option<ExitStatus>,
    abandoned: bool,
}

impl Running {
    /// Starts the command with both outputs appended to `log`. A scoped process gets `last_signal`
    /// when this process is killed.
    pub fn spawn(
        name: &str,
        mut command: Command,
        log: &Path,
        lifetime: &Lifetime,
        last_signal: Signal,
    ) -> Result<Self, LaunchError> {
        let log_failed = |source| LaunchError::io("open", log, source);
        let output = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .map_err(log_failed)?;
        let log_start = output.metadata().map_err(log_failed)?.len();
        let errors = output.try_clone().map_err(log_failed)?;
        let program = PathBuf::from(command.get_program());
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = spawner::spawn(command, lifetime, last_signal)
            .map_err(|source| LaunchError::io("run", &program, source))?;
        let start_time = signal::look_up(child.id()).map_or(0, |(_, start_time)| start_time);
        Ok(Self {
            name: name.to_owned(),
            child,
            start_time,
            log: log.to_path_buf(),
            log_start,
            status: None,
            abandoned: false,
        })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn record(&self) -> ProcessRecord {
        ProcessRecord {
            name: self.name.clone(),
            pid: self.child.id(),
            start_time: self.start_time,
        }
    }

    /// What the process has written so far.
    pub fn log_text(&self) -> String {
        read_from(&self.log, self.log_start)
    }

    /// The exit status, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            // An error would mean that somebody else has reaped our child: nobody does.
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self, timeout: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + timeout;
        loop {
            let status = self.ended();
            if status.is_some() || Instant::now() >= deadline {
                return status;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Waits until `check`, which is given the log, is content.
    pub fn wait_until<T>(
        &mut self,
        timeout: Duration,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, LaunchError> {
        let began = Instant::now();
        loop {
            // Asked before the look at the log, so that the last words of a process count.
            let ended = self.ended();
            let log = self.log_text();
            let reason = match check(&log) {
                Ok(value) => return Ok(value),
                Err(reason) => reason,
            };
            if let Some(status) = ended {
                return Err(LaunchError::ended(&self.name, status, &self.log, &log));
            }
            if began.elapsed() >= timeout {
                return Err(LaunchError::not_ready(
                    &self.name, timeout, reason, &self.log, &log,
                ));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Sends a signal; nothing happens when the process has ended.
    pub fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            // Not reaped, so the pid is still ours; a zombie takes signals without effect.
            let _ = signal::send(self.child.id(), signal);
        }
    }

    /// Asks the process to end and insists after `grace`.
    pub fn stop(&mut self, grace: Duration) {
        self.signal(Signal::Terminate);
        // A process that was paused would not hear it.
        self.signal(Signal::Continue);
        if self.wait(grace).is_none() {
            self.kill();
        }
    }

    /// Ends the process at once (`kill -9`); its children stay until this value is dropped.
    pub fn kill(&mut self) {
        self.signal(Signal::Kill);
        self.wait(Duration::from_secs(30));
    }

    /// Lets the process outlive this value.
    pub fn abandon(&mut self) {
        self.abandoned = true;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.abandoned {
            return;
        }
        self.kill();
        // What is left in the group keeps the group's number from being used again; with nobody
        // left the signal reaches nobody.
        let _ = signal::send_to_group(self.child.id(), Signal::Kill);
    }
}

/// Runs a command to its end; anything but success is an error with the log's tail.
pub(crate) fn run_to_end(
    name: &str,
    command: Command,
    log: &Path,
    timeout: Duration,
) -> Result<(), LaunchError> {
    let mut running = Running::spawn(name, command, log, &Lifetime::Scoped, Signal::Kill)?;
    let status = running.wait(timeout);
    let text = running.log_text();
    match status {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(LaunchError::ended(name, status, log, &text)),
        None => {
            let reason = "it has not ended".to_owned();
            Err(LaunchError::not_ready(name, timeout, reason, log, &text))
        }
    }
}

fn read_from(path: &Path, start: u64) -> String {
    let mut bytes = Vec::new();
    let outcome = fs::File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(start))?;
        file.read_to_end(&mut bytes)
    });
    match outcome {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("(the log {} cannot be read: {error})", path.display()),
    }
}
