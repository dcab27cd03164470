use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alidade_maas_core::{
    Action, DesiredModel, DesiredModels, InstanceStatus, MaasError, ModelRequest, QueueItem,
    Registry, Rejection, Revision, ServiceStatus, Settlement, check_model_name,
    check_model_version,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::ServiceError;
use crate::clock::epoch_ms;
use crate::config::ServiceConfig;
use crate::instance::{Context, Instance, SharedDeployment};
use crate::label::file_label;
use crate::launcher::{Launcher, RunningInstance};
use crate::shutdown::{Shutdown, told_to_end};
use crate::start::{claim, inherit};

const PAUSE: Duration = Duration::from_secs(1);
/// To leave all models takes no longer, unless some are being stopped: those are then given up.
const LEAVE_LIMIT: Duration = Duration::from_secs(5);
/// Most refused requests that are kept.
const MAX_REJECTIONS: usize = 20;
/// Longest reason of a refusal that is published, in characters.
const MAX_REASON: usize = 1000;
/// Longest path of a payload, in bytes.
const MAX_PATH: usize = 4096;
/// Most bytes of a document that is stored in one node. A server takes a megabyte in all.
const MAX_DOCUMENT: usize = 700_000;
/// Longest part of a deployment's name that comes from the model's name, and from its version.
const MAX_LABEL: usize = 60;
/// After a status that could not be published.
const STATUS_RETRY: Duration = Duration::from_secs(2);
/// Changes of state are gathered for this long before they are published.
const STATUS_INTERVAL: Duration = Duration::from_millis(500);

/// Serves the request queue until `shutdown` says otherwise (or its sender is gone), then ends all models, or leaves them
/// running for the next service.
///
/// What the launcher finds of a former service's instances is adopted, everything else that is registered is taken out, and
/// what the stored state asks for beyond that is launched.
///
/// # Errors
/// When another service serves the same configuration, now or after a lost session, or the registry refuses the queue.
pub async fn serve(
    config: ServiceConfig,
    launcher: Arc<dyn Launcher>,
    registry: Arc<dyn Registry>,
    shutdown: watch::Receiver<Shutdown>,
) -> Result<(), ServiceError> {
    let mut sessions = registry.sessions();
    // Before the claim: a session that begins afterwards needs a claim of its own.
    sessions.mark_unchanged();
    let claimed = tokio::select! {
        claimed = claim(&config, &*registry) => claimed,
        _ = told_to_end(&shutdown) => return Ok(()),
    };
    claimed?;
    let inheritance = inherit(&*launcher, &*registry).await?;
    let context = Arc::new(Context {
        config,
        launcher,
        registry,
        next_id: AtomicU64::new(inheritance.first_id),
        changed: Notify::new(),
    });
    let mut service = Service {
        context,
        shutdown: shutdown.clone(),
        desired: DesiredModels::default(),
        slots: Vec::new(),
        tasks: JoinSet::new(),
        rejected: VecDeque::new(),
        has_shrunk: true,
        revision: inheritance.revision,
        sessions,
        has_lost_its_place: false,
    };
    for mut instance in inheritance.surplus {
        service.tasks.spawn(async move { instance.stop().await });
    }
    let models = inheritance.desired.models.iter();
    for (model, adopted) in models.zip(inheritance.adopted) {
        tracing::info!(
            model = model.name,
            version = model.version,
            instances = model.instances,
            adopted = adopted.len(),
            "restoring"
        );
        service.launch(model, adopted);
    }
    service.desired = inheritance.desired;
    let outcome = service.run().await;
    let order = *shutdown.borrow();
    let leaves = match &outcome {
        Ok(()) => order == Shutdown::LeaveModels,
        // Whoever serves now looks after them.
        Err(ServiceError::Registry(MaasError::Superseded)) => true,
        Err(_) => false,
    };
    if leaves {
        service.end_all(Shutdown::LeaveModels, LEAVE_LIMIT).await;
    } else {
        let config = &service.context.config;
        let limit = config.drain + config.grace + Duration::from_secs(20);
        service.end_all(Shutdown::StopModels, limit).await;
    }
    outcome
}

struct Service {
    context: Arc<Context>,
    shutdown: watch::Receiver<Shutdown>,
    desired: DesiredModels,
    /// In the order of launch.
    slots: Vec<Slot>,
    tasks: JoinSet<()>,
    rejected: VecDeque<Rejection>,
    /// Of the stored desired state that `desired` was read from or written to.
    revision: Revision,
    sessions: watch::Receiver<u64>,
    /// The stored state has been changed by somebody else.
    has_lost_its_place: bool,
    /// The launcher is still to be told that less is wanted than was, when what was stopped has ended.
    has_shrunk: bool,
}

/// One instance that was asked for.
struct Slot {
    name: String,
    version: String,
    stop: watch::Sender<Shutdown>,
    status: Arc<Mutex<InstanceStatus>>,
}

impl Service {
    async fn run(&mut self) -> Result<(), ServiceError> {
        let context = self.context.clone();
        let shutdown = &self.shutdown.clone();
        let registry = &context.registry;
        let mut sessions = self.sessions.clone();
        let mut status_due = Some(tokio::time::Instant::now());
        loop {
            if self.has_lost_its_place {
                return Err(ServiceError::Registry(MaasError::Superseded));
            }
            // A task ends only when its slot has gone, so that any more tasks than slots are still ending.
            if self.has_shrunk && self.tasks.len() <= self.slots.len() {
                self.has_shrunk = false;
                tokio::select! {
                    () = context.launcher.retain(&self.desired) => {}
                    _ = told_to_end(shutdown) => return Ok(()),
                }
            }
            let status_time = async {
                match status_due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = told_to_end(shutdown) => return Ok(()),
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
                            _ = told_to_end(shutdown) => return Ok(()),
                        }
                        status_due.get_or_insert(tokio::time::Instant::now());
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
                    let is_published = self.publish_status(true).await;
                    status_due = (!is_published).then(|| tokio::time::Instant::now() + STATUS_RETRY);
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
            deployment: deployment_id(&name, &version, &item.id),
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
        if self.settle_desired(item, &desired).await {
            self.desired = desired;
            self.launch(&model, Vec::new());
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
        if self.settle_desired(item, &desired).await {
            self.desired = desired;
            self.has_shrunk |= removed > 0;
            self.stop_first(&name, &version, instances);
        }
        Ok(())
    }

    /// Brings a model's instances to life, some of them with one that runs already.
    fn launch(&mut self, model: &DesiredModel, adopted: Vec<Box<dyn RunningInstance>>) {
        let deployment = Arc::new(SharedDeployment::new(model.clone()));
        let mut adopted = adopted.into_iter();
        for _ in 0..model.instances {
            let status = InstanceStatus::new(&model.name, &model.version);
            let status = Arc::new(Mutex::new(status));
            let (stop, stopped) = watch::channel(Shutdown::No);
            let instance = Instance::new(
                self.context.clone(),
                deployment.clone(),
                status.clone(),
                stopped,
            );
            self.tasks.spawn(instance.keep_running(adopted.next()));
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
                slot.stop.send_replace(Shutdown::StopModels);
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

    /// As [`Self::settle`], and stores what is wanted from now on.
    async fn settle_desired(&mut self, item: &QueueItem, desired: &DesiredModels) -> bool {
        let settlement = Settlement::Desired(desired, Some(self.revision));
        let is_settled = self.settle(item, settlement).await;
        if is_settled {
            self.revision = self.revision.wrapping_add(1);
        }
        is_settled
    }

    /// True when the item was taken and is ours. One that could not be taken stays in the queue, and comes again.
    async fn settle(&mut self, item: &QueueItem, settlement: Settlement<'_>) -> bool {
        let settling = self.context.registry.settle(item, settlement);
        let settled = tokio::select! {
            settled = settling => settled,
            // If it was taken all the same, the next service finds it in the stored state.
            _ = told_to_end(&self.shutdown) => return false,
        };
        match settled {
            Ok(true) => true,
            Ok(false) => {
                tracing::warn!(item = item.id, "someone else took the request");
                false
            }
            Err(error @ MaasError::Superseded) => {
                tracing::error!(%error, "another service serves, or somebody has edited the state: ending");
                self.has_lost_its_place = true;
                false
            }
            Err(error) => {
                tracing::error!(item = item.id, %error, "cannot take the request out of the queue, trying again");
                sleep(PAUSE).await;
                false
            }
        }
    }

    /// False when it should be tried again.
    async fn publish_status(&mut self, running: bool) -> bool {
        let Some(document) = self.status_document(running) else {
            tracing::error!("the status is too long to be published");
            return true;
        };
        let publishing = self.context.registry.publish_status(&document);
        match timeout(PAUSE, publishing).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::debug!(%error, "cannot publish the status yet");
                false
            }
            Err(_) => false,
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
            instance.url = None;
        }
        let document = serde_json::to_vec(&status).ok()?;
        (document.len() <= MAX_DOCUMENT).then_some(document)
    }

    /// Ends every model, or leaves it running. Their wish stays stored, so that the next service brings them back.
    async fn end_all(&mut self, order: Shutdown, limit: Duration) {
        for slot in &self.slots {
            slot.stop.send_replace(order);
        }
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

/// A name that no other request gets, in letters that a file's name can have.
fn deployment_id(name: &str, version: &str, item: &str) -> String {
    format!(
        "{}-{}-{}-{}",
        file_label(name, MAX_LABEL),
        file_label(version, MAX_LABEL),
        file_label(item, MAX_LABEL),
        epoch_ms()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deployments_are_named_in_plain_letters() {
        let id = deployment_id("a/b \u{e4}", &"9".repeat(500), "qn-0000000007");
        let time = id.rsplit('-').next().unwrap();
        assert_eq!(
            id,
            format!("a_b__-{}-qn-0000000007-{time}", "9".repeat(MAX_LABEL))
        );
        assert!(time.parse::<i64>().unwrap() > 0);
    }
}
