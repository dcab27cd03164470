use serde::Deserialize;
use zookeeper_client::{Client, Error as ZkError};

use crate::ConfigError;

const BROKERS: &str = "/brokers/ids";

/// The Kafka brokers that are registered in ZooKeeper, as `host:port`, sorted by their id.
///
/// # Errors
/// When ZooKeeper cannot be asked, or no broker is registered.
pub async fn brokers_from_zookeeper(client: &Client) -> Result<Vec<String>, ConfigError> {
    let failed = |action, source| ConfigError::ZooKeeper {
        quorum: String::new(),
        action,
        node: BROKERS.to_owned(),
        source,
    };
    let mut ids = match client.list_children(BROKERS).await {
        Ok(ids) => ids,
        Err(ZkError::NoNode) => return Err(ConfigError::NoBrokers),
        Err(source) => return Err(failed("list", source)),
    };
    ids.sort_by_key(|id| (id.parse::<u64>().unwrap_or(u64::MAX), id.clone()));
    let mut registrations = Vec::with_capacity(ids.len());
    for id in ids {
        match client.get_data(&format!("{BROKERS}/{id}")).await {
            Ok((bytes, _)) => registrations.push(bytes),
            // The broker went away in between.
            Err(ZkError::NoNode) => {}
            Err(source) => return Err(failed("read", source)),
        }
    }
    let brokers = brokers_from_registrations(&registrations);
    if brokers.is_empty() {
        return Err(ConfigError::NoBrokers);
    }
    Ok(brokers)
}

#[derive(Deserialize)]
struct Registration {
    host: Option<String>,
    port: Option<i64>,
    #[serde(default)]
    endpoints: Vec<String>,
}

/// The addresses in registrations as Kafka writes them to `/brokers/ids/N`: `host` and `port`, or without a host what
/// stands behind `//` in each endpoint. What cannot be read is left out.
pub fn brokers_from_registrations(registrations: &[Vec<u8>]) -> Vec<String> {
    let mut brokers = Vec::new();
    for bytes in registrations {
        let Ok(registration) = serde_json::from_slice::<Registration>(bytes) else {
            continue;
        };
        match (registration.host, registration.port) {
            (Some(host), Some(port)) => brokers.push(format!("{host}:{port}")),
            _ => {
                let addresses = registration.endpoints.iter();
                brokers.extend(addresses.filter_map(|endpoint| {
                    let (_, address) = endpoint.split_once("//")?;
                    Some(address.to_owned())
                }));
            }
        }
    }
    brokers.retain(|broker| !broker.is_empty());
    brokers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_or_else_the_endpoints() {
        let registrations = [
            br#"{"host":"node1","port":6667,"endpoints":["PLAINTEXT://other:1"]}"#.to_vec(),
            br#"{"host":null,"port":-1,"endpoints":["SASL_PLAINTEXT://node2:6667","SSL://node2:6668"]}"#.to_vec(),
            b"not json".to_vec(),
            br#"{"endpoints":["nonsense"]}"#.to_vec(),
        ];
        assert_eq!(
            brokers_from_registrations(&registrations),
            ["node1:6667", "node2:6667", "node2:6668"]
        );
    }
}
