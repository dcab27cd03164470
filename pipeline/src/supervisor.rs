//! Keeps the workers running: one thread each, started again with back-off when it fails.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::PipelineError;
use crate::stage_metrics::name;

/// Which workers run.
#[derive(Debug, Default)]
pub struct Health {
    running: Mutex<BTreeMap<String, bool>>,
}

impl Health {
    fn set(&self, worker: &str, runs: bool) {
        self.running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(worker.to_owned(), runs);
    }

    /// The names of the workers that do not run at the moment.
    pub fn down(&self) -> Vec<String> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running
            .iter()
            .filter(|(_, runs)| !**runs)
            .map(|(name, _)| name.clone())
            .collect()
    }
}

/// Asks everything to stop.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(Arc<AtomicBool>);

impl Shutdown {
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_stopping(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A worker that has run this long has its back-off forgotten.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);

/// Runs `work` on a thread of its own until the shutdown. `work` returns when it is told to stop, or with an error,
/// after which it is started again.
///
/// # Errors
/// When the thread cannot be started.
pub fn supervise(
    worker: String,
    health: Arc<Health>,
    shutdown: Shutdown,
    mut work: impl FnMut() -> Result<(), PipelineError> + Send + 'static,
) -> Result<JoinHandle<()>, PipelineError> {
    let thread_name: String = worker.chars().take(15).collect();
    std::thread::Builder::new()
        .name(thread_name)
        .spawn(move || {
            let mut pause = SHORTEST_PAUSE;
            while !shutdown.is_stopping() {
                health.set(&worker, true);
                let started = Instant::now();
                let outcome = catch_unwind(AssertUnwindSafe(&mut work));
                if shutdown.is_stopping() {
                    break;
                }
                if let Ok(Err(changed @ PipelineError::SettingsChanged)) = &outcome {
                    tracing::info!(worker, reason = %changed, "the worker starts again");
                    continue;
                }
                health.set(&worker, false);
                metrics::counter!(name::WORKER_RESTARTS, "worker" => worker.clone()).increment(1);
                log_end(&worker, outcome);
                if started.elapsed() > HEALTHY_AFTER {
                    pause = SHORTEST_PAUSE;
                }
                sleep(pause, &shutdown);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        })
        .map_err(|error| PipelineError::Setup(format!("a thread cannot be started: {error}")))
}

fn log_end(worker: &str, outcome: std::thread::Result<Result<(), PipelineError>>) {
    match outcome {
        Ok(Ok(())) => tracing::warn!(
            worker,
            "the worker has ended without being told to; starting it again"
        ),
        Ok(Err(error)) => {
            tracing::error!(worker, %error, "the worker has failed; starting it again")
        }
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
            let text = text
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            tracing::error!(
                worker,
                panic = text,
                "the worker has panicked, which is a fault; starting it again"
            );
        }
    }
}

fn sleep(pause: Duration, shutdown: &Shutdown) {
    let until = Instant::now() + pause;
    while Instant::now() < until && !shutdown.is_stopping() {
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn a_worker_that_fails_or_panics_is_started_again() {
        let shutdown = Shutdown::default();
        let runs = Arc::new(AtomicUsize::new(0));
        let (seen, stop) = (Arc::clone(&runs), shutdown.clone());
        let thread = supervise(
            "test".into(),
            Arc::default(),
            shutdown.clone(),
            move || match seen.fetch_add(1, Ordering::Relaxed) {
                0 => Err(PipelineError::PausedRecord),
                1 => panic!("on purpose"),
                _ => {
                    stop.stop();
                    Ok(())
                }
            },
        )
        .unwrap();
        thread.join().unwrap();
        assert_eq!(runs.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn health_names_what_is_down() {
        let health = Health::default();
        health.set("parser-squid", true);
        health.set("enrichment", false);
        assert_eq!(health.down(), ["enrichment"]);
    }
}
