//! Client processes in the realm of a [`Kdc`].

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::Kdc;
use crate::LaunchError;
use crate::running::run_to_end;

const KINIT_TIMEOUT: Duration = Duration::from_secs(60);

/// The environment of a client process: where its realm, its ticket and its keytab are.
#[derive(Debug, Clone)]
pub struct Realm {
    krb5_conf: PathBuf,
    cache: PathBuf,
    keytab: PathBuf,
}

impl Realm {
    /// Variables for the process.
    pub fn environment(&self) -> [(&'static str, OsString); 3] {
        let file = |path: &PathBuf| {
            let mut name = OsString::from("FILE:");
            name.push(path);
            name
        };
        [
            ("KRB5_CONFIG", self.krb5_conf.clone().into()),
            ("KRB5CCNAME", file(&self.cache)),
            ("KRB5_CLIENT_KTNAME", file(&self.keytab)),
        ]
    }

    /// The file for tickets. Not there when there is none.
    pub fn cache(&self) -> PathBuf {
        self.cache.clone()
    }

    /// Runs a test of this very program again, in a process of its own: the Kerberos library asks the environment,
    /// which a running process cannot safely change. `more` are further variables for it.
    ///
    /// # Panics
    /// With all it wrote, when the test fails, or there is no such test.
    pub fn run_test(&self, test: &str, more: &[(&str, &str)]) {
        let program = std::env::current_exe().expect("the running program has a path");
        let output = Command::new(program)
            .args(["--exact", test, "--nocapture"])
            .envs(self.environment())
            .envs(more.iter().copied())
            .output()
            .expect("the running program can be run again");
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        let has_passed = output.status.success() && text.contains(" 1 passed");
        print!("{text}");
        assert!(
            has_passed,
            "{test} with {more:?} failed ({}):\n{text}\n{errors}",
            output.status
        );
    }
}

impl Kdc {
    /// A client with a ticket in a cache of its own, as after `kinit`.
    ///
    /// # Errors
    /// When there is no program `kinit`, or it fails.
    pub fn with_ticket(&self, user: &str) -> Result<Realm, LaunchError> {
        let realm = self.without_ticket();
        let mut cache = OsString::from("FILE:");
        cache.push(&realm.cache);
        let mut command = Command::new("kinit");
        command
            .env("KRB5_CONFIG", &realm.krb5_conf)
            .arg("-c")
            .arg(cache)
            .arg("-k")
            .arg("-t")
            .arg(self.keytab(user))
            .arg(self.principal(user));
        let log = realm.cache.with_extension("log");
        match run_to_end("kinit", command, &log, KINIT_TIMEOUT) {
            Ok(()) => Ok(realm),
            Err(LaunchError::Io { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                Err(LaunchError::MissingTool {
                    tool: "kinit",
                    remedy: "install MIT Kerberos' user programs (Debian: apt-get install krb5-user)",
                })
            }
            Err(error) => Err(error),
        }
    }

    /// A client with a keytab, out of which the Kerberos library gets tickets by itself.
    pub fn with_keytab(&self, user: &str) -> Realm {
        Realm {
            keytab: self.keytab(user),
            ..self.without_ticket()
        }
    }

    /// A client of the realm that can prove nothing.
    pub fn without_ticket(&self) -> Realm {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Realm {
            krb5_conf: self.krb5_conf(),
            cache: self.run_dir.join(format!("tickets-{number}")),
            keytab: self.run_dir.join("no-keytab"),
        }
    }
}
