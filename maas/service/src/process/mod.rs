//! One model process with everything it starts.

mod guard;
mod logs;

use std::fmt::Debug;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alidade_maas_core::{ENDPOINT_FILE, Endpoint, read_endpoint_file, rewrite_host};
use tokio::process::{Child, Command};
use tokio::time::sleep;

pub(crate) use self::guard::Guard;
use self::guard::signal_group;
use self::logs::{drain, tail};
use crate::LaunchError;

const PAUSE: Duration = Duration::from_millis(100);
/// After the kill, processes have this long to be gone.
const AFTER_KILL: Duration = Duration::from_secs(2);
const MAX_ENDPOINT_FILE: u64 = 64 * 1024;
/// How much of a failed model's error output goes into the reason.
const TAIL: usize = 600;
/// A file that was just written may be busy while another process is being started.
const BUSY_ATTEMPTS: u32 = 20;

/// What is to be run.
#[derive(Debug)]
pub(crate) struct ProcessPlan {
    /// Where it runs, and where its endpoint file appears.
    pub(crate) directory: PathBuf,
    pub(crate) script: PathBuf,
    /// What clients are told in place of `localhost` and `0.0.0.0`.
    pub(crate) host: String,
    /// Added to the environment.
    pub(crate) environment: Vec<(String, String)>,
    /// Variables of our own environment that the model does not get.
    pub(crate) kept_back: &'static [&'static str],
    pub(crate) out_log: PathBuf,
    pub(crate) error_log: PathBuf,
    /// Size at which a log is turned over.
    pub(crate) log_bytes: u64,
    /// Dropped when the process has ended.
    pub(crate) scratch: Option<Box<dyn Debug + Send + Sync>>,
}

/// A process group that has been started. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct ModelProcess {
    plan: ProcessPlan,
    guard: Arc<Guard>,
    child: Child,
    group: i32,
    is_gone: bool,
}

impl ModelProcess {
    pub(crate) async fn start(
        guard: Arc<Guard>,
        plan: ProcessPlan,
    ) -> Result<ModelProcess, LaunchError> {
        let mut child = start_script(&guard, &plan).await?;
        if let Some(output) = child.stdout.take() {
            tokio::spawn(drain(output, plan.out_log.clone(), plan.log_bytes));
        }
        if let Some(output) = child.stderr.take() {
            tokio::spawn(drain(output, plan.error_log.clone(), plan.log_bytes));
        }
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .unwrap_or(0);
        Ok(ModelProcess {
            plan,
            guard,
            child,
            group,
            is_gone: false,
        })
    }

    /// Where it runs and where its output goes, for people.
    pub(crate) fn describe(&self) -> String {
        format!(
            "process group {} in {}, errors in {}",
            self.group,
            self.plan.directory.display(),
            self.plan.error_log.display()
        )
    }

    /// Waits until the model has said where it answers. Fails when it ends before that.
    pub(crate) async fn endpoint(&mut self) -> Result<Endpoint, LaunchError> {
        let path = self.plan.directory.join(ENDPOINT_FILE);
        let mut complaint = String::new();
        loop {
            match read_small_file(&path) {
                Ok(content) => match read_endpoint_file(&content) {
                    Ok(mut endpoint) => {
                        if let Some(url) = rewrite_host(&endpoint.url, &self.plan.host) {
                            endpoint.url = url;
                        }
                        return Ok(endpoint);
                    }
                    // It may be half written.
                    Err(error) => complain_once(&mut complaint, &path, &error.to_string()),
                },
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => complain_once(&mut complaint, &path, &error.to_string()),
            }
            tokio::select! {
                _ = self.child.wait() => return Err(LaunchError::Ended(self.ended().await)),
                () = sleep(PAUSE) => {}
            }
        }
    }

    /// Waits until the start script has ended, and says how.
    pub(crate) async fn ended(&mut self) -> String {
        let how = match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        // The last words may still be on their way to the file.
        sleep(PAUSE).await;
        let last_words = tail(&self.plan.error_log, TAIL);
        if last_words.is_empty() {
            return how;
        }
        format!("{how}; its last words: {last_words}")
    }

    /// Ends the whole group: asks, and kills after `grace`.
    pub(crate) async fn end(&mut self, grace: Duration) {
        if self.is_gone {
            return;
        }
        signal_group(self.group, libc::SIGTERM);
        if !self.wait_until_empty(grace).await {
            signal_group(self.group, libc::SIGKILL);
            self.wait_until_empty(AFTER_KILL).await;
        }
        self.finish();
    }

    /// True when no process of the group is left within the time.
    async fn wait_until_empty(&mut self, limit: Duration) -> bool {
        let started = Instant::now();
        loop {
            // The leader counts as a member until it has been waited for.
            let leader_ended = matches!(self.child.try_wait(), Ok(Some(_)) | Err(_));
            if leader_ended && !signal_group(self.group, 0) {
                return true;
            }
            if started.elapsed() >= limit {
                return false;
            }
            sleep(PAUSE / 5).await;
        }
    }

    fn finish(&mut self) {
        self.is_gone = true;
        self.guard.forget(self.group);
        self.plan.scratch = None;
    }
}

impl Drop for ModelProcess {
    fn drop(&mut self) {
        if self.is_gone {
            return;
        }
        signal_group(self.group, libc::SIGKILL);
        self.finish();
    }
}

fn complain_once(complaint: &mut String, path: &Path, reason: &str) {
    if complaint != reason {
        tracing::warn!(path = %path.display(), reason, "endpoint file cannot be used yet");
        reason.clone_into(complaint);
    }
}

fn read_small_file(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut content = Vec::new();
    // A pipe of that name must not make us wait.
    let mut options = std::fs::OpenOptions::new();
    let file = options
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    file.take(MAX_ENDPOINT_FILE).read_to_end(&mut content)?;
    Ok(content)
}

/// Runs the script in its own process group, in its directory; by the shell if it does not say what runs it, or may not be
/// executed.
async fn start_script(guard: &Guard, plan: &ProcessPlan) -> Result<Child, LaunchError> {
    let mut attempt = 1;
    let mut by_shell = false;
    loop {
        let announcer = guard.announcer()?;
        let mut command = if by_shell {
            let mut command = Command::new("/bin/sh");
            command.arg(&plan.script);
            command
        } else {
            Command::new(&plan.script)
        };
        for name in plan.kept_back {
            command.env_remove(name);
        }
        command
            .current_dir(&plan.directory)
            .envs(plan.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        announcer.attach(&mut command);
        match command.spawn() {
            Ok(child) => return Ok(child),
            Err(error)
                if matches!(error.raw_os_error(), Some(libc::ENOEXEC | libc::EACCES))
                    && !by_shell =>
            {
                by_shell = true;
            }
            Err(error)
                if error.raw_os_error() == Some(libc::ETXTBSY) && attempt < BUSY_ATTEMPTS =>
            {
                attempt += 1;
                sleep(PAUSE).await;
            }
            Err(source) => {
                return Err(LaunchError::Start {
                    path: plan.script.clone(),
                    source,
                });
            }
        }
    }
}
