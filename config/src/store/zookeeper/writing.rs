//! How documents are written to ZooKeeper.

use std::collections::BTreeMap;

use zookeeper_client::{
    Acls, Client, CreateMode, CreateOptions, Error as ZkError, MultiWriteError,
};

use super::{WRITE, ZooKeeperStore};
use crate::json::MAX_DOCUMENT_BYTES;
use crate::{ConfigError, DocumentId, RawDocument};

const OPEN: CreateOptions<'static> = CreateMode::Persistent.with_acls(Acls::anyone_all());

/// Most bytes of documents in one transaction: the server takes 1 MiB, of which some goes to paths and headers.
const MAX_TRANSACTION_BYTES: usize = 900_000;
/// What a document adds to a transaction besides its content, at most: a path and a header.
const MAX_OVERHEAD_BYTES: usize = 512;

type Batch = Vec<(String, Vec<u8>)>;

impl ZooKeeperStore {
    pub(super) async fn write_node(
        &self,
        id: &DocumentId,
        bytes: &[u8],
    ) -> Result<(), ConfigError> {
        check_size(id, bytes)?;
        let put = |client: Client, node: String| async move { put(&client, &node, bytes).await };
        let written = self.run(WRITE, &id.node(), put).await;
        self.explain_missing_root(written)
    }

    /// Writes documents in one transaction, so that no reader sees a part of them; in as few as possible if they are too
    /// large for one.
    pub(super) async fn write_together(
        &self,
        documents: &BTreeMap<DocumentId, RawDocument>,
    ) -> Result<(), ConfigError> {
        for (id, document) in documents {
            check_size(id, &document.bytes)?;
        }
        for batch in batches(documents) {
            let first = batch.first().map_or("", |(node, _)| node.as_str());
            let written = self
                .run(WRITE, first, |client, _| {
                    let batch = &batch;
                    async move { put_together(&client, batch).await }
                })
                .await;
            self.explain_missing_root(written)?;
        }
        Ok(())
    }

    /// A missing parent after all parents were made: only the root of the address can be missing.
    fn explain_missing_root(&self, written: Result<(), ConfigError>) -> Result<(), ConfigError> {
        match written {
            Err(ConfigError::ZooKeeper {
                source: ZkError::NoNode,
                ..
            }) => {}
            answer => return answer,
        }
        let (servers, chroot) = match self.quorum.split_once('/') {
            Some((servers, chroot)) => (servers, format!("/{chroot}")),
            None => (self.quorum.as_str(), "/".to_owned()),
        };
        Err(ConfigError::NoChroot {
            quorum: servers.to_owned(),
            chroot,
        })
    }
}

fn check_size(id: &DocumentId, bytes: &[u8]) -> Result<(), ConfigError> {
    if bytes.len() <= MAX_DOCUMENT_BYTES {
        return Ok(());
    }
    Err(ConfigError::TooLarge {
        document: id.clone(),
        bytes: bytes.len(),
        limit: MAX_DOCUMENT_BYTES,
    })
}

fn batches(documents: &BTreeMap<DocumentId, RawDocument>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    let mut size = 0;
    for (id, document) in documents {
        let bytes = document.bytes.len() + MAX_OVERHEAD_BYTES;
        if batches.is_empty() || size + bytes > MAX_TRANSACTION_BYTES {
            batches.push(Batch::new());
            size = 0;
        }
        size += bytes;
        if let Some(batch) = batches.last_mut() {
            batch.push((id.node(), document.bytes.to_vec()));
        }
    }
    batches
}

async fn put(client: &Client, node: &str, bytes: &[u8]) -> Result<(), ZkError> {
    // Two writers may meet: whoever finds the node made by the other sets it.
    loop {
        match client.set_data(node, bytes, None).await {
            Err(ZkError::NoNode) => {}
            answer => return answer.map(|_| ()),
        }
        match create(client, node, bytes).await {
            Err(ZkError::NodeExists) => {}
            answer => return answer,
        }
    }
}

async fn create(client: &Client, node: &str, bytes: &[u8]) -> Result<(), ZkError> {
    if let Some((parent, _)) = node.rsplit_once('/') {
        client.mkdir(parent, &OPEN).await?;
    }
    client.create(node, bytes, &OPEN).await.map(|_| ())
}

/// Nodes that are missing are made first, empty, which readers pass over; then all are set at once. Servers before 3.5
/// cannot create nodes inside a transaction in the way that the client asks.
async fn put_together(client: &Client, batch: &Batch) -> Result<(), ZkError> {
    if let [(node, bytes)] = batch.as_slice() {
        return put(client, node, bytes).await;
    }
    loop {
        for (node, _) in batch {
            if client.check_stat(node).await?.is_some() {
                continue;
            }
            match create(client, node, &[]).await {
                Ok(()) | Err(ZkError::NodeExists) => {}
                Err(error) => return Err(error),
            }
        }
        let mut transaction = client.new_multi_writer();
        for (node, bytes) in batch {
            transaction.add_set_data(node, bytes, None)?;
        }
        match transaction.commit().await {
            Ok(_) => return Ok(()),
            // Another has deleted a node in between.
            Err(MultiWriteError::OperationFailed {
                source: ZkError::NoNode,
                ..
            }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_stay_below_the_limit_and_lose_nothing() {
        let sizes = [10, 500_000, 500_000, 100, MAX_DOCUMENT_BYTES, 20];
        let documents: BTreeMap<DocumentId, RawDocument> = sizes
            .iter()
            .enumerate()
            .map(|(at, size)| {
                let id = DocumentId::Indexing(format!("s{at}"));
                (id, RawDocument::new(vec![b' '; *size], 0))
            })
            .collect();
        let made: Vec<Vec<usize>> = batches(&documents)
            .iter()
            .map(|batch| batch.iter().map(|(_, bytes)| bytes.len()).collect())
            .collect();
        assert_eq!(
            made,
            [
                vec![10, 500_000],
                vec![500_000, 100],
                vec![MAX_DOCUMENT_BYTES],
                vec![20]
            ]
        );
        assert!(batches(&BTreeMap::new()).is_empty());
    }
}
