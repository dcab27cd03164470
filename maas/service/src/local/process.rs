//! One model process with everything it starts.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alidade_maas_core::{ENDPOINT_FILE, Endpoint, read_endpoint_file, rewrite_host};
use futures::future::BoxFuture;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::Inner;
use super::guard::signal_group;
use super::logs::{drain, tail};
use super::remove_directory;
use crate::LaunchError;
use crate::launcher::{LaunchAnswer, RunningModel};

const PAUSE: Duration = Duration::from_millis(100);
/// After the kill, processes have this long to be gone.
const AFTER_KILL: Duration = Duration::from_secs(2);
const MAX_ENDPOINT_FILE: u64 = 64 * 1024;
/// How much of a failed model's error output goes into the reason.
const TAIL: usize = 600;
/// A file that was just written may be busy while another process is being started.
const BUSY_ATTEMPTS: u32 = 20;

#[derive(Debug)]
pub(super) struct LocalModel {
    inner: Arc<Inner>,
    directory: PathBuf,
    child: Child,
    group: i32,
    error_log: PathBuf,
    is_gone: bool,
}

impl LocalModel {
    pub(super) async fn start(
        inner: &Arc<Inner>,
        directory: PathBuf,
        script: &Path,
        logs: &Path,
        log_stem: &str,
    ) -> Result<LocalModel, LaunchError> {
        let mut child = start_script(inner, &directory, script).await?;
        let out_log = logs.join(format!("{log_stem}.stdout.log"));
        let error_log = logs.join(format!("{log_stem}.stderr.log"));
        let limit = inner.options.log_bytes;
        if let Some(output) = child.stdout.take() {
            tokio::spawn(drain(output, out_log, limit));
        }
        if let Some(output) = child.stderr.take() {
            tokio::spawn(drain(output, error_log.clone(), limit));
        }
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .unwrap_or(0);
        Ok(LocalModel {
            inner: inner.clone(),
            directory,
            child,
            group,
            error_log,
            is_gone: false,
        })
    }

    async fn wait_for_endpoint(&mut self) -> Result<Endpoint, LaunchError> {
        let path = self.directory.join(ENDPOINT_FILE);
        let mut complaint = String::new();
        loop {
            match read_small_file(&path) {
                Ok(content) => match read_endpoint_file(&content) {
                    Ok(mut endpoint) => {
                        if let Some(url) = rewrite_host(&endpoint.url, &self.inner.options.host) {
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
                _ = self.child.wait() => return Err(LaunchError::Ended(self.wait_for_end().await)),
                () = sleep(PAUSE) => {}
            }
        }
    }

    async fn wait_for_end(&mut self) -> String {
        let how = match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        // The last words may still be on their way to the file.
        sleep(PAUSE).await;
        let last_words = tail(&self.error_log, TAIL);
        if last_words.is_empty() {
            return how;
        }
        format!("{how}; its last words: {last_words}")
    }

    async fn end(&mut self, grace: Duration) {
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
        self.inner.guard.forget(self.group);
        remove_directory(&self.directory);
    }
}

impl Drop for LocalModel {
    fn drop(&mut self) {
        if self.is_gone {
            return;
        }
        signal_group(self.group, libc::SIGKILL);
        self.finish();
    }
}

impl RunningModel for LocalModel {
    fn describe(&self) -> String {
        format!(
            "process group {} in {}, errors in {}",
            self.group,
            self.directory.display(),
            self.error_log.display()
        )
    }

    fn endpoint(&mut self) -> LaunchAnswer<'_, Endpoint> {
        Box::pin(self.wait_for_endpoint())
    }

    fn ended(&mut self) -> BoxFuture<'_, String> {
        Box::pin(self.wait_for_end())
    }

    fn stop(&mut self, grace: Duration) -> BoxFuture<'_, ()> {
        Box::pin(self.end(grace))
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
    let file = std::fs::File::open(path)?;
    file.take(MAX_ENDPOINT_FILE).read_to_end(&mut content)?;
    Ok(content)
}

/// Runs the script in its own process group, in its directory; by the shell if it does not say what runs it.
async fn start_script(
    inner: &Inner,
    directory: &Path,
    script: &Path,
) -> Result<Child, LaunchError> {
    let mut attempt = 1;
    let mut by_shell = false;
    loop {
        let announcer = inner.guard.announcer()?;
        let mut command = if by_shell {
            let mut command = Command::new("/bin/sh");
            command.arg(script);
            command
        } else {
            Command::new(script)
        };
        command
            .current_dir(directory)
            .envs(
                inner
                    .options
                    .environment
                    .iter()
                    .map(|(key, value)| (key, value)),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        announcer.attach(&mut command);
        match command.spawn() {
            Ok(child) => return Ok(child),
            Err(error) if error.raw_os_error() == Some(libc::ENOEXEC) && !by_shell => {
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
                    path: script.to_owned(),
                    source,
                });
            }
        }
    }
}
