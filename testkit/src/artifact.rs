//! Server jars and distributions: downloaded once by Maven, shared by all test processes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::LaunchError;
use crate::error::tail;

/// Written last: a directory without it is an interrupted download.
const COMPLETE: &str = "complete";

/// What Maven does with the dependencies of a POM.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// Jars, copied to `lib`.
    Jars,
    /// A zip distribution, unpacked to `lib`.
    Distribution,
}

/// The files of one server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Artifact {
    pub name: &'static str,
    pub pom: &'static str,
    pub form: Form,
}

impl Artifact {
    /// Directory with the files, downloaded now if need be.
    pub fn fetch(&self) -> Result<PathBuf, LaunchError> {
        self.fetch_into(&cache_dir(), Path::new("mvn"))
    }

    fn fetch_into(&self, cache: &Path, maven: &Path) -> Result<PathBuf, LaunchError> {
        // A changed POM gets a directory of its own.
        let label = format!("{}-{:016x}", self.name, fingerprint(self.pom));
        let folder = cache.join(&label);
        let library = folder.join("lib");
        let marker = folder.join(COMPLETE);
        if marker.is_file() {
            return Ok(library);
        }

        fs::create_dir_all(cache)
            .map_err(|source| LaunchError::io("create directory", cache, source))?;
        let lock_path = cache.join(format!("{label}.lock"));
        let lock = File::create(&lock_path)
            .map_err(|source| LaunchError::io("create", &lock_path, source))?;
        // Released when the file is closed, also by a crash.
        lock.lock()
            .map_err(|source| LaunchError::io("lock", &lock_path, source))?;
        if marker.is_file() {
            return Ok(library);
        }

        if folder.exists() {
            fs::remove_dir_all(&folder)
                .map_err(|source| LaunchError::io("remove", &folder, source))?;
        }
        fs::create_dir_all(&library)
            .map_err(|source| LaunchError::io("create directory", &library, source))?;
        let pom = folder.join("pom.xml");
        fs::write(&pom, self.pom).map_err(|source| LaunchError::io("write", &pom, source))?;
        self.download(maven, &pom, &library)?;
        fs::write(&marker, "").map_err(|source| LaunchError::io("write", &marker, source))?;
        Ok(library)
    }

    fn download(&self, maven: &Path, pom: &Path, library: &Path) -> Result<(), LaunchError> {
        let goal = match self.form {
            Form::Jars => "dependency:copy-dependencies",
            Form::Distribution => "dependency:unpack-dependencies",
        };
        let output = Command::new(maven)
            .args(["-q", "-B", "-f"])
            .arg(pom)
            .arg(goal)
            .arg(format!("-DoutputDirectory={}", library.display()))
            .arg("-DincludeScope=runtime")
            .stdin(Stdio::null())
            .output()
            .map_err(|source| match source.kind() {
                std::io::ErrorKind::NotFound => LaunchError::MissingTool {
                    tool: "mvn",
                    remedy: "install Apache Maven 3.8 or later (Debian: apt-get install maven)",
                },
                _ => LaunchError::io("run", maven, source),
            })?;
        let is_empty = fs::read_dir(library).map_or(true, |mut entries| entries.next().is_none());
        if output.status.success() && !is_empty {
            return Ok(());
        }
        let words = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Err(LaunchError::Download {
            server: self.name.to_owned(),
            status: output.status,
            output: tail(&words),
        })
    }
}

/// Where downloads and kept logs go: `ALIDADE_SERVERS_CACHE`, else `servers` in the target
/// directory that the running binary was built into.
pub fn cache_dir() -> PathBuf {
    if let Some(folder) = std::env::var_os("ALIDADE_SERVERS_CACHE").filter(|it| !it.is_empty()) {
        return PathBuf::from(folder);
    }
    let binary = std::env::current_exe().unwrap_or_default();
    let target = binary
        .ancestors()
        // Cargo marks its target directories with this file.
        .find(|folder| folder.join("CACHEDIR.TAG").is_file())
        .map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
            Path::to_path_buf,
        );
    target.join("servers")
}

/// FNV-1a: the same in every version of the compiler, unlike the standard hasher.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunDir;

    const BROKEN: Artifact = Artifact {
        name: "broken",
        pom: "<project>not a pom</project>",
        form: Form::Jars,
    };

    #[test]
    fn a_failed_download_shows_mavens_words_and_leaves_no_marker() {
        let cache = RunDir::new("cache").unwrap();
        let error = BROKEN
            .fetch_into(cache.path(), Path::new("mvn"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("could not download the files of broken"),
            "{error}"
        );
        assert!(error.contains("ERROR"), "{error}");
        let folder = cache.join(format!("broken-{:016x}", fingerprint(BROKEN.pom)));
        assert!(folder.is_dir());
        assert!(!folder.join(COMPLETE).exists());
    }

    #[test]
    fn a_complete_download_is_used_without_maven() {
        let cache = RunDir::new("cache").unwrap();
        let label = format!("broken-{:016x}", fingerprint(BROKEN.pom));
        cache.write(format!("{label}/{COMPLETE}"), "").unwrap();
        let library = BROKEN.fetch_into(cache.path(), Path::new("mvn")).unwrap();
        assert_eq!(library, cache.join(label).join("lib"));
    }

    #[test]
    fn a_missing_maven_is_named_with_the_remedy() {
        let cache = RunDir::new("cache").unwrap();
        let error = BROKEN
            .fetch_into(cache.path(), Path::new("/nowhere/mvn"))
            .unwrap_err();
        let words = error.to_string();
        assert!(
            words.starts_with("`mvn` was not found; install Apache Maven"),
            "{words}"
        );
    }

    #[test]
    fn several_processes_at_once_download_once_and_after_an_interruption_again() {
        let cache = RunDir::new("cache").unwrap();
        let script = "#!/bin/sh\nfor it; do case $it in -DoutputDirectory=*) out=${it#*=};; esac; \
                      done\necho call >> $out/../../calls\nsleep 0.3\necho jar > $out/a.jar\n";
        let text = cache.write("mvn.txt", script).unwrap();
        let maven = cache.join("mvn");
        // Copied by another process: a program that this one has open for writing while another
        // thread forks cannot be run.
        let mut install = Command::new("install");
        let installed = install.args(["-m", "755"]).args([&text, &maven]).status();
        assert!(installed.unwrap().success());
        let calls = || {
            fs::read_to_string(cache.join("calls"))
                .unwrap()
                .lines()
                .count()
        };

        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| BROKEN.fetch_into(cache.path(), &maven).unwrap());
            }
        });
        assert_eq!(calls(), 1);

        let library = BROKEN.fetch_into(cache.path(), &maven).unwrap();
        fs::remove_file(library.parent().unwrap().join(COMPLETE)).unwrap();
        fs::write(library.join("half.jar"), "").unwrap();
        BROKEN.fetch_into(cache.path(), &maven).unwrap();
        assert_eq!(calls(), 2);
        assert!(library.join("a.jar").is_file() && !library.join("half.jar").exists());
    }

    #[test]
    fn fingerprint_is_fnv_1a() {
        assert_eq!(fingerprint(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
    }
}
