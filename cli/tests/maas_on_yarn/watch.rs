//! Calls all the time, in a thread of their own, while other things happen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use alidade_event::Value;
use alidade_maas_client::{Caller, CallerOptions, ModelCalls, Models};
use alidade_stellar::{RemoteCalls, RemoteOutcome};

use crate::teller;

const PAUSE: Duration = Duration::from_millis(100);

/// Something that is done every 100 ms until the end.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Tally>>,
}

#[derive(Debug, Default)]
pub struct Tally {
    pub answered: usize,
    /// When after the start, and what.
    pub failures: Vec<String>,
}

impl Watch {
    pub fn start(mut call: impl FnMut() -> Result<(), String> + Send + 'static) -> Watch {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let began = Instant::now();
            let mut tally = Tally::default();
            while !stopped.load(Ordering::Relaxed) {
                match call() {
                    Ok(()) => tally.answered += 1,
                    Err(failure) => {
                        let at = began.elapsed().as_secs_f64();
                        tally.failures.push(format!("{at:.1} s: {failure}"));
                    }
                }
                std::thread::sleep(PAUSE);
            }
            tally
        });
        Watch {
            stop,
            thread: Some(thread),
        }
    }

    /// Asks every URL each time.
    pub fn urls(urls: Vec<String>) -> Watch {
        Watch::start(move || urls.iter().try_for_each(|url| teller::ask(url).map(|_| ())))
    }

    /// Calls a model as a stage of the pipeline does: `MAAS_MODEL_APPLY(MAAS_GET_ENDPOINT(name), {'n': <number>})`.
    pub fn caller(name: &'static str, models: Models, runtime: &tokio::runtime::Handle) -> Watch {
        let caller = Caller::new(CallerOptions::default(), runtime.clone()).unwrap();
        let mut number = 0;
        Watch::start(move || {
            number += 1;
            let mut calls = ModelCalls::new(models.clone(), caller.clone());
            let endpoint = match calls.call("MAAS_GET_ENDPOINT", &[Value::from(name)]) {
                RemoteOutcome::Ready(endpoint) if !endpoint.is_null() => endpoint,
                other => return Err(format!("no endpoint: {other:?}")),
            };
            // A new argument each time, so that no answer comes from the cache.
            let argument = alidade_event::Map::from_iter([("n".into(), Value::from(number))]);
            let arguments = [endpoint, Value::map(argument)];
            calls.call("MAAS_MODEL_APPLY", &arguments);
            calls.perform();
            match calls.call("MAAS_MODEL_APPLY", &arguments) {
                RemoteOutcome::Ready(answer) if !answer.is_null() => Ok(()),
                other => Err(format!("no answer of {:?}: {other:?}", arguments[0])),
            }
        })
    }

    /// Ends the calls.
    pub fn end(mut self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("taken only here");
        thread.join().unwrap()
    }

    /// Ends the calls, all of which must have been answered.
    #[track_caller]
    pub fn end_answered(self) {
        let tally = self.end();
        assert!(
            tally.failures.is_empty(),
            "{} calls were answered, {} were not: {:#?}",
            tally.answered,
            tally.failures.len(),
            tally.failures
        );
        assert!(tally.answered > 0);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
