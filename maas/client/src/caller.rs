use std::sync::Arc;
use std::time::{Duration, Instant};

use alidade_event::Value;
use futures::StreamExt;
use reqwest::redirect;
use tokio::runtime::Handle;

use crate::answer_cache::{AnswerCache, Key};
use crate::call::Call;
use crate::health::{Health, monotonic_ms};
use crate::http_answer::{Failure, HttpAnswer, ask};
use crate::warnings::Warnings;
use crate::{ClientError, Models};

/// The limits of model calls.
#[derive(Debug, Clone)]
pub struct CallerOptions {
    pub connect_timeout: Duration,
    /// For one exchange, from sending to the last byte.
    pub timeout: Duration,
    /// For all calls of a batch together; what is not answered then yields null.
    pub batch_timeout: Duration,
    /// Calls of one batch under way at once.
    pub concurrency: usize,
    /// Largest answer that is read, in bytes.
    pub max_answer_bytes: usize,
    /// How long an answer is used again.
    pub answer_lifetime: Duration,
    /// How long a failure is remembered, so that the same call does not fail again at once.
    pub failure_lifetime: Duration,
    /// Most answers that are kept.
    pub max_cached_answers: usize,
    /// Most memory for them, in bytes, roughly.
    pub max_cached_bytes: usize,
}

impl Default for CallerOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(1),
            timeout: Duration::from_secs(2),
            batch_timeout: Duration::from_secs(60),
            concurrency: 64,
            max_answer_bytes: 1 << 20,
            answer_lifetime: Duration::from_secs(600),
            failure_lifetime: Duration::from_secs(5),
            max_cached_answers: 100_000,
            max_cached_bytes: 256 << 20,
        }
    }
}

/// Makes the calls to models. Cheap to clone; clones share connections and the cache of answers.
#[derive(Debug, Clone)]
pub struct Caller {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: CallerOptions,
    client: reqwest::Client,
    runtime: Handle,
    cache: AnswerCache,
    warnings: Warnings,
}

impl Caller {
    /// A caller whose calls run on the runtime given.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up, for instance for want of the system's certificates.
    pub fn new(options: CallerOptions, runtime: Handle) -> Result<Caller, ClientError> {
        let client = reqwest::Client::builder()
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(options.concurrency)
            .tcp_nodelay(true)
            .no_proxy()
            .user_agent("alidade")
            .build()
            .map_err(ClientError::Http)?;
        let cache = AnswerCache::new(options.max_cached_answers, options.max_cached_bytes);
        Ok(Caller {
            inner: Arc::new(Inner {
                options,
                client,
                runtime,
                cache,
                warnings: Warnings::default(),
            }),
        })
    }

    /// The answer to an earlier call with the same key, if it is fresh.
    pub(crate) fn cached(&self, key: &[u8], now: Instant) -> Option<Value> {
        self.inner.cache.get(key, now)
    }

    /// Performs calls, and blocks the thread until all have their answers; failed ones are null.
    pub(crate) fn perform(&self, calls: Vec<Call>, models: &Models) -> Vec<(Key, Value)> {
        let keys: Vec<Key> = calls.iter().map(|call| call.key.clone()).collect();
        let (sender, receiver) = std::sync::mpsc::channel();
        let inner = self.inner.clone();
        let models = models.clone();
        self.inner.runtime.spawn(async move {
            // Nobody waits any more if the receiver is gone.
            let _ = sender.send(inner.answer_all(calls, &models).await);
        });
        match receiver.recv() {
            Ok(answers) => answers,
            // The runtime is shutting down.
            Err(_) => keys.into_iter().map(|key| (key, Value::Null)).collect(),
        }
    }
}

impl Inner {
    async fn answer_all(&self, calls: Vec<Call>, models: &Models) -> Vec<(Key, Value)> {
        let deadline = Instant::now() + self.options.batch_timeout;
        futures::stream::iter(calls)
            .map(|call| async move {
                let value = self.answer(&call, models, deadline).await;
                (call.key, value)
            })
            .buffer_unordered(self.options.concurrency.max(1))
            .collect()
            .await
    }

    /// Answers one call, and keeps the answer or the failure.
    async fn answer(&self, call: &Call, models: &Models, deadline: Instant) -> Value {
        let started = Instant::now();
        let outcome = if started < deadline {
            self.try_instances(call, models).await
        } else {
            Err(Failure::OutOfTime)
        };
        let finished = Instant::now();
        let model = call.model_name();
        let label = outcome.as_ref().map_or_else(Failure::label, |_| "ok");
        metrics::counter!("alidade_maas_calls_total", "model" => model.to_owned(), "outcome" => label).increment(1);
        metrics::histogram!("alidade_maas_call_seconds", "model" => model.to_owned())
            .record(finished.duration_since(started).as_secs_f64());
        match outcome {
            Ok(answer) => {
                let expires = finished + self.options.answer_lifetime;
                let key = call.key.clone();
                self.cache
                    .put(key, answer.value.clone(), answer.bytes, expires);
                answer.value
            }
            Err(failure) => {
                if let Some(held_back) = self.warnings.admit(model, label, finished) {
                    tracing::warn!(model, instance = %call.url, reason = %failure, held_back, "model call failed, its value is null");
                }
                let expires = finished + self.options.failure_lifetime;
                self.cache.put(call.key.clone(), Value::Null, 0, expires);
                Value::Null
            }
        }
    }

    /// Asks the instance that was drawn, then once another one.
    async fn try_instances(&self, call: &Call, models: &Models) -> Result<HttpAnswer, Failure> {
        let drawn = models.board().of(&call.url);
        let first = self.try_instance(call, &call.url, &drawn).await;
        let Err(failure) = first else {
            return first;
        };
        let Some(model) = &call.model else {
            return Err(failure);
        };
        // The instances of this moment: the drawn one may have gone since.
        let endpoints = models.endpoints();
        let other = endpoints
            .find(&model.name, Some(&model.version))
            .and_then(|current| current.other_than(&call.url, monotonic_ms()));
        match other {
            Some(other) => self.try_instance(call, &other.url, &other.health).await,
            None => Err(failure),
        }
    }

    async fn try_instance(
        &self,
        call: &Call,
        instance_url: &str,
        health: &Arc<Health>,
    ) -> Result<HttpAnswer, Failure> {
        let url = call.url_at(instance_url).ok_or(Failure::NoUrl)?;
        let permit = health.admit(monotonic_ms()).ok_or(Failure::SetAside)?;
        let outcome = ask(&self.client, url, self.options.max_answer_bytes).await;
        match &outcome {
            Ok(_) => permit.succeeded(),
            Err(failure) => match failure.fault() {
                Some(fault) => {
                    if let Some(aside) = permit.failed(fault, monotonic_ms()) {
                        let model = call.model_name().to_owned();
                        metrics::counter!("alidade_maas_instances_set_aside_total", "model" => model.clone())
                            .increment(1);
                        tracing::warn!(model, instance = instance_url, reason = %failure, ?aside, "model instance set aside");
                    }
                }
                None => drop(permit),
            },
        }
        outcome
    }
}
