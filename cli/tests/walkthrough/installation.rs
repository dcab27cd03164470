//! An installation of its own for each test: `METRON_HOME` with scripts, configuration and examples, and a home folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alidade_testkit::{Process, ProcessBuilder, RunDir, end_all_below};

use crate::processes::working_below;

/// For commands that do something and end.
const COMMAND_WITHIN: Duration = Duration::from_secs(120);

/// What a command that has ended leaves.
pub struct Finished {
    pub code: Option<i32>,
    /// Standard output and standard error.
    pub output: String,
}

/// The files of an installation and its user, removed at the end with every process that still works in them.
pub struct Installation {
    dir: RunDir,
    /// Further variables in the environment of all commands.
    pub environment: Vec<(&'static str, String)>,
}

impl Installation {
    pub fn new() -> Self {
        let dir = RunDir::new("installation").unwrap();
        let installation = Installation {
            dir,
            environment: Vec::new(),
        };
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for part in ["bin", "config/zookeeper", "examples"] {
            copy_tree(&checkout.join(part), &installation.metron_home().join(part));
        }
        // As the walk-through says: the model's files lie in the home folder, and its script can be run.
        copy_tree(
            &checkout.join("examples/squid/mock_dga"),
            &installation.user_home().join("mock_dga"),
        );
        fs::create_dir_all(installation.path("tmp")).unwrap();
        installation
    }

    /// A path in the folder of the test.
    pub fn path(&self, relative: &str) -> PathBuf {
        // Without links, to be comparable with what processes say.
        self.dir.path().canonicalize().unwrap().join(relative)
    }

    pub fn metron_home(&self) -> PathBuf {
        self.path("metron")
    }

    pub fn user_home(&self) -> PathBuf {
        self.path("home")
    }

    /// The folder with the documents, `$METRON_HOME/config/zookeeper`.
    pub fn config(&self) -> PathBuf {
        self.path("metron/config/zookeeper")
    }

    /// Reads a file of the installation.
    pub fn read(&self, relative: &str) -> String {
        let path = self.metron_home().join(relative);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Starts a script of `bin` that keeps running.
    pub fn start(&self, script: &str, arguments: &[&str]) -> Process {
        self.command(script, arguments, "info,librdkafka=error,rdkafka=error")
            .spawn()
            .unwrap()
    }

    /// Runs a script of `bin` to its end.
    pub fn run(&self, script: &str, arguments: &[&str]) -> Finished {
        let mut process = self.command(script, arguments, "error").spawn().unwrap();
        let status = process.wait(COMMAND_WITHIN).unwrap();
        Finished {
            code: status.code(),
            output: process.log(),
        }
    }

    /// Runs a script of `bin` that has to succeed, and gives what it printed.
    #[track_caller]
    pub fn run_ok(&self, script: &str, arguments: &[&str]) -> String {
        let finished = self.run(script, arguments);
        assert_eq!(
            finished.code,
            Some(0),
            "{script} {arguments:?} printed: {}",
            finished.output
        );
        finished.output
    }

    fn command(&self, script: &str, arguments: &[&str], log_filter: &str) -> ProcessBuilder {
        let builder = ProcessBuilder::new(self.metron_home().join("bin").join(script))
            .args(arguments)
            .env("METRON_HOME", self.metron_home())
            .env("HOME", self.user_home())
            .env("TMPDIR", self.path("tmp"))
            .env("ALIDADE_BIN", env!("CARGO_BIN_EXE_alidade"))
            .env("ALIDADE_RUN_DIR", self.path("run"))
            .env("ALIDADE_LOG", log_filter)
            .current_dir(self.user_home());
        self.environment
            .iter()
            .fold(builder, |builder, (name, value)| builder.env(name, value))
    }

    /// Fails if any process of this installation is left.
    #[track_caller]
    pub fn assert_nothing_runs(&self) {
        let left = working_below(&self.path(""));
        assert!(left.is_empty(), "still running: {left:#?}");
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        // Commands in the background are nobody's child.
        end_all_below(&self.path(""));
    }
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_tree(&source, &target);
        } else {
            fs::copy(&source, &target).unwrap();
        }
    }
}
