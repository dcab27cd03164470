//! Models in containers of a YARN cluster.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alidade_hadoop::{
    ApplicationAttemptId, ContainerId, ContainerState, ContainerTokens, FileSystem, Fleet,
    FleetContainer, LaunchContext, LocalResource, Resource,
};
use alidade_maas_core::{ContainerRecord, DesiredModel, DesiredModels, MaasError, Registry};
use futures::future::{BoxFuture, join_all};
use tokio::sync::OnceCell;
use tokio::time::sleep;

use super::instance::YarnInstance;
use super::payloads::{Payload, Payloads};
use super::registrations::Registrations;
use super::settings::MasterSettings;
use super::{BINARY, RUNNER_LOGS};
use crate::launcher::{Deployment, LaunchAnswer, Launcher, RunningInstance};
use crate::registration_id::registration_id;
use crate::runner::RunnerSettings;
use crate::{LaunchError, ServiceConfig};

const PAUSE: Duration = Duration::from_secs(1);
/// For the node manager and the resource manager to end a container.
const STOP_PATIENCE: Duration = Duration::from_secs(20);
/// How long a former attempt's container may take to say whether it runs.
const ADOPTION_PATIENCE: Duration = Duration::from_secs(15);
/// Size at which a model's output is turned over.
const LOG_BYTES: u64 = 10 << 20;
/// All models have one core, as upstream's.
const VIRTUAL_CORES: i32 = 1;

/// Starts every instance in a container of its own, with a runner that looks after it.
#[derive(Debug)]
pub(super) struct YarnModels {
    inner: Arc<Inner>,
}

/// What the launcher and its instances share.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) registry: Arc<dyn Registry>,
    pub(super) registrations: Registrations,
    pub(super) user: String,
    pub(super) drain: Duration,
    pub(super) grace: Duration,
    fleet: Fleet,
    payloads: Payloads,
    /// What every runner needs beside its payload.
    resources: Vec<(String, LocalResource)>,
    tokens: ContainerTokens,
    settings: MasterSettings,
    attempt: ApplicationAttemptId,
    /// Of earlier attempts, until they are adopted or found to belong to nothing.
    former: Mutex<Vec<FleetContainer>>,
    /// Names of those that were adopted.
    adopted: Mutex<BTreeSet<String>>,
    /// What containers were started for, as it was when this attempt began.
    records_at_start: OnceCell<HashMap<String, ContainerRecord>>,
}

/// What [`YarnModels::new`] is made of.
pub(super) struct Parts {
    pub(super) registry: Arc<dyn Registry>,
    pub(super) fleet: Fleet,
    pub(super) files: FileSystem,
    pub(super) resources: Vec<(String, LocalResource)>,
    pub(super) tokens: ContainerTokens,
    pub(super) settings: MasterSettings,
    pub(super) attempt: ApplicationAttemptId,
    pub(super) former: Vec<FleetContainer>,
}

impl YarnModels {
    pub(super) fn new(parts: Parts, config: &ServiceConfig) -> YarnModels {
        let user = parts.files.user().to_owned();
        let inner = Inner {
            registrations: Registrations::follow(parts.registry.clone()),
            registry: parts.registry,
            user,
            drain: config.drain,
            grace: config.grace,
            fleet: parts.fleet,
            payloads: Payloads::new(parts.files),
            resources: parts.resources,
            tokens: parts.tokens,
            settings: parts.settings,
            attempt: parts.attempt,
            former: Mutex::new(parts.former),
            adopted: Mutex::default(),
            records_at_start: OnceCell::new(),
        };
        YarnModels {
            inner: Arc::new(inner),
        }
    }
}

impl Inner {
    /// The containers of earlier attempts that were started for this model, by their records.
    fn take_former(
        &self,
        model: &DesiredModel,
        records: &HashMap<String, ContainerRecord>,
    ) -> Vec<FleetContainer> {
        let is_of_model = |container: &FleetContainer| {
            let record = records.get(&container.id().to_string());
            record.is_some_and(|record| {
                record.name == model.name
                    && record.version == model.version
                    && record.deployment == model.deployment
            })
        };
        let mut former = self.former.lock().unwrap_or_else(PoisonError::into_inner);
        let (taken, left) = std::mem::take(&mut *former)
            .into_iter()
            .partition(is_of_model);
        *former = left;
        taken
    }

    /// What the containers of earlier attempts were started for. Those that have ended are forgotten, all asked at once.
    async fn survey_former(&self) -> HashMap<String, ContainerRecord> {
        let former = {
            let former = self.former.lock();
            std::mem::take(&mut *former.unwrap_or_else(PoisonError::into_inner))
        };
        let looks = former.into_iter().map(|container| async move {
            let runs = self.still_runs(&container).await;
            (container, runs)
        });
        for (container, runs) in join_all(looks).await {
            if runs {
                let former = self.former.lock();
                former
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(container);
            } else {
                tracing::info!(container = %container.id(), "a container of an earlier attempt has ended");
            }
        }
        let records = self.records().await.into_iter();
        records
            .filter_map(|(id, record)| Some((id, record?)))
            .collect()
    }

    fn has_adopted(&self, name: &str) -> bool {
        let adopted = self.adopted.lock();
        adopted
            .unwrap_or_else(PoisonError::into_inner)
            .contains(name)
    }

    /// Notes down what a container is for. Only then may it be started: the next attempt would not know it.
    async fn record(&self, container: &FleetContainer, model: &DesiredModel) {
        let record = ContainerRecord {
            name: model.name.clone(),
            version: model.version.clone(),
            deployment: model.deployment.clone(),
        };
        let id = container.id().to_string();
        while let Err(error) = self.registry.record_container(&id, &record).await {
            tracing::warn!(container = id, %error, "cannot note down the container yet, trying again");
            sleep(PAUSE).await;
        }
    }

    /// A record that stays does no harm: the next attempt finds no container for it.
    pub(super) async fn forget(&self, id: &str) {
        if let Err(error) = self.registry.forget_container(id).await {
            tracing::debug!(container = id, %error, "cannot forget the container");
        }
    }

    async fn records(&self) -> Vec<(String, Option<ContainerRecord>)> {
        loop {
            match self.registry.containers().await {
                Ok(records) => return records,
                Err(error) => {
                    tracing::warn!(%error, "cannot read what the containers are for, trying again");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// True when a container of an earlier attempt still runs, as far as can be told: a node that does not answer may
    /// be back soon, and otherwise the resource manager tells that it is lost.
    async fn still_runs(&self, container: &FleetContainer) -> bool {
        match tokio::time::timeout(ADOPTION_PATIENCE, container.state()).await {
            Ok(Ok(state)) => state != ContainerState::Complete,
            Ok(Err(error)) => {
                tracing::warn!(container = %container.id(), %error, "a container of an earlier attempt does not answer");
                error.remote_kind().is_none()
            }
            Err(_) => true,
        }
    }

    fn launch_context(
        &self,
        model: &DesiredModel,
        payload: &Payload,
    ) -> Result<LaunchContext, LaunchError> {
        let settings = RunnerSettings {
            zookeeper: self.settings.zookeeper.clone(),
            config_path: self.settings.config_path.clone(),
            name: model.name.clone(),
            version: model.version.clone(),
            persistent: self.settings.persistent,
            start_limit_s: self.settings.start_limit,
            drain_ms: u64::try_from(self.drain.as_millis()).unwrap_or(u64::MAX),
            grace_ms: u64::try_from(self.grace.as_millis()).unwrap_or(u64::MAX),
            environment: self.settings.environment.clone(),
            script: payload.script.clone(),
            log_bytes: LOG_BYTES,
        };
        let encoded = settings.encode();
        if encoded.len() > RunnerSettings::MAX_ENCODED {
            return Err(MaasError::BadRequest(
                "the variables for models (-e) are too long together for an environment".to_owned(),
            )
            .into());
        }
        let command = format!("exec ./{BINARY} maas runner {RUNNER_LOGS}");
        let mut context =
            LaunchContext::new(command).with_environment(RunnerSettings::VARIABLE, &encoded)?;
        super::master::add_kerberos_of_runner(&mut context, &self.settings);
        context.local_resources = payload.resources.clone();
        context.local_resources.extend(self.resources.clone());
        Ok(context)
    }
}

impl Launcher for YarnModels {
    fn check(&self, model: &DesiredModel) -> Result<(), LaunchError> {
        self.inner.payloads.check_path(&model.path)?;
        // Zero when it is not known.
        let maximum = self.inner.fleet.maximum().memory_mb;
        if maximum > 0 && i64::from(model.memory) > maximum {
            return Err(LaunchError::Payload(MaasError::BadRequest(format!(
                "{} MB are wanted, and the largest container of this cluster has {maximum} MB \
                 (yarn.scheduler.maximum-allocation-mb)",
                model.memory
            ))));
        }
        Ok(())
    }

    fn prepare<'a>(&'a self, model: &'a DesiredModel) -> LaunchAnswer<'a, Arc<dyn Deployment>> {
        Box::pin(async move {
            let payload = self.inner.payloads.take(model).await?;
            Ok(Arc::new(YarnDeployment {
                inner: self.inner.clone(),
                model: model.clone(),
                payload,
            }) as Arc<dyn Deployment>)
        })
    }

    fn adopt<'a>(
        &'a self,
        model: &'a DesiredModel,
    ) -> BoxFuture<'a, Vec<Box<dyn RunningInstance>>> {
        Box::pin(async move {
            let inner = &self.inner;
            let records = inner.records_at_start.get_or_init(|| inner.survey_former());
            let records = records.await;
            let mut adopted: Vec<Box<dyn RunningInstance>> = Vec::new();
            for container in inner.take_former(model, records) {
                tracing::info!(container = %container.id(), model = model.name, version = model.version, "adopted");
                self.inner
                    .adopted
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(container.id().to_string());
                adopted.push(Box::new(YarnInstance::new(
                    self.inner.clone(),
                    model,
                    container,
                )));
            }
            adopted
        })
    }

    fn retain<'a>(&'a self, desired: &'a DesiredModels) -> BoxFuture<'a, ()> {
        let unused = self.inner.payloads.forget_others(&desired.models);
        let inner = self.inner.clone();
        // Aside, as nodes and HDFS may take their time.
        tokio::spawn(async move {
            inner.stop_strays().await;
            if let Err(error) = inner.payloads.delete(&unused).await {
                tracing::warn!(%error, ?unused, "cannot delete copies of payloads that are not needed any more");
            }
        });
        Box::pin(async {})
    }
}

impl Inner {
    /// Ends the containers of earlier attempts that nobody has adopted, and forgets those of other applications.
    async fn stop_strays(&self) {
        let strays = {
            let former = self.former.lock();
            std::mem::take(&mut *former.unwrap_or_else(PoisonError::into_inner))
        };
        for stray in strays {
            end_stray(self, stray).await;
        }
        for (name, _) in self.records().await {
            match name.parse::<ContainerId>() {
                Ok(id) if id.attempt == self.attempt || self.has_adopted(&name) => continue,
                // The resource manager has not named it: it has ended, or the answer to the registration was lost.
                Ok(id) if id.attempt.application == self.attempt.application => {
                    self.fleet.release(id);
                }
                // Of another application, which has ended, and its containers with it.
                _ => {}
            }
            self.forget(&name).await;
        }
    }
}

/// Ends a container that belongs to no model any more.
pub(super) async fn end_stray(inner: &Inner, mut stray: FleetContainer) {
    let id = stray.id().to_string();
    tracing::info!(
        container = id,
        "ending a container of an earlier attempt that nobody needs"
    );
    stray.stop(STOP_PATIENCE).await;
    let number = registration_id(&stray.id()).to_string();
    if let Ok(listing) = inner.registry.instances().await {
        for instance in listing.instances.iter().filter(|it| it.id == number) {
            let _ = inner.registry.unregister(&instance.name, &number).await;
        }
    }
    inner.forget(&id).await;
}

impl YarnModels {
    /// For containers of earlier attempts that the resource manager finds later than at the registration.
    pub(super) fn inner(&self) -> Arc<Inner> {
        self.inner.clone()
    }
}

/// A payload that is in HDFS, ready to be started.
#[derive(Debug)]
struct YarnDeployment {
    inner: Arc<Inner>,
    model: DesiredModel,
    payload: Payload,
}

/// A container that is noted down; forgotten again when it is not started in the end.
struct Recorded {
    inner: Arc<Inner>,
    id: String,
    is_started: bool,
}

impl Drop for Recorded {
    fn drop(&mut self) {
        if self.is_started {
            return;
        }
        let (inner, id) = (self.inner.clone(), self.id.clone());
        tokio::spawn(async move { inner.forget(&id).await });
    }
}

impl YarnDeployment {
    async fn start(
        &self,
        note: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<YarnInstance, LaunchError> {
        let inner = &self.inner;
        inner.payloads.check(&self.model).await?;
        let mut context = inner.launch_context(&self.model, &self.payload)?;
        let wanted = Resource::new(i64::from(self.model.memory), VIRTUAL_CORES);
        let container = self.wait_for_container(wanted, note).await?;
        context.credentials = inner.tokens.for_container().await?;
        let mut recorded = Recorded {
            inner: inner.clone(),
            id: container.id().to_string(),
            is_started: false,
        };
        inner.record(&container, &self.model).await;
        // A node that refuses is no fault of the model's.
        let started = container.start(&context).await;
        started.map_err(|error| LaunchError::Lost(error.to_string()))?;
        recorded.is_started = true;
        Ok(YarnInstance::new(inner.clone(), &self.model, container))
    }
}

impl YarnDeployment {
    /// Says meanwhile what it waits for.
    async fn wait_for_container(
        &self,
        wanted: Resource,
        note: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<FleetContainer, LaunchError> {
        let fleet = &self.inner.fleet;
        let label = self.inner.settings.node_label.as_deref();
        let mut cluster = fleet.cluster();
        let container = fleet.container(wanted, label);
        tokio::pin!(container);
        loop {
            note(&cluster.borrow_and_update().waiting_for(wanted));
            tokio::select! {
                given = &mut container => return Ok(given?),
                changed = cluster.changed() => {
                    if changed.is_err() {
                        return Ok(container.await?);
                    }
                }
            }
        }
    }
}

impl Deployment for YarnDeployment {
    fn launch<'a>(
        &'a self,
        _fresh_id: u64,
        note: &'a (dyn Fn(&str) + Send + Sync),
    ) -> LaunchAnswer<'a, Box<dyn RunningInstance>> {
        Box::pin(async move {
            let instance = self.start(note).await?;
            Ok(Box::new(instance) as Box<dyn RunningInstance>)
        })
    }
}
