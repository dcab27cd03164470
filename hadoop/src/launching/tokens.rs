use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::{Credentials, FileSystem, HadoopConf, HadoopError, hdfs_credentials};

/// A fresh token is taken after this time. They live for a day without being renewed.
const FRESH_FOR: Duration = Duration::from_secs(6 * 3600);

/// Where an application master gets the tokens with which its containers read and write HDFS.
#[derive(Debug)]
pub struct ContainerTokens(Source);

#[derive(Debug)]
enum Source {
    Submitted(Credentials),
    Keytab {
        conf: Box<HadoopConf>,
        files: FileSystem,
        last: Mutex<Option<(Instant, Option<Credentials>)>>,
    },
}

impl ContainerTokens {
    /// Those that the application was submitted with, without the application master's own, with which a container could
    /// pass for it. YARN renews them, up to their maximum life (seven days).
    pub fn submitted(credentials: &Credentials) -> ContainerTokens {
        ContainerTokens(Source::Submitted(credentials.for_containers()))
    }

    /// Ever new ones, by a log-in from the keytab that the environment names.
    pub fn by_keytab(conf: HadoopConf, files: FileSystem) -> ContainerTokens {
        ContainerTokens(Source::Keytab {
            conf: Box::new(conf),
            files,
            last: Mutex::new(None),
        })
    }

    /// For the launch context of a container; none where none are needed.
    ///
    /// # Errors
    /// When the NameNode gives no token.
    pub async fn for_container(&self) -> Result<Option<Credentials>, HadoopError> {
        let (conf, files, last) = match &self.0 {
            Source::Submitted(credentials) => return Ok(Some(credentials.clone())),
            Source::Keytab { conf, files, last } => (conf, files, last),
        };
        let mut last = last.lock().await;
        if let Some((taken, credentials)) = &*last
            && taken.elapsed() < FRESH_FOR
        {
            return Ok(credentials.clone());
        }
        let credentials = hdfs_credentials(conf, files).await?;
        *last = Some((Instant::now(), credentials.clone()));
        Ok(credentials)
    }
}
