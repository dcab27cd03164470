//! Noticing that endpoints or routings have changed: by one recursive watch each where the server has it (3.6 and newer),
//! else by one-shot watches that are set again after each event.

use std::time::Duration;

use tokio::task::JoinSet;
use zookeeper_client as zk;

use super::routing::{MAX_MODELS, routing_root};
use super::session::{Session, Shared, is_unavailable};

/// Pause after a refused watch, and between two rounds of one-shot watches.
const PAUSE: Duration = Duration::from_secs(1);
const ROUND: Duration = Duration::from_millis(50);

/// What is watched.
#[derive(Debug, Clone, Copy)]
enum Tree<'a> {
    /// The service root: models, and their instances below.
    Instances(&'a str),
    /// Nodes without children, whose content counts.
    Routings(&'a str),
}

impl<'a> Tree<'a> {
    fn root(self) -> &'a str {
        match self {
            Tree::Instances(root) | Tree::Routings(root) => root,
        }
    }
}

/// Counts up the shared change number at every change; returns when the session has ended.
pub(super) async fn report_changes(session: &Session, shared: &Shared) {
    let mut wanted = shared.watch_wanted.subscribe();
    if wanted.wait_for(|wanted| *wanted).await.is_err() {
        return;
    }
    let routings = routing_root(session);
    tokio::join!(
        report_changes_of(
            Tree::Instances(&session.config.service_root),
            session,
            shared
        ),
        report_changes_of(Tree::Routings(&routings), session, shared),
    );
}

async fn report_changes_of(tree: Tree<'_>, session: &Session, shared: &Shared) {
    let root = tree.root();
    loop {
        let watching = session
            .client
            .watch(root, zk::AddWatchMode::PersistentRecursive);
        match watching.await {
            Ok(watcher) => return follow(session, root, watcher, shared).await,
            Err(zk::Error::Unimplemented) => return follow_one_shot(session, tree, shared).await,
            Err(error) if is_unavailable(&error) && session.client.state().is_terminated() => {
                return;
            }
            Err(error) => {
                tracing::warn!(path = root, %error, "cannot watch registered models, trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn follow(
    session: &Session,
    root: &str,
    mut watcher: zk::PersistentWatcher,
    shared: &Shared,
) {
    // What happened before the watch was set is not reported by it.
    shared.note_change();
    loop {
        let event = watcher.changed().await;
        if event.event_type == zk::EventType::Session {
            let state = event.session_state;
            if state.is_terminated() {
                return shared.note_change();
            }
            if state != zk::SessionState::Disconnected {
                // The server forgets watches with the connection, and the client library does not set persistent ones
                // again. The former one goes after the new one is set; the other way round would take both away.
                match set_again(session, root).await {
                    Some(again) => watcher = again,
                    None => return shared.note_change(),
                }
            }
        }
        // Events of a time without connection are lost, so coming back counts as a change too.
        shared.note_change();
    }
}

/// Nothing when the session has ended.
async fn set_again(session: &Session, root: &str) -> Option<zk::PersistentWatcher> {
    loop {
        let mode = zk::AddWatchMode::PersistentRecursive;
        match session.client.watch(root, mode).await {
            Ok(watcher) => return Some(watcher),
            Err(_) if session.client.state().is_terminated() => return None,
            Err(error) => {
                tracing::debug!(path = root, %error, "cannot watch registered models, trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn follow_one_shot(session: &Session, tree: Tree<'_>, shared: &Shared) {
    let root = tree.root();
    loop {
        match watch_all(session, tree).await {
            Ok(mut watches) => {
                shared.note_change();
                let event = watches.join_next().await;
                if let Some(Ok(event)) = event
                    && event.session_state.is_terminated()
                {
                    return;
                }
                tokio::time::sleep(ROUND).await;
            }
            Err(error) => {
                if session.client.state().is_terminated() {
                    return;
                }
                tracing::warn!(path = root, %error, "cannot watch registered models, trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Sets a watch on the root and on each model's list of instances, or on each model's routing.
async fn watch_all(
    session: &Session,
    tree: Tree<'_>,
) -> Result<JoinSet<zk::WatchedEvent>, zk::Error> {
    let client = &session.client;
    let root = tree.root();
    let mut watches = JoinSet::new();
    let (models, root_watch) = match session.run(client.list_and_watch_children(root)).await {
        Ok(found) => found,
        Err(zk::Error::NoNode) => {
            let (_, created) = session.run(client.check_and_watch_stat(root)).await?;
            watches.spawn(created.changed());
            return Ok(watches);
        }
        Err(error) => return Err(error),
    };
    watches.spawn(root_watch.changed());
    for model in models.into_iter().take(MAX_MODELS) {
        let path = format!("{root}/{model}");
        let set = match tree {
            Tree::Instances(_) => session
                .run(client.list_and_watch_children(&path))
                .await
                .map(|(_, watch)| watch),
            Tree::Routings(_) => session
                .run(client.get_and_watch_data(&path))
                .await
                .map(|(_, _, watch)| watch),
        };
        match set {
            Ok(watch) => {
                watches.spawn(watch.changed());
            }
            Err(zk::Error::NoNode) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(watches)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use alidade_testkit::ZooKeeper;

    use super::super::{ZooKeeperOptions, session};
    use super::*;

    #[test]
    fn changes_are_seen_after_the_server_has_been_away() {
        let server = ZooKeeper::start().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let options = ZooKeeperOptions::new(server.quorum());
        let shared = Arc::new(Shared::new(options.clone()));
        shared.watch_wanted.send_replace(true);
        let session = runtime.block_on(async {
            let session = Arc::new(session::open(&options, None).await.unwrap());
            let mut changes = shared.changes.subscribe();
            tokio::spawn({
                let (session, shared) = (session.clone(), shared.clone());
                async move { report_changes(&session, &shared).await }
            });
            // The first change is reported once the watch is set.
            changes.changed().await.unwrap();
            session
        });
        server.restart().unwrap();
        runtime.block_on(async {
            let open = zk::Acls::anyone_all();
            let persistent = zk::CreateMode::Persistent.with_acls(open);
            let made = session.run(session.client.mkdir("/maas/service", &persistent));
            if made.await.is_err() {
                // The connection was not back yet.
                tokio::time::sleep(Duration::from_secs(10)).await;
                session
                    .client
                    .mkdir("/maas/service", &persistent)
                    .await
                    .unwrap();
            }
            // All that the return of the connection brings about has been reported by then.
            tokio::time::sleep(Duration::from_secs(2)).await;
            let mut changes = shared.changes.subscribe();
            session
                .client
                .create("/maas/service/dga", b"{}", &persistent)
                .await
                .unwrap();
            let waiting = tokio::time::timeout(Duration::from_secs(10), changes.changed());
            waiting.await.expect("the change is seen").unwrap();
        });
    }

    /// Servers before 3.6 are not at hand; the one-shot watches are the same on newer ones.
    #[test]
    fn one_shot_watches_see_every_change() {
        let server = ZooKeeper::start().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let options = ZooKeeperOptions::new(server.quorum());
            let session = Arc::new(session::open(&options, None).await.unwrap());
            let shared = Arc::new(Shared::new(options));
            let mut changes = shared.changes.subscribe();
            let following = tokio::spawn({
                let (session, shared) = (session.clone(), shared.clone());
                let tree = Tree::Instances("/maas/service");
                async move { follow_one_shot(&session, tree, &shared).await }
            });
            let open = zk::Acls::anyone_all();
            let persistent = zk::CreateMode::Persistent.with_acls(open);
            let mut expect_change = async || {
                let waiting = tokio::time::timeout(Duration::from_secs(10), changes.changed());
                waiting.await.unwrap().unwrap();
            };
            expect_change().await;
            session
                .client
                .mkdir("/maas/service", &persistent)
                .await
                .unwrap();
            expect_change().await;
            for path in [
                "/maas/service/dga",
                "/maas/service/dga/2",
                "/maas/service/dga/3",
            ] {
                session
                    .client
                    .create(path, b"{}", &persistent)
                    .await
                    .unwrap();
                expect_change().await;
            }
            session
                .client
                .delete("/maas/service/dga/2", None)
                .await
                .unwrap();
            expect_change().await;
            following.abort();
        });
    }

    #[test]
    fn one_shot_watches_see_every_change_of_a_routing() {
        let server = ZooKeeper::start().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let options = ZooKeeperOptions::new(server.quorum());
            let session = Arc::new(session::open(&options, None).await.unwrap());
            let shared = Arc::new(Shared::new(options));
            let mut changes = shared.changes.subscribe();
            let root = "/maas/state/service/routing";
            let following = tokio::spawn({
                let (session, shared) = (session.clone(), shared.clone());
                async move { follow_one_shot(&session, Tree::Routings(root), &shared).await }
            });
            let mut expect_change = async || {
                let waiting = tokio::time::timeout(Duration::from_secs(10), changes.changed());
                waiting.await.unwrap().unwrap();
            };
            expect_change().await;
            let persistent = zk::CreateMode::Persistent.with_acls(zk::Acls::anyone_all());
            session.client.mkdir(root, &persistent).await.unwrap();
            expect_change().await;
            let dga = "/maas/state/service/routing/dga";
            let creating = session.client.create(dga, b"{}", &persistent);
            creating.await.unwrap();
            expect_change().await;
            session.client.set_data(dga, b"", None).await.unwrap();
            expect_change().await;
            session.client.delete(dga, None).await.unwrap();
            expect_change().await;
            following.abort();
        });
    }
}
