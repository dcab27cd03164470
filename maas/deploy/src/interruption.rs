//! Ctrl-C and its like, for work that has to tidy up first.

use std::future::pending;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::DeployError;

/// Tells when the process is asked to end.
#[derive(Debug, Clone)]
pub struct Interruption {
    /// How often it was asked.
    asked: watch::Receiver<u32>,
}

impl Interruption {
    /// From now on SIGINT, SIGTERM and SIGHUP do not end the process by themselves. To be called inside a runtime.
    ///
    /// # Errors
    /// When the system does not let signals be handled.
    pub fn of_process() -> Result<Interruption, DeployError> {
        let listen = |kind| signal(kind).map_err(DeployError::Runtime);
        let mut interrupt = listen(SignalKind::interrupt())?;
        let mut terminate = listen(SignalKind::terminate())?;
        let mut hang_up = listen(SignalKind::hangup())?;
        let (sender, asked) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hang_up.recv() => {}
                }
                sender.send_modify(|times: &mut u32| *times = times.saturating_add(1));
            }
        });
        Ok(Interruption { asked })
    }

    /// For work that signals end as they always do.
    pub fn never() -> Interruption {
        let (_, asked) = watch::channel(0);
        Interruption { asked }
    }

    /// Whether the process has been asked to end.
    pub fn has_happened(&self) -> bool {
        *self.asked.borrow() > 0
    }

    /// Waits until the process is asked to end.
    pub async fn happened(&self) {
        self.asked_times(1).await;
    }

    /// Waits until the process is asked to end once more.
    pub(crate) async fn insisted(&self) {
        self.asked_times(2).await;
    }

    async fn asked_times(&self, times: u32) {
        let mut asked = self.asked.clone();
        if asked.wait_for(|asked| *asked >= times).await.is_err() {
            pending().await
        }
    }
}
