//! Where this installation's files are.

use std::path::{Path, PathBuf};

use crate::CliError;

/// The folder that holds `bin`, `config` and `examples`: `METRON_HOME`, else `ALIDADE_HOME`, else the folder above the one
/// of the binary, else the working directory.
pub fn home() -> PathBuf {
    for variable in ["METRON_HOME", "ALIDADE_HOME"] {
        if let Some(home) = std::env::var_os(variable).filter(|home| !home.is_empty()) {
            return PathBuf::from(home);
        }
    }
    let beside_binary = std::env::current_exe().ok().and_then(|binary| {
        // In a checkout the binary is in target/<profile>.
        binary
            .ancestors()
            .skip(1)
            .take(4)
            .find(|folder| folder.join("config/zookeeper").is_dir())
            .map(PathBuf::from)
    });
    beside_binary.unwrap_or_else(|| PathBuf::from("."))
}

/// The folder with the configuration: the given one, else the shipped one.
///
/// # Errors
/// When it is no folder.
pub fn config_folder(given: Option<&Path>) -> Result<PathBuf, CliError> {
    match given {
        Some(folder) if folder.is_dir() => Ok(folder.to_owned()),
        Some(folder) => Err(CliError::Usage(format!(
            "{}: there is no such folder; give the one that holds global.json, parsers, enrichments and indexing",
            folder.display()
        ))),
        None if shipped_config().is_dir() => Ok(shipped_config()),
        None => Err(CliError::Usage(format!(
            "{}: the shipped configuration is not there; give a folder, or set METRON_HOME to the installation",
            shipped_config().display()
        ))),
    }
}

/// The configuration that comes with the installation.
pub fn shipped_config() -> PathBuf {
    home().join("config/zookeeper")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = config_folder(Some(Path::new("/no/such/folder"))).unwrap_err();
        assert!(matches!(error, CliError::Usage(_)));
        assert!(error.to_string().starts_with("/no/such/folder: "));
        assert!(config_folder(Some(&std::env::temp_dir())).is_ok());
    }
}
