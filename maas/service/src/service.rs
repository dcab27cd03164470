use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use alidade_maas_core::{
    Action, DesiredModel, DesiredModels, InstanceStatus, MaasError, ModelRequest, QueueItem,
    Registry, Rejection, ServiceStatus, Settlement, check_model_name, check_model_version,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::ServiceError;
use crate::config::ServiceConfig;
use crate::instance::{Context, Instance, SharedDeployment, epoch_ms, http_client, told_to_stop};
use crate::launcher::Launcher;

const PAUSE: Duration = Duration::from_secs(1);
/// Ids start here: upstream's first container, 1, is the service itself.
const FIRST_ID: u64 = 2;
/// Most refused requests that are kept.
const MAX_REJECTIONS: usize = 20;
/// Longest reason of a refusal that is published, in characters.
const MAX_REASON: usize = 1000;
/// Longest path of a payload, in bytes.
const MAX_PATH: usize = 4096;
/// Most bytes of a document that is stored in one node. A server takes a megabyte in all.
const MAX_DOCUMENT: usize = 700_000;
/// Changes of state are gathered for this long before they are published.
const STATUS_INTERVAL: Duration = Duration::from_millis(500);

/// Serves the request queue until `shutdown` becomes true (or its sender is gone), then ends all models.
///
/// Everything registered before is taken out first, and what the stored state asks for is launched again.
///
/// # Errors
/// When another service serves the same configuration, now or after a lost session, or the registry refuses the queue.
pub async fn serve(
    config: ServiceConfig,
    launcher: Arc<dyn Launcher>,
    registry: Arc<dyn Registry>,
    shutdown: watch::Receiver<bool>,
) -> Result<(), ServiceError> {
    let claimed = tokio::select! {
        claimed = claim(&config, &*registry) => claimed,
        () = told_to_stop(&shutdown) => return Ok(()),
    };
    claimed?;
    let first_id = clear_registry(&*registry).await?;
    let desired = match registry.desired().await {
        Err(error @ MaasError::Malformed { .. }) => {
            tracing::error!(%error, "stored state is lost, starting without models");
            DesiredModels::default()
        }
        read => read?,
    };
    let context = Arc::new(Context {
        config,
        launcher,
        registry,
        http: http_client()?,
        next_id: AtomicU64::new(first_id),
        changed: Notify::new(),
    });
    let mut service = Service {
        context,
        shutdown: shutdown.clone(),
        desired: DesiredModels::default(),
        slots: Vec::new(),
        tasks: JoinSet::new(),
        rejected: VecDeque::new(),
    };
    for model in &desired.models {
        tracing::info!(
            model = model.name,
            version = model.version,
            instances = model.instances,
            "restoring"
        );
        service.launch(model);
    }
    service.desired = desired;
    let outcome = service.run().await;
    service.stop_all().await;
    outcome
}

/// Becomes the one that serves; waits for the remains of a former service.
async fn claim(config: &ServiceConfig, registry: &dyn Registry) -> Result<(), MaasError> {
    let started = Instant::now();
    loop {
        let error = match registry.claim(&config.holder).await {
            Ok(()) => return Ok(()),
            Err(error @ (MaasError::AlreadyServed { .. } | MaasError::Unavailable { .. })) => error,
            Err(error) => return Err(error),
        };
        if started.elapsed() >= config.claim_patience {
            return Err(error);
        }
        tracing::warn!(%error, "waiting to become the service");
        sleep(PAUSE).await;
    }
}

/// Takes out everything that is registered: no other service lives, so nobody looks after it. Returns the first id that
/// nothing there has had.
async fn clear_registry(registry: &dyn Registry) -> Result<u64, MaasError> {
    let mut next_id = FIRST_ID;
    for instance in registry.instances().await?.instances {
        tracing::info!(
            model = instance.name,
            id = instance.id,
            "taking out a former registration"
        );
        match registry.unregister(&instance.name, &instance.id).await {
            Err(error @ MaasError::Unavailable { .. }) => return Err(error),
            // A node that is not where its content says cannot be one of ours.
            Err(error) => tracing::warn!(%error, "a former registration stays"),
            Ok(()) => {}
        }
        if let Ok(id) = instance.id.parse::<u64>() {
            next_id = next_id.max(id.saturating_add(1));
        }
    }
    Ok(next_id)
}

struct Service {
    context: Arc<Context>,
    shutdown: watch::Receiver<bool>,
    desired: DesiredModels,
    /// In the order of launch.
    slots: Vec<Slot>,
    tasks: JoinSet<()>,
    rejected: VecDeque<Rejection>,
}

/// One instance that was asked for.
struct Slot {
    name: String,
    version: String,
    stop: watch::Sender<bool>,
    status: Arc<Mutex<InstanceStatus>>,
}

impl Service {
    async fn run(&mut self) -> Result<(), ServiceError> {
        let context = self.context.clone();
        let shutdown = &self.shutdown.clone();
        let registry = &context.registry;
        let mut sessions = registry.sessions();
        sessions.mark_unchanged();
        let mut status_due = Some(tokio::time::Instant::now());
        loop {
            let status_time = async {
                match status_due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = told_to_stop(shutdown) => return Ok(()),
                item = registry.next_item() => match item {
                    Ok(item) => self.handle(&item).await,
                    Err(error) => {
                        tracing::error!(%error, "cannot read the request queue, trying again");
                        sleep(PAUSE).await;
                    }
                },
                changed = sessions.changed() => {
                    if changed.is_ok() {
                        tokio::select! {
                            claimed = claim(&context.config, &**registry) => claimed?,
                            () = told_to_stop(shutdown) => return Ok(()),
                        }
                    }
                }
                Some(ended) = self.tasks.join_next() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "the task of a model instance broke down");
                    }
                    self.context.changed.notify_one();
                }
                () = context.changed.notified() => {
                    let soon = tokio::time::Instant::now() + STATUS_INTERVAL;
                    status_due.get_or_insert(soon);
                }
                () = status_time => {
                    status_due = None;
                    self.publish_status(true).await;
                }
            }
        }
    }

    /// Carries out one item of the queue, whatever it holds.
    async fn handle(&mut self, item: &QueueItem) {
        let request = match ModelRequest::read(&item.data) {
            Ok(Some(request)) => request,
            Ok(None) => {
                tracing::info!(item = item.id, "empty request dropped");
                self.settle(item, Settlement::Drop).await;
                return;
            }
            Err(error) => {
                self.reject(item, &error.to_string()).await;
                return;
            }
        };
        tracing::info!(
            item = item.id,
            action = ?request.action,
            model = request.name,
            version = request.version,
            instances = request.num_instances,
            memory = request.memory,
            path = request.path,
            "request"
        );
        let outcome = match request.action {
            Action::Add => self.add(item, request).await,
            Action::Remove => self.remove(item, request).await,
        };
        if let Err(reason) = outcome {
            self.reject(item, &reason).await;
        }
    }

    async fn add(&mut self, item: &QueueItem, request: ModelRequest) -> Result<(), String> {
        let (name, version, instances) = checked(&request)?;
        if request.memory < 1 {
            return Err(format!(
                "the memory must be at least 1 MB, not {}",
                request.memory
            ));
        }
        let wanted = self.desired.total_instances() + u64::from(instances);
        if wanted > self.context.config.max_instances {
            return Err(format!(
                "{wanted} instances would be wanted, more than the {} that this service allows",
                self.context.config.max_instances
            ));
        }
        let model = DesiredModel {
            name,
            version,
            path: request
                .path
                .filter(|path| path.len() <= MAX_PATH)
                .ok_or("it has no path of a payload, or too long a one")?,
            memory: request.memory,
            instances,
        };
        let check = self.context.launcher.check(&model);
        check.map_err(|error| error.to_string())?;
        let mut desired = self.desired.clone();
        desired.add(model.clone());
        let stored = desired.write().map_err(|error| error.to_string())?;
        if stored.len() > MAX_DOCUMENT {
            return Err(
                "too many different models are wanted at once, remove some first".to_owned(),
            );
        }
        if self.settle(item, Settlement::Desired(&desired)).await {
            self.desired = desired;
            self.launch(&model);
        }
        Ok(())
    }

    async fn remove(&mut self, item: &QueueItem, request: ModelRequest) -> Result<(), String> {
        let (name, version, instances) = checked(&request)?;
        let mut desired = self.desired.clone();
        let removed = desired.remove(&name, &version, instances);
        if removed < instances {
            tracing::warn!(
                model = name,
                version,
                asked = instances,
                removed,
                "fewer instances there than were to be removed"
            );
        }
        if self.settle(item, Settlement::Desired(&desired)).await {
            self.desired = desired;
            self.stop_first(&name, &version, instances);
        }
        Ok(())
    }

    fn launch(&mut self, model: &DesiredModel) {
        let deployment = Arc::new(SharedDeployment::new(model.clone()));
        for _ in 0..model.instances {
            let status = InstanceStatus::new(&model.name, &model.version);
            let status = Arc::new(Mutex::new(status));
            let (stop, stopped) = watch::channel(false);
            let instance = Instance::new(
                self.context.clone(),
                deployment.clone(),
                status.clone(),
                stopped,
            );
            self.tasks.spawn(instance.keep_running());
            self.slots.push(Slot {
                name: model.name.clone(),
                version: model.version.clone(),
                stop,
                status,
            });
        }
        self.context.changed.notify_one();
    }

    /// Ends the first instances of a model, in the order of their launch.
    fn stop_first(&mut self, name: &str, version: &str, instances: u32) {
        let mut left = instances;
        self.slots.retain(|slot| {
            let matches = left > 0 && slot.name == name && slot.version == version;
            if matches {
                left -= 1;
                slot.stop.send_replace(true);
            }
            !matches
        });
        self.context.changed.notify_one();
    }

    async fn reject(&mut self, item: &QueueItem, reason: &str) {
        tracing::error!(item = item.id, reason, "request put aside");
        if self.rejected.len() >= MAX_REJECTIONS {
            self.rejected.pop_front();
        }
        self.rejected.push_back(Rejection {
            item: item.id.clone(),
            reason: reason.chars().take(MAX_REASON).collect(),
        });
        self.settle(item, Settlement::Park).await;
        self.context.changed.notify_one();
    }

    /// True when the item was taken and is ours. One that could not be taken stays in the queue, and comes again.
    async fn settle(&self, item: &QueueItem, settlement: Settlement<'_>) -> bool {
        let settling = self.context.registry.settle(item, settlement);
        let settled = tokio::select! {
            settled = settling => settled,
            // If it was taken all the same, the next service finds it in the stored state.
            () = told_to_stop(&self.shutdown) => return false,
        };
        match settled {
            Ok(true) => true,
            Ok(false) => {
                tracing::warn!(item = item.id, "someone else took the request");
                false
            }
            Err(error) => {
                tracing::error!(item = item.id, %error, "cannot take the request out of the queue, trying again");
                sleep(PAUSE).await;
                false
            }
        }
    }

    async fn publish_status(&mut self, running: bool) {
        let Some(document) = self.status_document(running) else {
            return;
        };
        let publishing = self.context.registry.publish_status(&document);
        if let Ok(Err(error)) = timeout(PAUSE, publishing).await {
            tracing::debug!(%error, "cannot publish the status");
        }
    }

    /// The state of every instance; without details if there are too many instances for one node.
    fn status_document(&self, running: bool) -> Option<Vec<u8>> {
        let snapshot = |slot: &Slot| {
            let status = slot.status.lock();
            status.unwrap_or_else(PoisonError::into_inner).clone()
        };
        let mut status = ServiceStatus {
            holder: self.context.config.holder.clone(),
            updated: epoch_ms(),
            running,
            instances: self.slots.iter().map(snapshot).collect(),
            rejected: self.rejected.iter().cloned().collect(),
        };
        let document = serde_json::to_vec(&status).ok()?;
        if document.len() <= MAX_DOCUMENT {
            return Some(document);
        }
        for instance in &mut status.instances {
            instance.place = None;
            instance.last_failure = None;
        }
        let document = serde_json::to_vec(&status).ok()?;
        (document.len() <= MAX_DOCUMENT).then_some(document)
    }

    /// Ends every model. Their wish stays stored, so that the next service brings them back.
    async fn stop_all(&mut self) {
        for slot in &self.slots {
            slot.stop.send_replace(true);
        }
        let config = &self.context.config;
        let limit = config.drain + config.grace + Duration::from_secs(20);
        let ending = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(limit, ending).await.is_err() {
            // Dropping the tasks kills what is left.
            tracing::error!(waited = ?limit, "some models did not end in time");
            self.tasks.shutdown().await;
        }
        self.slots.clear();
        self.publish_status(false).await;
        let releasing = self.context.registry.release();
        if let Ok(Err(error)) = timeout(PAUSE, releasing).await {
            tracing::warn!(%error, "cannot give the claim back, it ends with the session");
        }
    }
}

/// Name, version and number of instances of a request that makes sense.
fn checked(request: &ModelRequest) -> Result<(String, String, u32), String> {
    let name = request.name.clone().ok_or("it has no model name")?;
    let version = request.version.clone().ok_or("it has no model version")?;
    check_model_name(&name).map_err(|error| error.to_string())?;
    check_model_version(&version).map_err(|error| error.to_string())?;
    let instances = u32::try_from(request.num_instances)
        .ok()
        .filter(|instances| *instances > 0);
    let instances = instances.ok_or_else(|| {
        format!(
            "the number of instances must be at least 1, not {}",
            request.num_instances
        )
    })?;
    Ok((name, version, instances))
}
