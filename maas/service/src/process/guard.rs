//! A process that ends all models should the service be killed.
//!
//! A death signal (`PR_SET_PDEATHSIG`) would not do: it reaches the start script only, not what the script has started, and
//! it is tied to the thread that did the start. Instead a shell waits at the other end of a socket for the service to go
//! away, whatever way it goes, and then kills the process groups it has been told of. A model's process announces itself,
//! between fork and exec, so that there is no moment in which it runs unknown to the guard. The shell lives in a session of
//! its own, so that whoever kills our process group or session does not kill it as well. Of our environment it has the path
//! only.

use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use alidade_maas_core::MaasError;

/// Ends when its input ends. It ignores the signals that a terminal sends to everybody.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
groups=' '
while read -r verb group; do
  case "$verb" in
    add) groups="$groups$group " ;;
    del) case "$groups" in
           *" $group "*) groups="${groups%%" $group "*} ${groups#*" $group "}" ;;
         esac ;;
  esac
done
[ "$groups" = ' ' ] && exit 0
for group in $groups; do kill -TERM "-$group" 2>/dev/null; done
sleep 1
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
"#;

#[derive(Debug)]
pub(crate) struct Guard {
    running: Mutex<Running>,
}

#[derive(Debug)]
struct Running {
    process: Child,
    line: Arc<UnixStream>,
}

/// Keeps the line to the guard open while a process is being started.
#[derive(Debug)]
pub(super) struct Announcer {
    line: Arc<UnixStream>,
}

impl Guard {
    pub(crate) fn start() -> Result<Guard, MaasError> {
        let running = start_process().map_err(MaasError::file("start a guard with", "/bin/sh"))?;
        Ok(Guard {
            running: Mutex::new(running),
        })
    }

    /// What a new process needs to announce itself. A guard that has died is replaced; the groups it knew are then
    /// without a guard.
    pub(super) fn announcer(&self) -> Result<Announcer, MaasError> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(running.process.try_wait(), Ok(None)) {
            tracing::warn!("the guard of model processes has died, starting another");
            *running = start_process().map_err(MaasError::file("start a guard with", "/bin/sh"))?;
        }
        Ok(Announcer {
            line: running.line.clone(),
        })
    }

    /// Says that a group has ended, so that its number can be used by others.
    pub(super) fn forget(&self, group: i32) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // A guard that is gone knows no groups either.
        let _ = (&*running.line).write_all(format!("del {group}\n").as_bytes());
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let running = self
            .running
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        // The end of its input ends it; whatever it still knows ends too.
        let _ = running.line.shutdown(std::net::Shutdown::Both);
        let _ = running.process.wait();
    }
}

fn start_process() -> std::io::Result<Running> {
    let (line, far_end) = UnixStream::pair()?;
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", SCRIPT])
        .env_clear()
        .env(
            "PATH",
            std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()),
        )
        .stdin(Stdio::from(OwnedFd::from(far_end)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .current_dir("/");
    // SAFETY: the closure runs in the child between fork and exec, where only async-signal-safe work is allowed. It calls
    // `setsid` and reads `errno`.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(begin_session);
    }
    Ok(Running {
        process: command.spawn()?,
        line: Arc::new(line),
    })
}

fn begin_session() -> std::io::Result<()> {
    // SAFETY: `setsid` takes nothing and touches no memory of ours.
    #[allow(unsafe_code)]
    let session = unsafe { libc::setsid() };
    if session < 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(())
}

impl Announcer {
    /// Lets the process that `command` will start announce its group, which must be its own.
    pub(super) fn attach(&self, command: &mut tokio::process::Command) {
        let line = self.line.as_raw_fd();
        // SAFETY: the closure runs in the child between fork and exec, where only async-signal-safe work is allowed. It
        // formats into an array on the stack and calls `getpid` and `send`; it neither allocates nor locks. The descriptor
        // stays open: `self` keeps its owner, and the caller keeps `self` until the process has been started.
        #[allow(unsafe_code)]
        unsafe {
            command.pre_exec(move || announce(line));
        }
    }
}

/// Sends `add <process id>` in one piece.
fn announce(line: RawFd) -> std::io::Result<()> {
    let mut text = *b"add                 \n";
    let mut rest = std::process::id();
    let mut at = text.len() - 2;
    loop {
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
        at -= 1;
    }
    // SAFETY: the pointer and the length are those of a live array, and the call keeps neither. A guard that is gone or
    // stuck gives an error (no signal, no waiting), and the start fails instead of going unguarded.
    #[allow(unsafe_code)]
    let sent = unsafe {
        libc::send(
            line,
            text.as_ptr().cast(),
            text.len(),
            libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT,
        )
    };
    if usize::try_from(sent) == Ok(text.len()) {
        return Ok(());
    }
    Err(std::io::Error::last_os_error())
}

/// Sends a signal to a process group. True when the group has members.
pub(super) fn signal_group(group: i32, signal: i32) -> bool {
    if group <= 1 {
        return false;
    }
    // SAFETY: `kill` takes plain numbers and touches no memory of ours. The group is one that we have started.
    #[allow(unsafe_code)]
    let outcome = unsafe { libc::kill(-group, signal) };
    outcome == 0
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn start_sleeper(guard: &Guard) -> i32 {
        let announcer = guard.announcer().unwrap();
        let mut command = tokio::process::Command::new("/bin/sh");
        // A script that ignores the request to end, with a child of its own.
        command.args(["-c", "trap '' TERM; sleep 600 & sleep 600"]);
        command.process_group(0);
        announcer.attach(&mut command);
        let child = command.spawn().unwrap();
        i32::try_from(child.id().unwrap()).unwrap()
    }

    fn wait_until_gone(group: i32) {
        let started = Instant::now();
        while has_live_members(group) {
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "group {group} lives on"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether a process of the group is more than a zombie.
    fn has_live_members(group: i32) -> bool {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes.into_iter().any(|entry| {
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let after_name = stat
                .rsplit_once(')')
                .map(|(_, rest)| rest)
                .unwrap_or_default();
            let fields: Vec<&str> = after_name.split_whitespace().collect();
            fields.len() > 2 && fields[0] != "Z" && fields[2] == group.to_string()
        })
    }

    #[tokio::test]
    async fn groups_end_with_the_guards_line() {
        let guard = Guard::start().unwrap();
        let (first, second) = (start_sleeper(&guard), start_sleeper(&guard));
        assert!(has_live_members(first) && has_live_members(second));
        drop(guard);
        wait_until_gone(first);
        wait_until_gone(second);
    }

    #[tokio::test]
    async fn a_forgotten_group_is_left_alone() {
        let guard = Guard::start().unwrap();
        let (kept, forgotten) = (start_sleeper(&guard), start_sleeper(&guard));
        guard.forget(forgotten);
        drop(guard);
        wait_until_gone(kept);
        assert!(has_live_members(forgotten));
        assert!(signal_group(forgotten, libc::SIGKILL));
        wait_until_gone(forgotten);
    }

    #[tokio::test]
    async fn a_dead_guard_is_replaced() {
        let guard = Guard::start().unwrap();
        let process = guard.running.lock().unwrap().process.id();
        assert!(signal_group(i32::try_from(process).unwrap(), libc::SIGKILL));
        let started = Instant::now();
        while guard.announcer().is_ok() && guard.running.lock().unwrap().process.id() == process {
            assert!(started.elapsed() < Duration::from_secs(10));
        }
        let group = start_sleeper(&guard);
        drop(guard);
        wait_until_gone(group);
    }
}
