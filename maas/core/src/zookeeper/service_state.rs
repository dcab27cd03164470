//! What a service keeps for itself, beside the registry: its containers, and the wish that it ends.

use zookeeper_client as zk;

use super::operations::{children, delete, ensure_path, persistent};
use super::session::Session;
use crate::{ContainerRecord, MaasError};

fn containers_path(session: &Session) -> String {
    format!("{}/containers", session.config.state_root())
}

fn stop_path(session: &Session) -> String {
    format!("{}/stop", session.config.state_root())
}

pub(super) async fn containers(
    session: &Session,
) -> Result<Vec<(String, Option<ContainerRecord>)>, MaasError> {
    let root = containers_path(session);
    let ids = children(session, &root).await?;
    let paths: Vec<String> = ids.iter().map(|id| format!("{root}/{id}")).collect();
    // Each read is sent when its future is made, so that all are under way at once.
    let reads: Vec<_> = paths
        .iter()
        .map(|path| session.client.get_data(path))
        .collect();
    let mut records = Vec::new();
    for ((id, path), read) in ids.into_iter().zip(&paths).zip(reads) {
        match session.run(read).await {
            Ok((data, _)) => records.push((id, ContainerRecord::read(&data).ok())),
            Err(zk::Error::NoNode) => {}
            Err(error) => return Err(session.error("read", path, error)),
        }
    }
    Ok(records)
}

pub(super) async fn knows_container(session: &Session, id: &str) -> Result<bool, MaasError> {
    let path = format!("{}/{id}", containers_path(session));
    match session.run(session.client.check_stat(&path)).await {
        Ok(stat) => Ok(stat.is_some()),
        Err(error) => Err(session.error("look for", &path, error)),
    }
}

pub(super) async fn record_container(
    session: &Session,
    id: &str,
    data: &[u8],
) -> Result<(), MaasError> {
    let path = format!("{}/{id}", containers_path(session));
    write(session, &path, data).await
}

pub(super) async fn forget_container(session: &Session, id: &str) -> Result<(), MaasError> {
    let path = format!("{}/{id}", containers_path(session));
    delete(session, &path).await?;
    Ok(())
}

pub(super) async fn request_stop(session: &Session, holder: Option<&str>) -> Result<(), MaasError> {
    let path = stop_path(session);
    match holder {
        Some(holder) => write(session, &path, holder.as_bytes()).await,
        None => {
            delete(session, &path).await?;
            Ok(())
        }
    }
}

pub(super) async fn requested_stop(session: &Session) -> Result<Option<String>, MaasError> {
    let path = stop_path(session);
    match session.run(session.client.get_data(&path)).await {
        Ok((data, _)) => Ok(Some(String::from_utf8_lossy(&data).into_owned())),
        Err(zk::Error::NoNode) => Ok(None),
        Err(error) => Err(session.error("read", &path, error)),
    }
}

/// Makes a persistent node, or overwrites it.
async fn write(session: &Session, path: &str, data: &[u8]) -> Result<(), MaasError> {
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    ensure_path(session, parent).await?;
    let creating = session.client.create(path, data, &persistent());
    match session.run(creating).await {
        Ok(_) => return Ok(()),
        Err(zk::Error::NodeExists) => {}
        Err(error) => return Err(session.error("create", path, error)),
    }
    let overwriting = session.client.set_data(path, data, None);
    let done = session.run(overwriting).await;
    done.map(|_| ())
        .map_err(|error| session.error("write", path, error))
}
