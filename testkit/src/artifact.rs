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
        self.fetch_into(&cache_dir())
    }

    fn fetch_into(&self, cache: &Path) -> Result<PathBuf, LaunchError> {
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
        self.download(&pom, &library)?;
        fs::write(&marker, "").map_err(|source| LaunchError::io("write", &marker, source))?;
        Ok(library)
    }

    fn download(&self, pom: &Path, library: &Path) -> Result<(), LaunchError> {
        let goal = match self.form {
            Form::Jars => "dependency:copy-dependencies",
            Form::Distribution => "dependency:unpack-dependencies",
        };
        let output = Command::new("mvn")
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
                _ => LaunchError::io("run", Path::new("mvn"), source),
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
        let error = BROKEN.fetch_into(cache.path()).unwrap_err().to_string();
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
        let library = BROKEN.fetch_into(cache.path()).unwrap();
        assert_eq!(library, cache.join(label).join("lib"));
    }

    #[test]
    fn fingerprint_is_fnv_1a() {
        assert_eq!(fingerprint(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
    }
}
