//! Looking things up in ZooKeeper: the live nodes of Solr, the brokers of Kafka.

use std::time::Duration;

use alidade_zookeeper::ConnectOptions;

use crate::IndexingError;

const SESSION: Duration = Duration::from_secs(10);
/// How long a look-up may take, and the connecting before it.
const LOOK_UP: Duration = Duration::from_secs(15);

/// The children of `path`, each with its data.
pub(crate) async fn children(
    quorum: &str,
    path: &str,
    with_data: bool,
) -> Result<Vec<(String, Vec<u8>)>, IndexingError> {
    let options = ConnectOptions {
        session_timeout: SESSION,
        patience: LOOK_UP,
        is_old: false,
    };
    let client = alidade_zookeeper::connect(quorum, &options)
        .await
        .map_err(|error| failure(quorum, path, &error.to_string()))?;
    let look_up = async {
        let mut found = Vec::new();
        for name in client.list_children(path).await? {
            let mut data = Vec::new();
            if with_data {
                data = client.get_data(&format!("{path}/{name}")).await?.0;
            }
            found.push((name, data));
        }
        Ok::<_, zookeeper_client::Error>(found)
    };
    match tokio::time::timeout(LOOK_UP, look_up).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(failure(quorum, path, &error.to_string())),
        Err(_) => Err(failure(
            quorum,
            path,
            &format!("no answer within {LOOK_UP:?}"),
        )),
    }
}

fn failure(quorum: &str, path: &str, message: &str) -> IndexingError {
    IndexingError::Store {
        store: "ZooKeeper",
        message: format!("{path} at {quorum}: {message}"),
    }
}
