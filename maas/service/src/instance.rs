//! One instance that was asked for: launched, registered, watched, restarted, until it is no longer wanted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use alidade_maas_core::{
    DesiredModel, Endpoint, InstanceState, InstanceStatus, Registry, ServiceInstance,
};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use crate::config::ServiceConfig;
use crate::launcher::{Deployment, Launcher, RunningModel};
use crate::readiness::{takes_connections, wait_until_ready};
use crate::{LaunchError, ServiceError};

const REGISTRY_PAUSE: Duration = Duration::from_secs(1);

/// What all instances share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) config: ServiceConfig,
    pub(crate) launcher: Arc<dyn Launcher>,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) http: reqwest::Client,
    pub(crate) next_id: AtomicU64,
    /// Told at every change of an instance's state.
    pub(crate) changed: Notify,
}

/// The payload of one request, taken by the first instance that needs it and shared by the others.
#[derive(Debug)]
pub(crate) struct SharedDeployment {
    pub(crate) model: DesiredModel,
    taken: tokio::sync::Mutex<Option<Arc<dyn Deployment>>>,
}

impl SharedDeployment {
    pub(crate) fn new(model: DesiredModel) -> Self {
        Self {
            model,
            taken: tokio::sync::Mutex::new(None),
        }
    }

    async fn get(&self, launcher: &dyn Launcher) -> Result<Arc<dyn Deployment>, LaunchError> {
        let mut taken = self.taken.lock().await;
        if let Some(deployment) = &*taken {
            return Ok(deployment.clone());
        }
        let deployment = launcher.prepare(&self.model).await?;
        *taken = Some(deployment.clone());
        Ok(deployment)
    }
}

/// How one launch ended.
enum LaunchEnd {
    NotWanted,
    Failed { reason: String, was_stable: bool },
}

pub(crate) struct Instance {
    context: Arc<Context>,
    deployment: Arc<SharedDeployment>,
    status: Arc<Mutex<InstanceStatus>>,
    stop: watch::Receiver<bool>,
}

impl Instance {
    pub(crate) fn new(
        context: Arc<Context>,
        deployment: Arc<SharedDeployment>,
        status: Arc<Mutex<InstanceStatus>>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            context,
            deployment,
            status,
            stop,
        }
    }

    /// Keeps the instance running until it is told to stop. Returns when nothing of it is left.
    pub(crate) async fn keep_running(mut self) {
        let config = &self.context.config;
        let mut failures: u32 = 0;
        let mut pause = config.first_restart_pause;
        let (limit, longest_pause) = (config.max_failures, config.longest_restart_pause);
        let first_pause = config.first_restart_pause;
        loop {
            let id = self.context.next_id.fetch_add(1, Ordering::Relaxed);
            let (reason, was_stable) = match self.launch_once(id).await {
                LaunchEnd::NotWanted => return,
                LaunchEnd::Failed { reason, was_stable } => (reason, was_stable),
            };
            if was_stable {
                failures = 0;
                pause = first_pause;
            }
            failures += 1;
            let model = &self.deployment.model;
            metrics::counter!("alidade_maas_instance_failures_total", "model" => model.name.clone())
                .increment(1);
            let gives_up = failures >= limit;
            let (name, version) = (model.name.as_str(), model.version.as_str());
            if gives_up {
                tracing::error!(
                    model = name,
                    version,
                    id,
                    reason,
                    failures,
                    "model instance given up; remove it, mend the model and add it again"
                );
            } else {
                tracing::warn!(model = name, version, id, reason, failures, restart_in = ?pause, "model instance failed");
            }
            self.update(|status| {
                status.state = if gives_up {
                    InstanceState::GivenUp
                } else {
                    InstanceState::WaitingToRestart
                };
                status.failures = failures;
                status.last_failure = Some(reason);
                status.id = None;
                status.url = None;
            });
            if gives_up {
                told_to_stop(&self.stop).await;
                return;
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = told_to_stop(&self.stop) => return,
            }
            pause = (pause * 2).min(longest_pause);
        }
    }

    fn update(&self, change: impl FnOnce(&mut InstanceStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
        self.context.changed.notify_one();
    }

    /// From launch to end.
    async fn launch_once(&mut self, id: u64) -> LaunchEnd {
        if *self.stop.borrow() {
            return LaunchEnd::NotWanted;
        }
        self.update(|status| {
            status.state = InstanceState::Starting;
            status.id = Some(id);
        });
        let context = self.context.clone();
        let launching = async {
            let deployment = self.deployment.get(&*context.launcher).await?;
            deployment.launch(id).await
        };
        let mut running = match launching.await {
            Ok(running) => running,
            Err(error) => return failed(error.to_string()),
        };
        let place = running.describe();
        let model = self.deployment.model.clone();
        tracing::info!(
            model = model.name,
            version = model.version,
            id,
            place,
            "model instance launched"
        );
        self.update(|status| status.place = Some(place));
        let end = self.run(id, &mut *running).await;
        running.stop(context.config.grace).await;
        tracing::info!(
            model = model.name,
            version = model.version,
            id,
            "model instance ended"
        );
        end
    }

    /// From launch until the instance has ended or is to be ended. Whatever the outcome, it is not registered afterwards.
    async fn run(&mut self, id: u64, running: &mut dyn RunningModel) -> LaunchEnd {
        let stop = self.stop.clone();
        let context = self.context.clone();
        let starting = timeout(context.config.start_limit, self.wait_until_ready(running));
        let endpoint = tokio::select! {
            () = told_to_stop(&stop) => return self.not_wanted(),
            started = starting => match started {
                Ok(Ok(endpoint)) => endpoint,
                Ok(Err(error)) => return failed(error.to_string()),
                Err(_) => return failed(format!(
                    "it did not answer within {} s of its launch",
                    context.config.start_limit.as_secs()
                )),
            },
        };
        let model = &self.deployment.model;
        let config = &context.config;
        let now_ms = epoch_ms();
        let kind = config.service_type;
        let entry = ServiceInstance::new(&model.name, &model.version, id, endpoint, kind, now_ms);
        let ready_since = Instant::now();
        let end = tokio::select! {
            () = told_to_stop(&stop) => None,
            how = running.ended() => Some(format!("the model ended ({how})")),
            how = self.watch_connections(&entry) => Some(how),
            never = self.stay_registered(&entry) => match never {},
        };
        self.update(|status| status.state = InstanceState::Stopping);
        unregister(&context, &entry).await;
        match end {
            Some(reason) => LaunchEnd::Failed {
                reason,
                was_stable: ready_since.elapsed() >= config.stable_after,
            },
            None => {
                sleep(config.drain).await;
                LaunchEnd::NotWanted
            }
        }
    }

    fn not_wanted(&self) -> LaunchEnd {
        self.update(|status| status.state = InstanceState::Stopping);
        LaunchEnd::NotWanted
    }

    async fn wait_until_ready(
        &self,
        running: &mut dyn RunningModel,
    ) -> Result<Endpoint, LaunchError> {
        let endpoint = running.endpoint().await?;
        tokio::select! {
            () = wait_until_ready(&endpoint.url, &self.context.http) => Ok(endpoint),
            how = running.ended() => Err(LaunchError::Ended(how)),
        }
    }

    /// Registers the instance, and again in every new session.
    async fn stay_registered(&self, entry: &ServiceInstance) -> std::convert::Infallible {
        let mut sessions = self.context.registry.sessions();
        loop {
            sessions.mark_unchanged();
            if let Err(error) = self.context.registry.register(entry).await {
                tracing::warn!(model = entry.name, id = entry.id, %error, "cannot register the instance, trying again");
                sleep(REGISTRY_PAUSE).await;
                continue;
            }
            let (url, version) = (&entry.payload.endpoint.url, &entry.payload.version);
            tracing::info!(
                model = entry.name,
                version,
                id = entry.id,
                url,
                "model instance registered"
            );
            self.update(|status| {
                status.state = InstanceState::Ready;
                status.url = Some(url.clone());
            });
            if sessions.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Returns when the model has not taken connections for some looks in a row.
    async fn watch_connections(&self, entry: &ServiceInstance) -> String {
        let config = &self.context.config;
        let mut failed = 0;
        loop {
            sleep(config.probe_interval).await;
            if takes_connections(&entry.payload.endpoint.url).await {
                failed = 0;
                continue;
            }
            failed += 1;
            if failed >= config.max_failed_probes {
                return format!(
                    "{} took no connection {failed} times in a row",
                    entry.payload.endpoint.url
                );
            }
        }
    }
}

/// Returns when the signal is given. A sender that is gone means that nobody wants the work either.
pub(crate) async fn told_to_stop(signal: &watch::Receiver<bool>) {
    let mut signal = signal.clone();
    let _ = signal.wait_for(|stop| *stop).await;
}

fn failed(reason: String) -> LaunchEnd {
    LaunchEnd::Failed {
        reason,
        was_stable: false,
    }
}

/// Takes an instance out of the registry. While the registry is away this goes on in the background: a dead endpoint must
/// not stay.
async fn unregister(context: &Arc<Context>, entry: &ServiceInstance) {
    let attempt = context.registry.unregister(&entry.name, &entry.id);
    let Ok(Ok(())) = timeout(REGISTRY_PAUSE, attempt).await else {
        let (name, id) = (entry.name.clone(), entry.id.clone());
        tracing::warn!(
            model = name,
            id,
            "cannot unregister the instance yet, trying again"
        );
        let context = context.clone();
        tokio::spawn(async move {
            while context.registry.unregister(&name, &id).await.is_err() {
                sleep(REGISTRY_PAUSE).await;
            }
        });
        return;
    };
}

pub(crate) fn epoch_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |elapsed| {
        i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
    })
}

pub(crate) fn http_client() -> Result<reqwest::Client, ServiceError> {
    // The settings are fixed, so that this cannot fail but for want of the system's TLS library.
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .danger_accept_invalid_certs(true)
        .build()
        .map_err(ServiceError::Http)
}
