//! The single operations, all on one session.

use std::time::Duration;

use zookeeper_client as zk;

use super::session::{Session, Shared, is_unavailable};
use crate::{
    DesiredModels, Listing, MaasError, QueueItem, Revision, ServiceInstance, ServiceStatus,
    ServiceType, Settlement, UnreadableNode,
};

const ITEM_PREFIX: &str = "qn-";
/// Most unreadable queue items that are kept for a look.
const MAX_PARKED: usize = 100;
const RETRY_PAUSE: Duration = Duration::from_millis(500);
const ATTEMPTS: usize = 3;

pub(super) fn persistent() -> zk::CreateOptions<'static> {
    zk::CreateMode::Persistent.with_acls(zk::Acls::anyone_all())
}

/// Makes a path and its parents, persistent, empty and open as upstream does.
pub(super) async fn ensure_path(session: &Session, path: &str) -> Result<(), MaasError> {
    session
        .run(session.client.mkdir(path, &persistent()))
        .await
        .map_err(|error| session.error("create", path, error))
}

pub(super) async fn instances(session: &Session) -> Result<Listing, MaasError> {
    let root = &session.config.service_root;
    let mut listing = Listing::default();
    for model in children(session, root).await? {
        let model_path = format!("{root}/{model}");
        let ids = children(session, &model_path).await?;
        let paths: Vec<String> = ids.iter().map(|id| format!("{model_path}/{id}")).collect();
        // Each read is sent when its future is made, so that all are under way at once.
        let reads: Vec<_> = paths
            .iter()
            .map(|path| session.client.get_data(path))
            .collect();
        for (path, read) in paths.into_iter().zip(reads) {
            let data = match session.run(read).await {
                Ok((data, _)) => data,
                Err(zk::Error::NoNode) => continue,
                Err(error) => return Err(session.error("read", &path, error)),
            };
            match ServiceInstance::read(&data) {
                Ok(instance) => listing.instances.push(instance),
                Err(error) => listing.unreadable.push(UnreadableNode {
                    path,
                    reason: error.to_string(),
                }),
            }
        }
    }
    Ok(listing)
}

/// The children of a path, sorted; none where the path is not there.
pub(super) async fn children(session: &Session, path: &str) -> Result<Vec<String>, MaasError> {
    match session.run(session.client.list_children(path)).await {
        Ok(mut names) => {
            names.sort_unstable();
            Ok(names)
        }
        Err(zk::Error::NoNode) => Ok(Vec::new()),
        Err(error) => Err(session.error("list", path, error)),
    }
}

pub(super) async fn enqueue(session: &Session, data: &[u8]) -> Result<String, MaasError> {
    let queue = &session.config.queue_path;
    let path = format!("{queue}/{ITEM_PREFIX}");
    let options = zk::CreateMode::PersistentSequential.with_acls(zk::Acls::anyone_all());
    for _ in 0..ATTEMPTS {
        match session
            .run(session.client.create(&path, data, &options))
            .await
        {
            Ok((_, sequence)) => return Ok(format!("{ITEM_PREFIX}{sequence}")),
            Err(zk::Error::NoNode) => ensure_path(session, queue).await?,
            Err(error) => return Err(session.error("add an item to", queue, error)),
        }
    }
    Err(session.error("add an item to", queue, zk::Error::NoNode))
}

pub(super) async fn next_item(shared: &Shared) -> Result<QueueItem, MaasError> {
    loop {
        let session = shared.session_eventually().await;
        match first_item(&session).await {
            Ok(item) => return Ok(item),
            Err(error @ MaasError::Unavailable { .. }) => {
                tracing::debug!(%error, "waiting for the request queue");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Waits for the first item, within one session.
async fn first_item(session: &Session) -> Result<QueueItem, MaasError> {
    let queue = &session.config.queue_path;
    loop {
        let listing = session.client.list_and_watch_children(queue);
        let (mut names, watcher) = match session.run(listing).await {
            Ok(found) => found,
            Err(zk::Error::NoNode) => {
                ensure_path(session, queue).await?;
                continue;
            }
            Err(error) => return Err(session.error("list", queue, error)),
        };
        names.sort_unstable();
        for id in names {
            if !id.starts_with(ITEM_PREFIX) {
                tracing::warn!(path = queue, node = id, "not a request, passed over");
                continue;
            }
            let path = format!("{queue}/{id}");
            match session.run(session.client.get_data(&path)).await {
                Ok((data, _)) => return Ok(QueueItem { id, data }),
                Err(zk::Error::NoNode) => {}
                Err(error) => return Err(session.error("read", &path, error)),
            }
        }
        let event = watcher.changed().await;
        if event.event_type == zk::EventType::Session && event.session_state.is_terminated() {
            return Err(session.error("watch", queue, zk::Error::SessionExpired));
        }
    }
}

/// Tries for as long as ZooKeeper is away: to give up after a lost answer would leave open whether the request was taken.
pub(super) async fn settle(
    shared: &Shared,
    item: &QueueItem,
    settlement: Settlement<'_>,
) -> Result<bool, MaasError> {
    let mut may_be_done = false;
    loop {
        let session = shared.session_eventually().await;
        match settle_once(&session, item, settlement, may_be_done).await {
            Err(error @ MaasError::Unavailable { .. }) => {
                tracing::warn!(item = item.id, %error, "cannot take the request out of the queue yet");
                may_be_done = true;
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

async fn settle_once(
    session: &Session,
    item: &QueueItem,
    settlement: Settlement<'_>,
    may_be_done: bool,
) -> Result<bool, MaasError> {
    let path = format!("{}/{}", session.config.queue_path, item.id);
    match settlement {
        Settlement::Drop => delete(session, &path).await,
        Settlement::Park => {
            park(session, item).await?;
            delete(session, &path).await
        }
        Settlement::Desired(desired, revision) => {
            let data = desired.write()?;
            let state = format!("{}/desired", session.config.state_root());
            ensure_path(session, &state).await?;
            let failed = |error| session.error("take", &path, error);
            let mut transaction = session.client.new_multi_writer();
            transaction.add_delete(&path, None).map_err(failed)?;
            transaction
                .add_set_data(&state, &data, revision)
                .map_err(failed)?;
            let commit = async {
                match transaction.commit().await {
                    Ok(_) => Ok(()),
                    Err(zk::MultiWriteError::RequestFailed { source }) => Err(source),
                    Err(zk::MultiWriteError::OperationFailed { source, .. }) => Err(source),
                }
            };
            match session.run(commit).await {
                Ok(()) => Ok(true),
                // The answer to our own commit may have been lost.
                Err(zk::Error::NoNode) if may_be_done => stored_is(session, &state, &data).await,
                Err(zk::Error::NoNode) => Ok(false),
                Err(zk::Error::BadVersion) => Err(MaasError::Superseded),
                Err(error) => Err(failed(error)),
            }
        }
    }
}

async fn stored_is(session: &Session, path: &str, expected: &[u8]) -> Result<bool, MaasError> {
    match session.run(session.client.get_data(path)).await {
        Ok((data, _)) => Ok(data == expected),
        Err(error) => Err(session.error("read", path, error)),
    }
}

/// Deletes a node; false when it was not there.
pub(super) async fn delete(session: &Session, path: &str) -> Result<bool, MaasError> {
    match session.run(session.client.delete(path, None)).await {
        Ok(()) => Ok(true),
        Err(zk::Error::NoNode) => Ok(false),
        Err(error) => Err(session.error("delete", path, error)),
    }
}

async fn park(session: &Session, item: &QueueItem) -> Result<(), MaasError> {
    let parked = format!("{}/unparsable", session.config.state_root());
    ensure_path(session, &parked).await?;
    let path = format!("{parked}/{}", item.id);
    match session
        .run(session.client.create(&path, &item.data, &persistent()))
        .await
    {
        Ok(_) => {}
        Err(zk::Error::NodeExists) => {
            let overwriting = session.client.set_data(&path, &item.data, None);
            let done = session.run(overwriting).await;
            done.map_err(|error| session.error("write", &path, error))?;
        }
        Err(error) => return Err(session.error("create", &path, error)),
    }
    let names = children(session, &parked).await?;
    for oldest in names.iter().take(names.len().saturating_sub(MAX_PARKED)) {
        delete(session, &format!("{parked}/{oldest}")).await?;
    }
    Ok(())
}

pub(super) async fn register(
    session: &Session,
    instance: &ServiceInstance,
) -> Result<(), MaasError> {
    let data = instance.write()?;
    let model_path = format!("{}/{}", session.config.service_root, instance.name);
    let path = format!("{model_path}/{}", instance.id);
    let mode = match instance.service_type {
        ServiceType::Dynamic => zk::CreateMode::Ephemeral,
        ServiceType::Static => zk::CreateMode::Persistent,
    };
    let options = mode.with_acls(zk::Acls::anyone_all());
    let mut last = zk::Error::NodeExists;
    for _ in 0..=ATTEMPTS {
        match session
            .run(session.client.create(&path, &data, &options))
            .await
        {
            Ok(_) => return Ok(()),
            Err(zk::Error::NoNode) => ensure_path(session, &model_path).await?,
            // Deleting and creating again lets every watch on the children fire.
            Err(zk::Error::NodeExists) => {
                delete(session, &path).await?;
            }
            Err(error) if is_unavailable(&error) && !session.client.state().is_terminated() => {
                last = error;
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            Err(error) => return Err(session.error("register", &path, error)),
        }
    }
    Err(session.error("register", &path, last))
}

pub(super) async fn unregister(session: &Session, name: &str, id: &str) -> Result<(), MaasError> {
    let path = format!("{}/{name}/{id}", session.config.service_root);
    delete(session, &path).await?;
    Ok(())
}

pub(super) async fn withdraw(
    session: &Session,
    instance: &ServiceInstance,
) -> Result<(), MaasError> {
    let own = instance.write()?;
    let root = &session.config.service_root;
    let path = format!("{root}/{}/{}", instance.name, instance.id);
    let version = match session.run(session.client.get_data(&path)).await {
        Ok((data, stat)) if data == own => stat.version,
        Ok(_) | Err(zk::Error::NoNode) => return Ok(()),
        Err(error) => return Err(session.error("read", &path, error)),
    };
    match session
        .run(session.client.delete(&path, Some(version)))
        .await
    {
        // A bad version means that someone has written over it meanwhile.
        Ok(()) | Err(zk::Error::NoNode | zk::Error::BadVersion) => Ok(()),
        Err(error) => Err(session.error("delete", &path, error)),
    }
}

pub(super) async fn claim(session: &Session, holder: &str) -> Result<(), MaasError> {
    let root = session.config.state_root();
    let path = format!("{root}/leader");
    let options = zk::CreateMode::Ephemeral.with_acls(zk::Acls::anyone_all());
    for _ in 0..ATTEMPTS {
        let creating = session.client.create(&path, holder.as_bytes(), &options);
        match session.run(creating).await {
            Ok(_) => return Ok(()),
            Err(zk::Error::NoNode) => ensure_path(session, &root).await?,
            Err(zk::Error::NodeExists) => match session.run(session.client.get_data(&path)).await {
                Ok((_, stat)) if stat.ephemeral_owner == session.client.session_id().0 => {
                    return Ok(());
                }
                // The remains of an earlier session of the same process.
                Ok((other, _)) if other == holder.as_bytes() => {
                    delete(session, &path).await?;
                }
                Ok((other, _)) => {
                    return Err(MaasError::AlreadyServed {
                        root: session.config.service_root.clone(),
                        holder: String::from_utf8_lossy(&other).into_owned(),
                    });
                }
                Err(zk::Error::NoNode) => {}
                Err(error) => return Err(session.error("read", &path, error)),
            },
            Err(error) => return Err(session.error("create", &path, error)),
        }
    }
    Err(session.error("create", &path, zk::Error::NodeExists))
}

pub(super) async fn release(session: &Session) -> Result<(), MaasError> {
    let path = format!("{}/leader", session.config.state_root());
    match session.run(session.client.get_data(&path)).await {
        Ok((_, stat)) if stat.ephemeral_owner == session.client.session_id().0 => {
            delete(session, &path).await?;
            Ok(())
        }
        Ok(_) | Err(zk::Error::NoNode) => Ok(()),
        Err(error) => Err(session.error("read", &path, error)),
    }
}

pub(super) async fn holder(session: &Session) -> Result<Option<String>, MaasError> {
    let path = format!("{}/leader", session.config.state_root());
    match session.run(session.client.get_data(&path)).await {
        Ok((data, _)) => Ok(Some(String::from_utf8_lossy(&data).into_owned())),
        Err(zk::Error::NoNode) => Ok(None),
        Err(error) => Err(session.error("read", &path, error)),
    }
}

pub(super) async fn desired(session: &Session) -> Result<(DesiredModels, Revision), MaasError> {
    let path = format!("{}/desired", session.config.state_root());
    match session.run(session.client.get_data(&path)).await {
        Ok((data, stat)) => Ok((DesiredModels::read(&data)?, stat.version)),
        // As a node that has just been made.
        Err(zk::Error::NoNode) => Ok((DesiredModels::default(), 0)),
        Err(error) => Err(session.error("read", &path, error)),
    }
}

pub(super) async fn publish_status(session: &Session, status: &[u8]) -> Result<(), MaasError> {
    let path = format!("{}/status", session.config.state_root());
    ensure_path(session, &path).await?;
    let writing = session.client.set_data(&path, status, None);
    let done = session.run(writing).await;
    done.map(|_| ())
        .map_err(|error| session.error("write", &path, error))
}

pub(super) async fn published_status(
    session: &Session,
) -> Result<Option<ServiceStatus>, MaasError> {
    let path = format!("{}/status", session.config.state_root());
    match session.run(session.client.get_data(&path)).await {
        Ok((document, _)) if document.is_empty() => Ok(None),
        Ok((document, _)) => ServiceStatus::read(&document).map(Some),
        Err(zk::Error::NoNode) => Ok(None),
        Err(error) => Err(session.error("read", &path, error)),
    }
}
