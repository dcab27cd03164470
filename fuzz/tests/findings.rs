//! That faults are found, and that those which were found are mended.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn fuzz(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alidade-fuzz"));
    command.args(arguments).output().unwrap()
}

/// A folder that is empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

#[test]
fn what_has_been_found_is_mended() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions");
    let mut files = 0;
    for target in fs::read_dir(root).unwrap() {
        let target = target.unwrap().path();
        let name = target.file_name().unwrap().to_str().unwrap();
        for input in fs::read_dir(&target).unwrap() {
            let input = input.unwrap().path();
            let output = fuzz(&[name, input.to_str().unwrap()]);
            assert!(output.status.success(), "{}: {output:?}", input.display());
            files += 1;
        }
    }
    assert!(files > 0);
}

#[test]
fn every_kind_of_fault_is_found_and_kept() {
    for (target, message, input) in [
        ("planted-violation", "planted", "bad input"),
        (
            "planted-panic",
            "panic at fuzz/src/targets/planted.rs",
            "bad input",
        ),
        ("planted-loop", "no end after 2", "some bad input"),
        (
            "planted-recursion",
            "the process ended with signal",
            "some bad input",
        ),
        (
            "planted-allocation",
            "the process ended with signal",
            "some bad input",
        ),
    ] {
        let findings = folder(target);
        let place = findings.to_str().unwrap();
        let output = fuzz(&[target, "--seconds", "1", "--seed", "1", "--findings", place]);
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(
            told.starts_with("seed 1\n") && told.contains(message),
            "{told}"
        );
        let files: Vec<_> = fs::read_dir(&findings).unwrap().collect();
        assert_eq!(files.len(), 1, "{target}: {files:?}");
        let file = files.into_iter().next().unwrap().unwrap().path();
        assert_eq!(fs::read_to_string(&file).unwrap(), input, "{target}");
        assert!(
            told.contains(&format!("-- {target} {}", file.display())),
            "{told}"
        );
    }
}

#[test]
fn a_seed_fixes_what_is_fed() {
    let run = |name: &str| {
        let findings = folder(name);
        let place = findings.to_str().unwrap().to_owned();
        let output = fuzz(&[
            "lexer",
            "--inputs",
            "3000",
            "--seed",
            "5",
            "--findings",
            &place,
        ]);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{output:?}");
        // All but the time.
        let shown = told.split(" of them showed").next().unwrap().to_owned();
        let (inputs, new) = shown.rsplit_once(" in ").unwrap();
        (
            inputs.to_owned(),
            new.split(", ").nth(1).unwrap().to_owned(),
        )
    };
    let first = run("first");
    assert!(first.0.contains("lexer: 3000 inputs"), "{first:?}");
    assert_eq!(first, run("second"));
}

#[test]
fn wrong_words_are_answered_with_the_usage() {
    for words in [
        &["nothing"][..],
        &[],
        &["all", "--seed", "x"],
        &["all", "file"],
        &["json", "--x"],
    ] {
        let output = fuzz(words);
        assert_eq!(output.status.code(), Some(64), "{words:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("usage:"),
            "{words:?}"
        );
    }
}
