//! The shares of models' versions: one node a model below `<state root>/routing`.

use zookeeper_client as zk;

use super::operations::{children, ensure_path, persistent};
use super::session::Session;
use crate::{MaasError, Routing, Routings, UnreadableNode, check_model_name};

/// Most models whose routing is read.
pub(super) const MAX_MODELS: usize = 10_000;
/// Reads that are under way at once.
const READS_AT_ONCE: usize = 256;

pub(super) fn routing_root(session: &Session) -> String {
    format!("{}/routing", session.config.state_root())
}

fn routing_path(session: &Session, name: &str) -> Result<String, MaasError> {
    check_model_name(name)?;
    Ok(format!("{}/{name}", routing_root(session)))
}

pub(super) async fn routings(session: &Session) -> Result<Routings, MaasError> {
    let root = routing_root(session);
    let mut names = children(session, &root).await?;
    let mut routings = Routings::default();
    if names.len() > MAX_MODELS {
        let reason = format!("there are more than {MAX_MODELS} models, the rest is not read");
        let path = format!("{root}/{}", names[MAX_MODELS]);
        routings
            .unreadable
            .insert(names[MAX_MODELS].clone(), UnreadableNode { path, reason });
        names.truncate(MAX_MODELS);
    }
    for some in names.chunks(READS_AT_ONCE) {
        let paths: Vec<String> = some.iter().map(|name| format!("{root}/{name}")).collect();
        // Each read is sent when its future is made, so that all are under way at once.
        let reads: Vec<_> = paths
            .iter()
            .map(|path| session.client.get_data(path))
            .collect();
        for ((name, path), read) in some.iter().zip(paths).zip(reads) {
            let data = match session.run(read).await {
                Ok((data, _)) => data,
                Err(zk::Error::NoNode) => continue,
                Err(error) => return Err(session.error("read", &path, error)),
            };
            match Routing::read(&data) {
                Ok(routing) => {
                    routings.models.insert(name.clone(), routing);
                }
                Err(error) => {
                    let reason = error.to_string();
                    let node = UnreadableNode { path, reason };
                    routings.unreadable.insert(name.clone(), node);
                }
            }
        }
    }
    Ok(routings)
}

pub(super) async fn routing(session: &Session, name: &str) -> Result<Routing, MaasError> {
    let path = routing_path(session, name)?;
    match session.run(session.client.get_data(&path)).await {
        Ok((data, _)) => read_node(&path, &data),
        Err(zk::Error::NoNode) => Ok(Routing::default()),
        Err(error) => Err(session.error("read", &path, error)),
    }
}

fn read_node(path: &str, data: &[u8]) -> Result<Routing, MaasError> {
    Routing::read(data).map_err(|error| {
        let reason = format!("{error}; set the node right or delete it");
        MaasError::malformed(format!("the node {path}"), reason)
    })
}

/// Takes the place of `former` only: false when the node says something else by now.
pub(super) async fn set_routing(
    session: &Session,
    name: &str,
    former: &Routing,
    routing: &Routing,
) -> Result<bool, MaasError> {
    let path = routing_path(session, name)?;
    let data = routing.write()?;
    let (stored, version) = match session.run(session.client.get_data(&path)).await {
        Ok((stored, stat)) => (read_node(&path, &stored)?, Some(stat.version)),
        Err(zk::Error::NoNode) => (Routing::default(), None),
        Err(error) => return Err(session.error("read", &path, error)),
    };
    if stored != *former {
        return Ok(false);
    }
    let done = match (version, routing.is_empty()) {
        (None, true) => return Ok(true),
        (None, false) => {
            ensure_path(session, &routing_root(session)).await?;
            let creating = session.client.create(&path, &data, &persistent());
            session.run(creating).await.map(|_| ())
        }
        (Some(version), true) => {
            session
                .run(session.client.delete(&path, Some(version)))
                .await
        }
        (Some(version), false) => {
            let writing = session.client.set_data(&path, &data, Some(version));
            session.run(writing).await.map(|_| ())
        }
    };
    match done {
        Ok(()) => Ok(true),
        Err(zk::Error::BadVersion | zk::Error::NodeExists | zk::Error::NoNode) => Ok(false),
        Err(error) => Err(session.error("write", &path, error)),
    }
}

#[cfg(test)]
mod tests {
    use alidade_testkit::ZooKeeper;

    use super::super::{ZooKeeperOptions, session};
    use super::*;
    use crate::{Percent, Share};

    fn weight(text: &str) -> Share {
        Share {
            weight: Some(Percent::parse(text).unwrap()),
            shadow: None,
        }
    }

    #[test]
    fn routings_are_stored_beside_the_service_root_and_only_over_what_was_seen() {
        let server = ZooKeeper::start().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let options = ZooKeeperOptions::new(server.quorum());
            let session = session::open(&options, None).await.unwrap();
            let nothing = Routing::default();
            assert!(routings(&session).await.unwrap().models.is_empty());
            assert!(
                set_routing(&session, "dga", &nothing, &nothing)
                    .await
                    .unwrap()
            );
            let ten = nothing.with("1.1", weight("10")).unwrap();
            assert!(set_routing(&session, "dga", &nothing, &ten).await.unwrap());
            assert!(
                !set_routing(&session, "dga", &nothing, &nothing)
                    .await
                    .unwrap()
            );
            let twenty = ten.with("1.1", weight("20")).unwrap();
            assert!(set_routing(&session, "dga", &ten, &twenty).await.unwrap());
            assert!(!set_routing(&session, "dga", &ten, &nothing).await.unwrap());
            assert_eq!(routing(&session, "dga").await.unwrap(), twenty);
            let (data, _) = session
                .client
                .get_data("/maas/state/service/routing/dga")
                .await
                .unwrap();
            assert_eq!(data, br#"{"versions":{"1.1":{"weight":20}}}"#);
            let broken = "/maas/state/service/routing/broken";
            let creating = session.client.create(broken, b"[]", &persistent());
            creating.await.unwrap();
            let all = routings(&session).await.unwrap();
            assert_eq!(all.models["dga"], twenty);
            assert_eq!(all.unreadable["broken"].path, broken);
            let error = routing(&session, "broken").await.unwrap_err().to_string();
            assert!(
                error.contains(broken) && error.contains("delete"),
                "{error}"
            );
            assert!(
                set_routing(&session, "dga", &twenty, &nothing)
                    .await
                    .unwrap()
            );
            assert!(!routings(&session).await.unwrap().models.contains_key("dga"));
            assert!(set_routing(&session, "a/b", &nothing, &ten).await.is_err());
        });
    }
}
