use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

const PATIENCE: Duration = Duration::from_secs(30);
const WHERE_IS_THE_CURSOR: &[u8] = b"\x1b[6n";
const IT_IS_AT_THE_TOP: &[u8] = b"\x1b[1;1R";

/// The shell at a terminal that answers where its cursor is, and remembers what was written to it.
struct Terminal {
    keyboard: File,
    output: Receiver<Vec<u8>>,
    seen: Vec<u8>,
    child: Child,
}

impl Terminal {
    fn start(history: &Path, arguments: &[&str]) -> Terminal {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let terminal = File::options()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NOCTTY.bits().cast_signed())
            .open(OsStr::from_bytes(name.to_bytes()))
            .unwrap();
        let size = Winsize {
            ws_row: 40,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&terminal, size).unwrap();
        let end = || Stdio::from(OwnedFd::from(terminal.try_clone().unwrap()));
        let child = Command::new(env!("CARGO_BIN_EXE_alidade"))
            .arg("stellar")
            .args(arguments)
            .env("TERM", "xterm-256color")
            .env("ALIDADE_STELLAR_HISTORY", history)
            .env_remove("NO_COLOR")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        let keyboard = File::from(controller);
        let (sender, output) = channel();
        let mut screen = keyboard.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // An error is the end: nobody has the other side open.
            while let Ok(count) = screen.read(&mut bytes) {
                let is_asked = bytes[..count]
                    .windows(WHERE_IS_THE_CURSOR.len())
                    .any(|part| part == WHERE_IS_THE_CURSOR);
                if is_asked {
                    screen.write_all(IT_IS_AT_THE_TOP).unwrap();
                }
                if count == 0 || sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal {
            keyboard,
            output,
            seen: Vec::new(),
            child,
        }
    }

    fn type_keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until a text is written, and forgets all before its end.
    fn expect(&mut self, text: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = self
                .seen
                .windows(text.len())
                .position(|part| part == text.as_bytes());
            if let Some(at) = found {
                self.seen.drain(..at + text.len());
                return;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.seen.extend(bytes),
                Err(_) => {
                    let seen = String::from_utf8_lossy(&self.seen);
                    panic!("no {text:?} in {seen:?}");
                }
            }
        }
    }

    fn expect_end(mut self) {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the shell does not end");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended already unless the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn lines_are_completed_continued_coloured_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("history");
    let mut terminal = Terminal::start(&history, &[]);
    terminal.expect("[Stellar]>>>");
    terminal.type_keys("to_upp\t");
    terminal.expect("TO_UPPER");
    terminal.type_keys("'abc')\r");
    terminal.expect("ABC\r\n");
    terminal.expect("[Stellar]>>>");
    terminal.type_keys(" secret := 'hidden'\r");
    terminal.expect("hidden\r\n");
    terminal.expect("[Stellar]>>>");
    terminal.type_keys("MAP([41],\r");
    terminal.expect("... ");
    terminal.type_keys("n -> n + 1)\r");
    terminal.expect("[42]\r\n");
    terminal.expect("[Stellar]>>>");
    terminal.type_keys("NO_SUCH(1)\r");
    terminal.expect("\u{1b}[31m[!]\u{1b}[0m error[");
    terminal.expect("[Stellar]>>>");
    terminal.type_keys("1 + (\u{3}");
    terminal.expect("[Stellar]>>>");
    terminal.type_keys("2 * 21\r");
    terminal.expect("42\r\n");
    terminal.expect("[Stellar]>>>");
    terminal.type_keys("\u{4}");
    terminal.expect_end();
    let kept = std::fs::read_to_string(&history).unwrap();
    assert_eq!(
        kept,
        "TO_UPPER('abc')\nMAP([41],<\\n>n -> n + 1)\nNO_SUCH(1)\n2 * 21\n"
    );
}

#[test]
fn a_menu_of_everything_is_shown_without_colours() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(&folder.path().join("history"), &["-na"]);
    terminal.expect("[Stellar]>>>");
    terminal.type_keys("\t");
    terminal.expect("ABS(");
    terminal.type_keys("\u{3}");
    terminal.expect("[Stellar]>>>");
    terminal.type_keys("NO_SUCH(1)\r");
    terminal.expect("[!] error[");
    terminal.expect("[Stellar]>>>");
    terminal.type_keys("quit\r");
    terminal.expect_end();
}
