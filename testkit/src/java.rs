//! The machine's JDK and commands for it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::LaunchError;
use crate::server::Lifetime;
use crate::signal::Signal;

/// A Java process to start, as often as wanted.
#[derive(Debug, Clone)]
pub(crate) struct JavaCommand {
    java: PathBuf,
    class_path: OsString,
    options: Vec<OsString>,
    main: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    directory: PathBuf,
    user: Option<(u32, u32)>,
    ends_its_children: bool,
}

impl JavaCommand {
    /// `main` is a class, or a `.java` file that the source launcher is to compile and run.
    pub fn new(main: impl Into<OsString>, directory: &Path) -> Result<Self, LaunchError> {
        Ok(Self {
            java: java_home()?.join("bin/java"),
            class_path: OsString::new(),
            // One or two cores and a short life: the small collector starts fastest. Without
            // performance data no files appear in the temp directory.
            options: vec![
                "-XX:+UseSerialGC".into(),
                "-XX:-UsePerfData".into(),
                "-Djava.awt.headless=true".into(),
            ],
            main: main.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            directory: directory.to_path_buf(),
            user: None,
            ends_its_children: false,
        })
    }

    pub fn class_path(mut self, entry: impl AsRef<OsStr>) -> Self {
        if !self.class_path.is_empty() {
            self.class_path.push(":");
        }
        self.class_path.push(entry);
        self
    }

    /// Every jar of a directory.
    pub fn jars(self, folder: &Path) -> Self {
        self.class_path(folder.join("*"))
    }

    pub fn option(mut self, option: impl Into<OsString>) -> Self {
        self.options.push(option.into());
        self
    }

    /// Servers of a test live briefly: only the fast compiler is worth its time. Servers that stay
    /// may be measured and get all of the JVM.
    pub fn lifetime(self, lifetime: &Lifetime) -> Self {
        match lifetime {
            Lifetime::Scoped => self.option("-XX:TieredStopAtLevel=1"),
            Lifetime::Detachable { .. } => self,
        }
    }

    /// Least and greatest heap in MiB.
    pub fn heap(self, least: u32, greatest: u32) -> Self {
        self.option(format!("-Xms{least}m"))
            .option(format!("-Xmx{greatest}m"))
    }

    /// `-Dname=value`
    pub fn property(self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let mut option = OsString::from(format!("-D{name}="));
        option.push(value);
        self.option(option)
    }

    /// Opens packages of `java.base` to everybody, for code older than the module system.
    pub fn open_packages(self, packages: &[&str]) -> Self {
        packages.iter().fold(self, |command, package| {
            command.option(format!("--add-opens=java.base/{package}=ALL-UNNAMED"))
        })
    }

    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub fn arguments<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments
            .extend(arguments.into_iter().map(OsString::from));
        self
    }

    pub fn environment(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Runs as another user: (user id, group id).
    pub fn user(mut self, user: Option<(u32, u32)>) -> Self {
        self.user = user;
        self
    }

    /// Says that it starts processes nobody else can end: it is then asked to end, not killed, when
    /// the test process is killed.
    pub fn ends_its_children(mut self) -> Self {
        self.ends_its_children = true;
        self
    }

    /// The signal for when the test process is killed.
    pub fn last_signal(&self) -> Signal {
        if self.ends_its_children {
            Signal::Terminate
        } else {
            Signal::Kill
        }
    }

    pub fn to_command(&self) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(&self.java);
        command
            .args(&self.options)
            .arg("-cp")
            .arg(&self.class_path)
            .arg(&self.main)
            .args(&self.arguments)
            .current_dir(&self.directory)
            // Options and class paths of the machine's own installation must not leak in.
            .env_remove("CLASSPATH")
            .env_remove("JAVA_TOOL_OPTIONS")
            .env_remove("JDK_JAVA_OPTIONS")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

/// The JDK: `JAVA_HOME`, else where `java` on the path really lies.
pub(crate) fn java_home() -> Result<PathBuf, LaunchError> {
    if let Some(home) = std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty()) {
        let home = PathBuf::from(home);
        if home.join("bin/java").is_file() {
            return Ok(home);
        }
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    find_home(std::env::split_paths(&path)).ok_or(LaunchError::MissingTool {
        tool: "java",
        remedy: "install JDK 17 (Debian: apt-get install openjdk-17-jdk-headless) or set JAVA_HOME",
    })
}

fn find_home(folders: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    folders
        .filter_map(|folder| folder.join("java").canonicalize().ok())
        .filter(|java| java.is_file())
        .find_map(|java| Some(java.parent()?.parent()?.to_path_buf()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunDir;

    #[test]
    fn finds_the_jdk_behind_a_link() {
        let place = RunDir::new("jdk").unwrap();
        let java = place.write("jdk-17/bin/java", "").unwrap();
        let links = place.create_dir("links").unwrap();
        std::os::unix::fs::symlink(java, links.join("java")).unwrap();

        let found = find_home([place.join("nowhere"), links].into_iter()).unwrap();
        assert_eq!(found, place.join("jdk-17").canonicalize().unwrap());
        assert!(find_home([place.join("nowhere")].into_iter()).is_none());
    }
}
