//! What master and workers have in common in their containers.

use std::path::Path;

use alidade_hadoop::{Credentials, HadoopError, LaunchContext};

use super::settings::Settings;
use super::{BINARY, CONFIGURATION, HIDDEN_COMMAND, KERBEROS_CONF, KEYTAB, LOGS};

/// YARN's name of the file with a container's tokens.
const TOKEN_FILE: &str = "HADOOP_TOKEN_FILE_LOCATION";
/// Our own for it, where there is a keytab: whoever sees YARN's name takes the tokens, which end some day, and does not
/// log in.
const MASTER_TOKENS: &str = "ALIDADE_MASTER_TOKENS";

/// How sessions with ZooKeeper log in.
pub const ZOOKEEPER_SASL: &str = "ALIDADE_ZOOKEEPER_SASL";

/// Set in containers as they are where the command was given.
const HANDED_ON: [&str; 4] = [
    "ALIDADE_LOG",
    "ALIDADE_ZOOKEEPER_PRINCIPAL",
    ZOOKEEPER_SASL,
    "RUST_LOG",
];

/// `words` of this program with its environment; files and tokens are still to come.
///
/// # Errors
/// [`HadoopError::Invalid`] for a variable that cannot be handed on.
pub fn launch_context(
    words: &str,
    user: &str,
    settings: &Settings,
) -> Result<LaunchContext, HadoopError> {
    let mut launch =
        LaunchContext::new(command(words, settings)).with_environment("HADOOP_USER_NAME", user)?;
    for name in HANDED_ON {
        if let Ok(value) = std::env::var(name) {
            launch = launch.with_environment(name, &value)?;
        }
    }
    // These are for the container's shell to fill in.
    let mut set = |name: &str, value: String| {
        launch.environment.insert(name.to_owned(), value);
    };
    set("HADOOP_CONF_DIR", format!("$PWD/{CONFIGURATION}"));
    if settings.has_keytab {
        set("KRB5_CLIENT_KTNAME", format!("FILE:$PWD/{KEYTAB}"));
        set("KRB5CCNAME", "FILE:$PWD/.alidade-ticket".to_owned());
    }
    if settings.has_kerberos_conf {
        set("KRB5_CONFIG", format!("$PWD/{KERBEROS_CONF}"));
    }
    Ok(launch)
}

/// It passes two shells, of which the first is not to see the `$`.
fn command(words: &str, settings: &Settings) -> String {
    let tokens = if settings.has_keytab {
        format!("export {MASTER_TOKENS}=\\${TOKEN_FILE}; unset {TOKEN_FILE}; ")
    } else {
        String::new()
    };
    format!("{tokens}exec ./{BINARY} {HIDDEN_COMMAND} {words} {LOGS}")
}

/// The tokens that the master's container was given, its own among them.
///
/// # Errors
/// When they cannot be read.
pub fn master_tokens() -> Result<Option<Credentials>, HadoopError> {
    match std::env::var_os(MASTER_TOKENS) {
        Some(file) => Credentials::read_file(Path::new(&file)).map(Some),
        None => Credentials::from_environment(),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What a shell makes of the text inside of the launch script's double quotes.
    fn in_the_container(command: &str) -> String {
        let command = command.replace(&format!("exec ./{BINARY}"), "env; echo");
        let command = command.replace(LOGS, "");
        let script = format!("exec /bin/bash -c \"{command}\"");
        let output = Command::new("/bin/bash")
            .args(["-c", &script])
            .env(TOKEN_FILE, "/the/file")
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn with_a_keytab_tokens_go_by_another_name() {
        let mut settings = Settings {
            command: String::new(),
            arguments: Vec::new(),
            files: Default::default(),
            workers: 1,
            memory_mb: 1,
            virtual_cores: 1,
            node_label: None,
            directory: String::new(),
            file_system: String::new(),
            resources: Vec::new(),
            has_keytab: false,
            has_kerberos_conf: false,
        };
        let plain = in_the_container(&command("master", &settings));
        assert!(
            plain.contains(&format!("{TOKEN_FILE}=/the/file")),
            "{plain}"
        );
        assert!(plain.ends_with("yarn_workers master\n"), "{plain}");
        settings.has_keytab = true;
        let with_keytab = in_the_container(&command("master", &settings));
        assert!(
            with_keytab.contains(&format!("{MASTER_TOKENS}=/the/file")),
            "{with_keytab}"
        );
        assert!(
            !with_keytab.contains(&format!("{TOKEN_FILE}=")),
            "{with_keytab}"
        );
    }
}
