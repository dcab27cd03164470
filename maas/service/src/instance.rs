//! One instance that was asked for: launched, watched, restarted, until it is no longer wanted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use alidade_maas_core::{DesiredModel, InstanceState, InstanceStatus, Registry};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use crate::LaunchError;
use crate::config::ServiceConfig;
use crate::launcher::{Deployment, InstanceEnd, Launcher, RunningInstance};
use crate::shutdown::{Shutdown, told_to_end};

/// Longest text about what a launch waits for, in characters.
const MAX_NOTE: usize = 1000;

/// What all instances share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) config: ServiceConfig,
    pub(crate) launcher: Arc<dyn Launcher>,
    pub(crate) registry: Arc<dyn Registry>,
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

/// How one life of the instance ended, from launch to end.
enum LifeEnd {
    NotWanted,
    Ended { end: InstanceEnd, was_stable: bool },
}

pub(crate) struct Instance {
    context: Arc<Context>,
    deployment: Arc<SharedDeployment>,
    status: Arc<Mutex<InstanceStatus>>,
    stop: watch::Receiver<Shutdown>,
}

impl Instance {
    pub(crate) fn new(
        context: Arc<Context>,
        deployment: Arc<SharedDeployment>,
        status: Arc<Mutex<InstanceStatus>>,
        stop: watch::Receiver<Shutdown>,
    ) -> Self {
        Self {
            context,
            deployment,
            status,
            stop,
        }
    }

    /// Keeps the instance running until it is told to end, beginning with the one that a former service has left, if there
    /// is one. Returns when nothing of it is left, or it has been left to the next service.
    pub(crate) async fn keep_running(self, adopted: Option<Box<dyn RunningInstance>>) {
        let config = &self.context.config;
        let mut adopted = adopted;
        let mut failures: u32 = 0;
        let mut next_pause = config.first_restart_pause;
        loop {
            let (end, was_stable) = match self.live_once(adopted.take()).await {
                LifeEnd::NotWanted => return,
                LifeEnd::Ended { end, was_stable } => (end, was_stable),
            };
            if was_stable {
                failures = 0;
                next_pause = config.first_restart_pause;
            }
            let mut pause = config.first_restart_pause;
            if end.blames_model {
                failures += 1;
                pause = next_pause;
                next_pause = (next_pause * 2).min(config.longest_restart_pause);
            }
            let gives_up = end.blames_model && failures >= config.max_failures;
            self.report(&end, failures, gives_up, pause);
            if gives_up {
                told_to_end(&self.stop).await;
                return;
            }
            tokio::select! {
                () = sleep(pause) => {}
                _ = told_to_end(&self.stop) => return,
            }
        }
    }

    /// Says in log, metrics and status that the instance has ended without having been told to.
    fn report(&self, end: &InstanceEnd, failures: u32, gives_up: bool, pause: Duration) {
        let model = &self.deployment.model;
        let (name, version) = (model.name.as_str(), model.version.as_str());
        let (id, reason) = (self.status().id, end.reason.as_str());
        if end.blames_model {
            metrics::counter!("alidade_maas_instance_failures_total", "model" => model.name.clone())
                .increment(1);
        }
        if gives_up {
            tracing::error!(
                model = name,
                version,
                id,
                reason,
                failures,
                "model instance given up; remove it, mend the model and add it again"
            );
        } else if end.blames_model {
            tracing::warn!(model = name, version, id, reason, failures, restart_in = ?pause, "model instance failed");
        } else {
            tracing::warn!(model = name, version, id, reason, restart_in = ?pause, "model instance lost, the model is not to blame");
        }
        self.update(|status| {
            status.state = if gives_up {
                InstanceState::GivenUp
            } else {
                InstanceState::WaitingToRestart
            };
            status.failures = failures;
            status.last_failure = Some(end.reason.clone());
            status.id = None;
            status.url = None;
        });
    }

    fn status(&self) -> InstanceStatus {
        let status = self.status.lock();
        status.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, change: impl FnOnce(&mut InstanceStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
        self.context.changed.notify_one();
    }

    /// From launch to end.
    async fn live_once(&self, adopted: Option<Box<dyn RunningInstance>>) -> LifeEnd {
        let is_adopted = adopted.is_some();
        let mut running = match adopted {
            Some(running) => running,
            None => tokio::select! {
                _ = told_to_end(&self.stop) => return LifeEnd::NotWanted,
                launched = self.launch() => match launched {
                    Ok(running) => running,
                    Err(error) => return failed(&error),
                },
            },
        };
        let (model, id) = (&self.deployment.model, running.id());
        let (name, version, place) = (&model.name, &model.version, running.describe());
        let done = if is_adopted {
            "model instance adopted"
        } else {
            "model instance launched"
        };
        tracing::info!(model = name, version, id, place, "{done}");
        self.update(|status| {
            status.state = InstanceState::Starting;
            status.id = Some(id);
            status.place = Some(place);
        });
        let outcome = tokio::select! {
            order = told_to_end(&self.stop) => Err(order),
            end = self.serve(&mut *running) => Ok(end),
        };
        if let Err(Shutdown::LeaveModels) = outcome {
            running.leave();
            tracing::info!(
                model = name,
                version,
                id,
                "model instance left to the next service"
            );
            return LifeEnd::NotWanted;
        }
        self.update(|status| status.state = InstanceState::Stopping);
        running.stop().await;
        tracing::info!(model = name, version, id, "model instance ended");
        outcome.unwrap_or(LifeEnd::NotWanted)
    }

    async fn launch(&self) -> Result<Box<dyn RunningInstance>, LaunchError> {
        let context = &self.context;
        let fresh_id = context.next_id.fetch_add(1, Ordering::Relaxed);
        self.update(|status| status.state = InstanceState::Starting);
        let deployment = self.deployment.get(&*context.launcher).await?;
        deployment.launch(fresh_id, &|text| self.note(text)).await
    }

    /// Notes what a launch waits for.
    fn note(&self, text: &str) {
        let text: String = text.chars().take(MAX_NOTE).collect();
        let known = self.status();
        let is_known = known.state == InstanceState::WaitingForResources
            && known.place.as_deref() == Some(text.as_str());
        if is_known {
            return;
        }
        let model = &self.deployment.model;
        let (name, version) = (&model.name, &model.version);
        tracing::info!(model = name, version, note = text, "model instance waits");
        self.update(|status| {
            status.state = InstanceState::WaitingForResources;
            status.place = Some(text);
        });
    }

    /// From launch until the instance serves no more.
    async fn serve(&self, running: &mut dyn RunningInstance) -> LifeEnd {
        let config = &self.context.config;
        let url = match timeout(config.start_limit, running.ready()).await {
            Ok(Ok(url)) => url,
            Ok(Err(error)) => return failed(&error),
            Err(_) => {
                let reason = format!(
                    "it did not answer within {} s of its launch",
                    config.start_limit.as_secs()
                );
                return LifeEnd::Ended {
                    end: InstanceEnd {
                        reason,
                        blames_model: true,
                    },
                    was_stable: false,
                };
            }
        };
        let ready_since = Instant::now();
        self.update(|status| {
            status.state = InstanceState::Ready;
            status.url = Some(url);
        });
        let end = running.ended().await;
        LifeEnd::Ended {
            end,
            was_stable: ready_since.elapsed() >= config.stable_after,
        }
    }
}

fn failed(error: &LaunchError) -> LifeEnd {
    LifeEnd::Ended {
        end: InstanceEnd {
            reason: error.to_string(),
            blames_model: error.blames_model(),
        },
        was_stable: false,
    }
}
