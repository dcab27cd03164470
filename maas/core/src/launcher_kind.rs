//! Where models run, and how that is decided when nobody says.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::MaasError;

/// Where models run, and with it where their payloads are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LauncherKind {
    /// As processes of this machine; payloads in a folder.
    Local,
    /// In containers of a YARN cluster; payloads in HDFS.
    Yarn,
}

impl LauncherKind {
    /// The value of `--launcher`, or the default.
    ///
    /// # Errors
    /// [`MaasError::BadRequest`] for any other value.
    pub fn chosen(option: Option<&str>) -> Result<LauncherKind, MaasError> {
        match option {
            Some(value) => value.parse(),
            None => Ok(default_launcher()),
        }
    }

    /// As the option's value is written.
    pub fn as_str(self) -> &'static str {
        match self {
            LauncherKind::Local => "local",
            LauncherKind::Yarn => "yarn",
        }
    }
}

impl fmt::Display for LauncherKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for LauncherKind {
    type Err = MaasError;

    fn from_str(text: &str) -> Result<LauncherKind, MaasError> {
        match text {
            "local" => Ok(LauncherKind::Local),
            "yarn" => Ok(LauncherKind::Yarn),
            other => Err(MaasError::BadRequest(format!(
                "--launcher must be local or yarn, not {other}"
            ))),
        }
    }
}

/// YARN where `HADOOP_CONF_DIR`, or `YARN_CONF_DIR` if that is not set, names a directory with a `yarn-site.xml`; else
/// this machine.
pub fn default_launcher() -> LauncherKind {
    let directories = ["HADOOP_CONF_DIR", "YARN_CONF_DIR"].map(std::env::var_os);
    launcher_for(directories)
}

/// The first variable that is set decides, since the configuration is read from there and nowhere else.
fn launcher_for(directories: [Option<OsString>; 2]) -> LauncherKind {
    let set = directories.into_iter().flatten();
    let directory = set.into_iter().find(|directory| !directory.is_empty());
    match directory {
        Some(directory) if Path::new(&directory).join("yarn-site.xml").is_file() => {
            LauncherKind::Yarn
        }
        _ => LauncherKind::Local,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yarn_configuration_makes_the_difference() {
        let (with, without) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(with.path().join("yarn-site.xml"), "<configuration/>").unwrap();
        let dir = |dir: &tempfile::TempDir| Some(dir.path().as_os_str().to_owned());
        let empty = || Some(OsString::new());
        for (directories, expected) in [
            ([dir(&with), None], LauncherKind::Yarn),
            ([None, dir(&with)], LauncherKind::Yarn),
            ([empty(), dir(&with)], LauncherKind::Yarn),
            ([dir(&without), None], LauncherKind::Local),
            ([dir(&without), dir(&with)], LauncherKind::Local),
            ([Some("/no/such/place".into()), None], LauncherKind::Local),
            ([None, None], LauncherKind::Local),
        ] {
            assert_eq!(
                launcher_for(directories.clone()),
                expected,
                "{directories:?}"
            );
        }
    }

    #[test]
    fn an_option_wins() {
        for kind in [LauncherKind::Local, LauncherKind::Yarn] {
            let chosen = LauncherKind::chosen(Some(kind.as_str()));
            assert_eq!(chosen.unwrap(), kind);
        }
        let error = LauncherKind::chosen(Some("mesos")).unwrap_err().to_string();
        assert_eq!(error, "--launcher must be local or yarn, not mesos");
    }
}
