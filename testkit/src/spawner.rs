//! The one thread that starts child processes.
//!
//! A scoped child asks the kernel to be ended with its parent (`PR_SET_PDEATHSIG`), so that
//! nothing stays behind when a test process is killed. The kernel takes the *thread* that forked
//! for the parent, and test threads end with each test: therefore all children are forked by one
//! thread that lives as long as the process.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::server::Lifetime;
use crate::signal::Signal;

struct Request {
    command: Command,
    reply: Sender<io::Result<Child>>,
}

/// Starts the command in a process group of its own (scoped) or a session of its own (detachable).
///
/// A scoped child gets `last_signal` when this process ends.
pub(crate) fn spawn(
    mut command: Command,
    lifetime: &Lifetime,
    last_signal: Signal,
) -> io::Result<Child> {
    match lifetime {
        Lifetime::Scoped => {
            command.process_group(0);
            die_with_parent(&mut command, last_signal);
        }
        Lifetime::Detachable { .. } => start_session(&mut command),
    }
    let (reply, answer) = channel();
    let gone = || io::Error::other("the thread that starts processes is gone");
    requests()
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send(Request { command, reply })
        .map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

fn requests() -> &'static Mutex<Sender<Request>> {
    static REQUESTS: OnceLock<Mutex<Sender<Request>>> = OnceLock::new();
    REQUESTS.get_or_init(|| {
        let (sender, receiver) = channel::<Request>();
        // Ends never: the sender is a static.
        std::thread::spawn(move || {
            for mut request in receiver {
                // A requester that has gone away drops the child handle; the child itself then
                // lives until this process ends.
                let _ = request.reply.send(request.command.spawn());
            }
        });
        Mutex::new(sender)
    })
}

#[allow(unsafe_code)]
fn die_with_parent(command: &mut Command, last_signal: Signal) {
    let number = last_signal.number();
    let parent = std::process::id();
    // SAFETY: between fork and exec only prctl and getppid are called, both async-signal-safe, and
    // no memory is allocated (io::Error from an errno or a kind holds no heap data). The user id
    // has been changed before this runs, which is needed because that change clears the setting.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, number) != 0 {
                return Err(io::Error::last_os_error());
            }
            // The parent may have ended before the call above.
            if u32::try_from(libc::getppid()) != Ok(parent) {
                return Err(io::Error::from(io::ErrorKind::BrokenPipe));
            }
            Ok(())
        });
    }
}

#[allow(unsafe_code)]
fn start_session(command: &mut Command) {
    // SAFETY: setsid is async-signal-safe and the closure allocates nothing.
    unsafe {
        command.pre_exec(|| {
            if libc::setsid() < 0 {
                Err(io::Error::last_os_error())
            } else {
                Ok(())
            }
        });
    }
}
