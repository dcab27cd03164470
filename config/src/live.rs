use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures::FutureExt;
use tokio::sync::watch;
use tokio::task::{AbortHandle, spawn_blocking};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{info, warn};

use crate::build::rebuild;
use crate::compiler::Compiler;
use crate::snapshot::{Refusal, Snapshot};
use crate::store::{Changes, Store};
use crate::{ConfigError, RawTree};

/// How a [`Live`] configuration follows its store.
#[derive(Clone)]
pub struct LiveOptions {
    pub compiler: Compiler,
    /// Changes are applied once none has come for this long, so that what is pushed together is applied together.
    pub quiet: Duration,
    /// Changes are applied after this long even if more are coming.
    pub longest_wait: Duration,
}

impl LiveOptions {
    pub fn new(compiler: Compiler) -> LiveOptions {
        LiveOptions {
            compiler,
            quiet: Duration::from_millis(200),
            longest_wait: Duration::from_secs(1),
        }
    }
}

/// The configuration as it is now, kept up to date with a store. Cheap to clone; following ends with the last clone.
#[derive(Clone)]
pub struct Live {
    shared: Arc<Shared>,
    _following: Arc<Following>,
}

struct Shared {
    store: Arc<dyn Store>,
    options: LiveOptions,
    current: ArcSwap<Snapshot>,
    version: watch::Sender<u64>,
    is_connected: AtomicBool,
}

struct Following(AbortHandle);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Live {
    /// Reads and compiles everything, then follows the store. Must run inside a tokio runtime.
    ///
    /// A document of a sensor that is invalid is in [`Live::last_refusals`], the others work.
    ///
    /// # Errors
    /// When the store cannot be read, or the global document is invalid.
    pub async fn start(store: Arc<dyn Store>, options: LiveOptions) -> Result<Live, ConfigError> {
        let mut changes = store.watch().await?;
        let tree = read_at_rest(&*store, &mut *changes, &options).await?;
        let snapshot = compile(tree, &options.compiler, None)
            .await?
            .map_err(ConfigError::InvalidGlobal)?;
        log_refusals(&snapshot, None);
        info!(
            store = store.describe(),
            version = snapshot.version,
            parsers = snapshot.parsers.len(),
            enrichments = snapshot.enrichments.len(),
            indexing = snapshot.indexing.len(),
            refused = snapshot.refusals.len(),
            "configuration loaded"
        );
        let shared = Arc::new(Shared {
            store,
            options,
            version: watch::Sender::new(snapshot.version),
            current: ArcSwap::from_pointee(snapshot),
            is_connected: AtomicBool::new(true),
        });
        let task = tokio::spawn(follow(shared.clone(), changes));
        Ok(Live {
            shared,
            _following: Arc::new(Following(task.abort_handle())),
        })
    }

    /// The configuration in force. Take it once for each batch.
    pub fn current(&self) -> Arc<Snapshot> {
        self.shared.current.load_full()
    }

    /// The documents whose stored version is not in force, and why.
    pub fn last_refusals(&self) -> Vec<Arc<Refusal>> {
        let snapshot = self.current();
        snapshot.refusals.values().cloned().collect()
    }

    /// Tells of each new version. Refusals alone give none.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.shared.version.subscribe()
    }

    /// Whether the store can be followed at the moment; if not, the last configuration serves on.
    pub fn is_connected(&self) -> bool {
        self.shared.is_connected.load(Ordering::Relaxed) && self.shared.store.is_connected()
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }
}

/// Compiling takes a while, so it is kept off the threads that serve input and output.
async fn compile(
    tree: RawTree,
    compiler: &Compiler,
    former: Option<Arc<Snapshot>>,
) -> Result<Result<Snapshot, Vec<crate::Problem>>, ConfigError> {
    let compiler = compiler.clone();
    spawn_blocking(move || rebuild(&tree, &compiler, former.as_deref()))
        .await
        .map_err(|_| ConfigError::Cancelled)
}

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

async fn follow(shared: Arc<Shared>, changes: Box<dyn Changes>) {
    let mut watching = Some(changes);
    let mut pause = FIRST_PAUSE;
    loop {
        let outcome = match watching.take() {
            Some(mut changes) => shared.follow_until_lost(&mut *changes).await,
            None => shared.watch_anew().await.map(|changes| {
                watching = Some(changes);
            }),
        };
        match outcome {
            Ok(()) => {
                pause = FIRST_PAUSE;
                if !shared.is_connected.swap(true, Ordering::Relaxed) {
                    info!(
                        store = shared.store.describe(),
                        "configuration store is back"
                    );
                }
            }
            Err(error) => {
                if shared.is_connected.swap(false, Ordering::Relaxed) {
                    warn!(%error, "configuration cannot be followed, the last one serves on");
                }
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

impl Shared {
    async fn watch_anew(&self) -> Result<Box<dyn Changes>, ConfigError> {
        let mut changes = self.store.watch().await?;
        self.apply(&mut *changes).await?;
        Ok(changes)
    }

    /// Applies changes until the watch or the store fails.
    async fn follow_until_lost(&self, changes: &mut dyn Changes) -> Result<(), ConfigError> {
        loop {
            changes.next().await?;
            wait_for_quiet(changes, &self.options).await?;
            self.apply(changes).await?;
        }
    }

    async fn apply(&self, changes: &mut dyn Changes) -> Result<(), ConfigError> {
        let tree = read_at_rest(&*self.store, changes, &self.options).await?;
        let former = self.current.load_full();
        // With a former snapshot there is a global document to keep, so only cancellation can fail.
        let built = compile(tree, &self.options.compiler, Some(former.clone())).await?;
        let snapshot = built.map_err(ConfigError::InvalidGlobal)?;
        log_refusals(&snapshot, Some(&former));
        let version = snapshot.version;
        let has_changed = version != former.version;
        if has_changed {
            log_changes(&snapshot, &former);
        }
        self.current.store(Arc::new(snapshot));
        if has_changed {
            self.version.send_replace(version);
        }
        Ok(())
    }
}

/// Waits until no change has come for a while, but not for ever.
async fn wait_for_quiet(
    changes: &mut dyn Changes,
    options: &LiveOptions,
) -> Result<(), ConfigError> {
    let latest = Instant::now() + options.longest_wait;
    while Instant::now() < latest {
        let quiet = (Instant::now() + options.quiet).min(latest);
        match timeout_at(quiet, changes.next()).await {
            Ok(more) => more?,
            Err(_) => break,
        }
    }
    Ok(())
}

/// How often a tree is read anew because it changed while it was read. If it never rests, it is taken as it is, since
/// the next change is announced already.
const MOST_READINGS: usize = 50;

/// Reads the tree; anew if a change was announced in between, so that documents written together are seen together.
async fn read_at_rest(
    store: &dyn Store,
    changes: &mut dyn Changes,
    options: &LiveOptions,
) -> Result<RawTree, ConfigError> {
    for _ in 1..MOST_READINGS {
        let tree = store.read_tree().await?;
        match changes.next().now_or_never() {
            None => return Ok(tree),
            Some(announced) => announced?,
        }
        wait_for_quiet(changes, options).await?;
    }
    store.read_tree().await
}

fn log_refusals(snapshot: &Snapshot, former: Option<&Snapshot>) {
    for (id, refusal) in &snapshot.refusals {
        let earlier = former.and_then(|former| former.refusals.get(id));
        if earlier.is_some_and(|earlier| earlier.at == refusal.at) {
            continue;
        }
        for problem in &refusal.problems {
            warn!(
                file = problem.file(),
                line = problem.line,
                column = problem.column,
                code = problem.code,
                field = problem.pointer,
                reason = problem.message,
                help = problem.help,
                keeps_version = refusal.kept_version,
                "configuration document refused"
            );
        }
    }
}

fn log_changes(snapshot: &Snapshot, former: &Snapshot) {
    let changed = snapshot
        .applied
        .iter()
        .filter(|(id, version)| former.applied.get(id) != Some(version))
        .map(|(id, _)| id.to_string());
    let removed = former
        .applied
        .keys()
        .filter(|id| !snapshot.applied.contains_key(id))
        .map(|id| format!("-{id}"));
    let documents: Vec<String> = changed.chain(removed).collect();
    info!(
        version = snapshot.version,
        documents = documents.join(" "),
        "configuration changed"
    );
}
