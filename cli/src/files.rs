//! Where this installation's files are.

use std::path::PathBuf;

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

/// The configuration that comes with the installation.
pub fn shipped_config() -> PathBuf {
    home().join("config/zookeeper")
}
