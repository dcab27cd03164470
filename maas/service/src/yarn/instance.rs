//! A model in a container.

use std::sync::Arc;
use std::time::Duration;

use alidade_hadoop::{ContainerEnd, FleetContainer};
use alidade_maas_core::DesiredModel;
use futures::future::BoxFuture;
use tokio::time::{sleep, timeout};

use super::launcher::Inner;
use crate::LaunchError;
use crate::launcher::{InstanceEnd, LaunchAnswer, RunningInstance};
use crate::registration_id::registration_id;
use crate::runner::LAST_WORDS;

const REGISTRY_PAUSE: Duration = Duration::from_secs(1);
/// Beyond what the runner takes to drain and to end its model.
const RUNNER_OVERHEAD: Duration = Duration::from_secs(5);
/// Between two words to a runner that it is to end.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// For the node manager and the resource manager to end a container.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// A container in which a runner looks after one model.
#[derive(Debug)]
pub(super) struct YarnInstance {
    inner: Arc<Inner>,
    name: String,
    /// Nothing once it has been left to itself.
    container: Option<FleetContainer>,
    id: u64,
    place: String,
}

impl YarnInstance {
    pub(super) fn new(inner: Arc<Inner>, model: &DesiredModel, container: FleetContainer) -> Self {
        let place = format!(
            "{} on {}, logs at http://{}/node/containerlogs/{}/{}",
            container.id(),
            container.node(),
            container.node_http_address(),
            container.id(),
            inner.user
        );
        Self {
            name: model.name.clone(),
            id: registration_id(&container.id()),
            container: Some(container),
            place,
            inner,
        }
    }

    async fn wait_until_registered(&mut self) -> Result<String, LaunchError> {
        let registered = self.inner.registrations.url_of(&self.name, self.id);
        let Some(container) = &mut self.container else {
            return Err(LaunchError::Lost("it was left to itself".to_owned()));
        };
        tokio::select! {
            // It ends only once; a registration may be one that is about to go.
            biased;
            end = container.ended() => Err(match end.blames_the_container() {
                true => LaunchError::Ended(without_frame(words_of(&end))),
                false => LaunchError::Lost(words_of(&end)),
            }),
            url = registered => Ok(url),
        }
    }

    async fn wait_for_end(&mut self) -> InstanceEnd {
        let Some(container) = &mut self.container else {
            return std::future::pending().await;
        };
        let end = container.ended().await;
        // At once: from now on every call there is lost.
        self.unregister().await;
        InstanceEnd {
            blames_model: end.blames_the_container(),
            reason: words_of(&end),
        }
    }

    /// By its path: the runner may have been killed, and its session goes on for a while, or its node is persistent.
    async fn unregister(&self) {
        let (registry, name, id) = (
            self.inner.registry.clone(),
            self.name.clone(),
            self.id.to_string(),
        );
        if let Ok(Ok(())) = timeout(REGISTRY_PAUSE, registry.unregister(&name, &id)).await {
            return;
        }
        tracing::warn!(
            model = name,
            id,
            "cannot unregister the instance yet, trying again"
        );
        tokio::spawn(async move {
            while registry.unregister(&name, &id).await.is_err() {
                sleep(REGISTRY_PAUSE).await;
            }
        });
    }

    async fn end(&mut self) {
        let Some(mut container) = self.container.take() else {
            return;
        };
        let patience = self.inner.drain + self.inner.grace + RUNNER_OVERHEAD;
        let asking = async {
            loop {
                if let Err(error) = container.terminate().await {
                    tracing::debug!(container = %container.id(), %error, "cannot ask the runner to end");
                }
                // A container that is only being prepared has nobody who hears it.
                if timeout(ASK_AGAIN, container.ended()).await.is_ok() {
                    return;
                }
            }
        };
        if timeout(patience, asking).await.is_err() {
            tracing::warn!(container = %container.id(), "the runner does not end, stopping its container");
            container.stop(STOP_PATIENCE).await;
        }
        self.unregister().await;
        self.inner.forget(&container.id().to_string()).await;
    }
}

/// The runner's own account, where it has given one, else YARN's.
fn words_of(end: &ContainerEnd) -> String {
    match end.diagnostics.rsplit_once(LAST_WORDS) {
        Some((_, words)) => words.lines().next().unwrap_or_default().trim().to_owned(),
        None => end.to_string(),
    }
}

/// The runner may have said already that the model was not ready.
fn without_frame(words: String) -> String {
    let framed = words
        .strip_prefix("the model ended before it was ready (")
        .and_then(|rest| rest.strip_suffix(')'));
    framed.map(str::to_owned).unwrap_or(words)
}

impl RunningInstance for YarnInstance {
    fn id(&self) -> u64 {
        self.id
    }

    fn describe(&self) -> String {
        self.place.clone()
    }

    fn ready(&mut self) -> LaunchAnswer<'_, String> {
        Box::pin(self.wait_until_registered())
    }

    fn ended(&mut self) -> BoxFuture<'_, InstanceEnd> {
        Box::pin(self.wait_for_end())
    }

    fn stop(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.end())
    }

    fn leave(&mut self) {
        if let Some(container) = self.container.take() {
            container.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_own_words_count() {
        let end = |diagnostics: &str| ContainerEnd {
            exit_status: 1,
            diagnostics: diagnostics.to_owned(),
        };
        let told = end(
            "Exception\n{\"a\":1}\nalidade runner: the model ended before it was ready (exit status: 3)\n\n",
        );
        let words = words_of(&told);
        assert_eq!(without_frame(words), "exit status: 3");
        let silent = words_of(&end("Killed by external signal"));
        assert!(silent.contains("exit code 1"), "{silent}");
        assert_eq!(without_frame("it is away".to_owned()), "it is away");
    }
}
