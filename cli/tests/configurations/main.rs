//! What people see who write configurations: the screens of `check`, `explain` and `test`. With UPDATE_GOLDEN=1 in the
//! environment the screens are written anew; look at them before they are committed.

mod screens;
mod test_runner;

use std::path::{Path, PathBuf};
use std::process::Command;

/// What a command did.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs `alidade` in a folder of these tests.
fn alidade(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_alidade"))
        .args(arguments)
        .current_dir(folder)
        .env("ALIDADE_HOME", repository())
        .env_remove("METRON_HOME")
        .env_remove("ALIDADE_LOG")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configurations")
}

/// Compares a screen with the file that holds it.
fn assert_screen(file: &Path, screen: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file, screen).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    assert_eq!(screen, expected, "{}", file.display());
}
