//! Signals to processes and what `/proc` knows about them.

use std::io;
use std::path::Path;

/// A signal the testkit sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Terminate,
    Kill,
    Stop,
    Continue,
}

impl Signal {
    pub(crate) fn number(self) -> libc::c_int {
        match self {
            Self::Terminate => libc::SIGTERM,
            Self::Kill => libc::SIGKILL,
            Self::Stop => libc::SIGSTOP,
            Self::Continue => libc::SIGCONT,
        }
    }
}

/// Sends a signal to one process.
pub(crate) fn send(pid: u32, signal: Signal) -> io::Result<()> {
    send_to(i64::from(pid), signal)
}

/// Sends a signal to every process of a group.
pub(crate) fn send_to_group(group: u32, signal: Signal) -> io::Result<()> {
    send_to(-i64::from(group), signal)
}

#[allow(unsafe_code)]
fn send_to(target: i64, signal: Signal) -> io::Result<()> {
    let target = libc::pid_t::try_from(target)
        .ok()
        // 0, 1 and -1 would reach our own group, init or everybody.
        .filter(|target| target.unsigned_abs() > 1)
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    // SAFETY: kill takes two integers and touches no memory of ours.
    let outcome = unsafe { libc::kill(target, signal.number()) };
    if outcome == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// State letter and start time (clock ticks since boot) of a process, if it exists.
///
/// A pid together with its start time names a process for good: the pid alone is reused.
pub(crate) fn look_up(pid: u32) -> Option<(char, u64)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name stands in parentheses and may hold anything, also spaces and parentheses.
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut fields = after_name.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    // State is field 3 of proc(5), the start time field 22: 18 fields lie between.
    let start_time = fields.nth(18)?.parse().ok()?;
    Some((state, start_time))
}

/// Whether this very process still runs (a zombie does not).
pub(crate) fn is_running(pid: u32, start_time: u64) -> bool {
    look_up(pid).is_some_and(|(state, started)| started == start_time && state != 'Z')
}

/// Processes whose working directory is `folder` or below.
pub(crate) fn working_below(folder: &Path) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| {
            // Unreadable for processes of other users, which are none of ours.
            let place = std::fs::read_link(format!("/proc/{pid}/cwd"));
            place.is_ok_and(|place| place.starts_with(folder))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_this_process_and_tells_another_start_time_apart() {
        let pid = std::process::id();
        let (_, start_time) = look_up(pid).unwrap();
        assert!(is_running(pid, start_time));
        assert!(!is_running(pid, start_time + 1));
    }

    #[test]
    fn refuses_to_signal_everybody() {
        assert!(send(0, Signal::Kill).is_err());
        assert!(send(1, Signal::Kill).is_err());
        assert!(send_to_group(1, Signal::Kill).is_err());
    }
}
