//! A model process that is offered to clients for as long as it answers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use alidade_maas_core::{Registry, ServiceInstance, ServiceType};
use futures::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::clock::epoch_ms;
use crate::launcher::{InstanceEnd, LaunchAnswer, RunningInstance};
use crate::process::ModelProcess;
use crate::readiness::{takes_connections, wait_until_ready};
use crate::{LaunchError, ServiceConfig};

const REGISTRY_PAUSE: Duration = Duration::from_secs(1);

/// How a process is treated; see [`ServiceConfig`] for the fields.
#[derive(Debug, Clone)]
pub(crate) struct Supervision {
    pub(crate) service_type: ServiceType,
    pub(crate) drain: Duration,
    pub(crate) grace: Duration,
    pub(crate) probe_interval: Duration,
    pub(crate) max_failed_probes: u32,
}

impl From<&ServiceConfig> for Supervision {
    fn from(config: &ServiceConfig) -> Self {
        Self {
            service_type: config.service_type,
            drain: config.drain,
            grace: config.grace,
            probe_interval: config.probe_interval,
            max_failed_probes: config.max_failed_probes,
        }
    }
}

/// What all processes of one supervisor share.
#[derive(Debug, Clone)]
pub(crate) struct Supervisor {
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) rules: Supervision,
    http: reqwest::Client,
}

impl Supervisor {
    pub(crate) fn new(
        registry: Arc<dyn Registry>,
        rules: Supervision,
    ) -> Result<Supervisor, LaunchError> {
        // The settings are fixed, so that this cannot fail but for want of the system's TLS library.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .danger_accept_invalid_certs(true)
            .build()
            .map_err(LaunchError::Http)?;
        Ok(Supervisor {
            registry,
            rules,
            http,
        })
    }

    /// Takes on a process that has just been started as an instance of a model.
    pub(crate) fn take(
        &self,
        process: ModelProcess,
        name: &str,
        version: &str,
        id: u64,
    ) -> Supervised {
        Supervised {
            supervisor: self.clone(),
            process,
            name: name.to_owned(),
            version: version.to_owned(),
            id,
            sessions: self.registry.sessions(),
            entry: None,
            end: None,
            late_withdrawal: None,
        }
    }
}

/// A process with its registration: endpoint file, readiness, registration (again in every new session), a look at its
/// connections now and then; at the end out of the registry, time for its clients, and the end of all its processes.
#[derive(Debug)]
pub(crate) struct Supervised {
    supervisor: Supervisor,
    process: ModelProcess,
    name: String,
    version: String,
    id: u64,
    sessions: watch::Receiver<u64>,
    /// What may be in the registry.
    entry: Option<ServiceInstance>,
    end: Option<InstanceEnd>,
    late_withdrawal: Option<JoinHandle<()>>,
}

impl Supervised {
    async fn become_ready(&mut self) -> Result<String, LaunchError> {
        let endpoint = self.process.endpoint().await?;
        tokio::select! {
            () = wait_until_ready(&endpoint.url, &self.supervisor.http) => {}
            how = self.process.ended() => return Err(LaunchError::Ended(how)),
        }
        let url = endpoint.url.clone();
        let kind = self.supervisor.rules.service_type;
        let (name, version) = (&self.name, &self.version);
        let entry = ServiceInstance::new(name, version, self.id, endpoint, kind, epoch_ms());
        // From here on it may be there, whatever becomes of the attempt.
        let entry = self.entry.insert(entry);
        tokio::select! {
            () = register(&*self.supervisor.registry, &mut self.sessions, entry) => Ok(url),
            how = self.process.ended() => Err(LaunchError::Ended(how)),
        }
    }

    async fn wait_for_end(&mut self) -> InstanceEnd {
        if let Some(end) = &self.end {
            return end.clone();
        }
        let reason = match &self.entry {
            None => model_ended(&self.process.ended().await),
            Some(entry) => tokio::select! {
                how = self.process.ended() => model_ended(&how),
                how = watch_connections(&entry.payload.endpoint.url, &self.supervisor.rules) => how,
                never = stay_registered(&*self.supervisor.registry, &mut self.sessions, entry) => {
                    match never {}
                }
            },
        };
        self.withdraw().await;
        let end = InstanceEnd {
            reason,
            blames_model: true,
        };
        self.end.insert(end).clone()
    }

    async fn end(&mut self) {
        let may_have_clients = self.entry.is_some();
        self.withdraw().await;
        if may_have_clients {
            sleep(self.supervisor.rules.drain).await;
        }
        self.process.end(self.supervisor.rules.grace).await;
    }

    /// Takes the instance out of the registry. While the registry is away this goes on in the background: a dead endpoint
    /// must not stay.
    async fn withdraw(&mut self) {
        let Some(entry) = &self.entry else {
            return;
        };
        let attempt = self.supervisor.registry.withdraw(entry);
        if !matches!(timeout(REGISTRY_PAUSE, attempt).await, Ok(Ok(()))) {
            let (model, id) = (&entry.name, &entry.id);
            tracing::warn!(
                model,
                id,
                "cannot take the instance out of the registry yet, trying again"
            );
            let (registry, entry) = (self.supervisor.registry.clone(), entry.clone());
            self.late_withdrawal = Some(tokio::spawn(async move {
                while registry.withdraw(&entry).await.is_err() {
                    sleep(REGISTRY_PAUSE).await;
                }
            }));
        }
        self.entry = None;
    }

    /// Whether the model has answered, so that it is registered or about to be.
    pub(crate) fn answers(&self) -> bool {
        self.entry.is_some()
    }

    /// Waits until the instance is out of the registry, should that still be under way after its end.
    pub(crate) async fn withdrawn(&mut self) {
        if let Some(withdrawal) = &mut self.late_withdrawal {
            // The task neither panics nor is it aborted but with the whole runtime.
            let _ = withdrawal.await;
        }
        self.late_withdrawal = None;
    }
}

impl RunningInstance for Supervised {
    fn id(&self) -> u64 {
        self.id
    }

    fn describe(&self) -> String {
        self.process.describe()
    }

    fn ready(&mut self) -> LaunchAnswer<'_, String> {
        Box::pin(self.become_ready())
    }

    fn ended(&mut self) -> BoxFuture<'_, InstanceEnd> {
        Box::pin(self.wait_for_end())
    }

    fn stop(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.end())
    }
}

fn model_ended(how: &str) -> String {
    format!("the model ended ({how})")
}

/// Registers the instance in the present session, for as long as it takes.
async fn register(
    registry: &dyn Registry,
    sessions: &mut watch::Receiver<u64>,
    entry: &ServiceInstance,
) {
    loop {
        sessions.mark_unchanged();
        match registry.register(entry).await {
            Ok(()) => break,
            Err(error) => {
                tracing::warn!(model = entry.name, id = entry.id, %error, "cannot register the instance, trying again");
                sleep(REGISTRY_PAUSE).await;
            }
        }
    }
    let (url, version) = (&entry.payload.endpoint.url, &entry.payload.version);
    tracing::info!(
        model = entry.name,
        version,
        id = entry.id,
        url,
        "model instance registered"
    );
}

/// Registers the instance again in every new session.
async fn stay_registered(
    registry: &dyn Registry,
    sessions: &mut watch::Receiver<u64>,
    entry: &ServiceInstance,
) -> Infallible {
    while sessions.changed().await.is_ok() {
        register(registry, sessions, entry).await;
    }
    std::future::pending().await
}

/// Returns when the model has not taken connections for some looks in a row.
async fn watch_connections(url: &str, rules: &Supervision) -> String {
    let mut failed = 0;
    loop {
        sleep(rules.probe_interval).await;
        if takes_connections(url).await {
            failed = 0;
            continue;
        }
        failed += 1;
        if failed >= rules.max_failed_probes {
            return format!("{url} took no connection {failed} times in a row");
        }
    }
}
