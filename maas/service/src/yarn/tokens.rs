//! Tokens with which containers read HDFS on a cluster with Kerberos.

use std::time::{Duration, Instant};

use alidade_hadoop::{Credentials, FileSystem, HadoopConf, hdfs_credentials};
use tokio::sync::Mutex;

use crate::LaunchError;

/// A fresh token is taken after this time. They live for a day without being renewed.
const FRESH_FOR: Duration = Duration::from_secs(6 * 3600);

/// Where the tokens of containers come from.
#[derive(Debug)]
pub(super) enum Tokens {
    /// Those that the application was submitted with. YARN renews them, up to their maximum life (seven days).
    Submitted(Credentials),
    /// Ever new ones, by a log-in from the keytab that the application was submitted with.
    Keytab(KeytabTokens),
}

#[derive(Debug)]
pub(super) struct KeytabTokens {
    conf: HadoopConf,
    files: FileSystem,
    last: Mutex<Option<(Instant, Option<Credentials>)>>,
}

impl Tokens {
    pub(super) fn submitted(credentials: &Credentials) -> Tokens {
        // Everything but the master's own token, with which a model could pass for the master.
        Tokens::Submitted(credentials.for_containers())
    }

    pub(super) fn by_keytab(conf: HadoopConf, files: FileSystem) -> Tokens {
        Tokens::Keytab(KeytabTokens {
            conf,
            files,
            last: Mutex::new(None),
        })
    }

    /// For the launch context of a container.
    pub(super) async fn for_containers(&self) -> Result<Option<Credentials>, LaunchError> {
        let source = match self {
            Tokens::Submitted(credentials) => return Ok(Some(credentials.clone())),
            Tokens::Keytab(source) => source,
        };
        let mut last = source.last.lock().await;
        if let Some((taken, credentials)) = &*last
            && taken.elapsed() < FRESH_FOR
        {
            return Ok(credentials.clone());
        }
        let credentials = hdfs_credentials(&source.conf, &source.files).await?;
        *last = Some((Instant::now(), credentials.clone()));
        Ok(credentials)
    }
}
