//! Running a binary of our own in a test.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use crate::running::Running;
use crate::server::Lifetime;
use crate::signal::Signal;
use crate::{LaunchError, RunDir};

/// For a process that is still up when its value is dropped.
const DROP_GRACE: Duration = Duration::from_secs(5);

/// What to run.
#[derive(Debug)]
pub struct ProcessBuilder {
    name: String,
    command: Command,
}

impl ProcessBuilder {
    /// `program` is a path, for example `env!("CARGO_BIN_EXE_alidade")`.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref();
        let name = Path::new(program)
            .file_name()
            .unwrap_or(program)
            .to_string_lossy()
            .into_owned();
        Self {
            name,
            command: Command::new(program),
        }
    }

    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Starts it in a process group of its own, with both outputs in one log file.
    pub fn spawn(self) -> Result<Process, LaunchError> {
        let run_dir = RunDir::new(&self.name)?;
        let log = run_dir.join(format!("{}.log", self.name));
        let running = Running::spawn(
            &self.name,
            self.command,
            &log,
            &Lifetime::Scoped,
            Signal::Kill,
        )?;
        Ok(Process {
            running,
            log,
            _run_dir: run_dir,
        })
    }
}

/// A running program. Dropping it ends it (SIGTERM, then SIGKILL) and all that is in its group.
#[derive(Debug)]
pub struct Process {
    running: Running,
    log: PathBuf,
    _run_dir: RunDir,
}

impl Process {
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Everything it wrote so far to standard output and standard error.
    pub fn log(&self) -> String {
        self.running.log_text()
    }

    /// The file behind [`Self::log`]; it goes with this value.
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    pub fn is_running(&mut self) -> bool {
        self.running.ended().is_none()
    }

    /// Waits for the first complete line that contains `part` and returns the line.
    ///
    /// # Errors
    /// When the process ends without writing it or `timeout` is over; both show the log's tail.
    pub fn wait_for_line(&mut self, part: &str, timeout: Duration) -> Result<String, LaunchError> {
        self.running.wait_until(timeout, |log| {
            log.split_inclusive('\n')
                .filter(|line| line.ends_with('\n'))
                .find(|line| line.contains(part))
                .map(|line| line.trim_end().to_owned())
                .ok_or_else(|| format!("no line contains `{part}`"))
        })
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&mut self) {
        self.running.signal(Signal::Terminate);
    }

    /// Ends it at once (SIGKILL). Its children live on until this value is dropped.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Halts it (SIGSTOP), so that it looks hung to others.
    pub fn pause(&mut self) {
        self.running.signal(Signal::Stop);
    }

    /// Ends a [`Self::pause`].
    pub fn resume(&mut self) {
        self.running.signal(Signal::Continue);
    }

    /// Waits for it to end; `code()` of the status is `None` after a deadly signal.
    ///
    /// # Errors
    /// When it still runs after `timeout`.
    pub fn wait(&mut self, timeout: Duration) -> Result<ExitStatus, LaunchError> {
        if let Some(status) = self.running.wait(timeout) {
            return Ok(status);
        }
        self.running.wait_until(Duration::ZERO, |_| {
            Err::<ExitStatus, _>("it has not ended".into())
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.running.stop(DROP_GRACE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal;
    use std::os::unix::process::ExitStatusExt;

    const SOON: Duration = Duration::from_secs(10);

    fn shell(script: &str) -> Process {
        ProcessBuilder::new("/bin/sh")
            .arg("-c")
            .arg(script)
            .spawn()
            .unwrap()
    }

    #[test]
    fn gives_lines_and_the_exit_code() {
        let mut process = shell("echo one; echo port=$PORT >&2; exit 3");
        assert_eq!(process.wait_for_line("port=", SOON).unwrap(), "port=");
        assert_eq!(process.wait(SOON).unwrap().code(), Some(3));
        assert_eq!(process.log(), "one\nport=\n");
        let error = process
            .wait_for_line("never", SOON)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("sh ended before it was ready (exit status: 3)"),
            "{error}"
        );
    }

    #[test]
    fn hears_sigterm_and_cannot_ignore_sigkill() {
        let mut obedient =
            shell("trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done");
        obedient.wait_for_line("up", SOON).unwrap();
        obedient.terminate();
        assert_eq!(obedient.wait(SOON).unwrap().code(), Some(7));
        assert!(obedient.log().contains("bye"));

        let mut stubborn = shell("trap '' TERM; echo up; while :; do sleep 0.05; done");
        stubborn.wait_for_line("up", SOON).unwrap();
        stubborn.terminate();
        let error = stubborn
            .wait(Duration::from_millis(300))
            .unwrap_err()
            .to_string();
        assert!(error.contains("it has not ended"), "{error}");
        stubborn.kill();
        assert_eq!(stubborn.wait(SOON).unwrap().signal(), Some(libc::SIGKILL));
    }

    #[test]
    fn children_left_behind_go_with_the_value() {
        let mut process = shell("sleep 1000 & echo child=$!; wait");
        let line = process.wait_for_line("child=", SOON).unwrap();
        let child: u32 = line.trim_start_matches("child=").parse().unwrap();
        process.kill();
        assert!(signal::look_up(child).is_some());
        drop(process);
        crate::eventually(SOON, || match signal::look_up(child) {
            None | Some(('Z', _)) => Ok(()),
            Some(_) => Err("the child still runs"),
        });
    }

    #[test]
    fn a_missing_program_is_an_error() {
        let error = ProcessBuilder::new("/nowhere/alidade")
            .spawn()
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("cannot run /nowhere/alidade"), "{error}");
    }
}
