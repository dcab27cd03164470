//! A worker's word that it works, which its master waits for: a file in HDFS.

use std::net::SocketAddr;
use std::time::Duration;

use alidade_hadoop::{FileSystem, HadoopConf, HadoopError};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::STARTED_FOLDER;

/// Larger ones are none.
const MOST_BYTES: u64 = 4096;
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a worker tells.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Announcement {
    /// `host:port` of its health and metrics.
    pub http: Option<String>,
}

impl Announcement {
    /// For an address that was bound on this node.
    pub fn new(bound: Option<SocketAddr>, node: &str) -> Announcement {
        let http = bound.map(|bound| {
            if bound.ip().is_unspecified() && !node.is_empty() {
                return format!("{node}:{}", bound.port());
            }
            bound.to_string()
        });
        Announcement { http }
    }

    /// Writes it, however long that takes: the worker works meanwhile.
    pub async fn write(&self, file_system: &str, directory: &str, container: &str) {
        let mut pause = SHORTEST_PAUSE;
        while let Err(error) = self.try_write(file_system, directory, container).await {
            tracing::warn!(%error, "cannot tell the master that this worker works, trying again");
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn try_write(
        &self,
        file_system: &str,
        directory: &str,
        container: &str,
    ) -> Result<(), HadoopError> {
        let conf = HadoopConf::from_environment()?;
        let files = FileSystem::connect(&conf, Some(file_system)).await?;
        // Nobody reads it any more, and writing would make the directory anew.
        if files.status(directory).await?.is_none() {
            return Ok(());
        }
        let content = serde_json::to_vec(self).unwrap_or_default();
        files
            .write(&path(directory, container), &content, 0o600)
            .await?;
        Ok(())
    }

    /// Reads it; nothing while there is nothing.
    ///
    /// # Errors
    /// When HDFS cannot be asked.
    pub async fn read(
        files: &FileSystem,
        directory: &str,
        container: &str,
    ) -> Result<Option<Announcement>, HadoopError> {
        let bytes = files.read(&path(directory, container), MOST_BYTES).await?;
        Ok(bytes.map(|bytes| serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    /// Deletes that of a worker that has ended. No matter if it stays: the whole directory goes in the end.
    pub async fn delete(files: &FileSystem, directory: &str, container: &str) {
        if let Err(error) = files.delete(&path(directory, container)).await {
            tracing::debug!(%error, container, "the word of a worker that has ended stays in HDFS");
        }
    }
}

fn path(directory: &str, container: &str) -> String {
    format!("{directory}/{STARTED_FOLDER}/{container}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_all_interfaces_is_told_by_the_nodes_name() {
        let http = |address: &str, node: &str| {
            Announcement::new(Some(address.parse().unwrap()), node)
                .http
                .unwrap()
        };
        assert_eq!(http("0.0.0.0:81", "node1"), "node1:81");
        assert_eq!(http("[::]:81", "node1"), "node1:81");
        assert_eq!(http("0.0.0.0:81", ""), "0.0.0.0:81");
        assert_eq!(http("10.0.0.1:81", "node1"), "10.0.0.1:81");
        assert_eq!(Announcement::new(None, "node1").http, None);
    }
}
