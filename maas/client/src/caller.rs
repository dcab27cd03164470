use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use alidade_event::Value;
use futures::StreamExt;
use reqwest::redirect;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};

use crate::answer_cache::{AnswerCache, Key};
use crate::call::{Call, url_at};
use crate::errand::{Errand, MOST_TOGETHER, Outcome, Question, errands};
use crate::health::{Health, monotonic_ms};
use crate::http_answer::{Failure, ask, read_batch, read_object};
use crate::shadows::{Comparison, Shadow, ShadowQueue, count_outcome};
use crate::warnings::Warnings;
use crate::{ClientError, Models};

/// Largest answer to a batch that is read, in bytes, however many calls it holds.
const LARGEST_BATCH_ANSWER: usize = 64 << 20;

/// Exchanges with shadows that are under way at once.
const SHADOW_CONCURRENCY: usize = 16;

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
    /// Largest answer to one call that is read, in bytes.
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
    shadows: ShadowQueue,
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
        let (shadows, waiting) = ShadowQueue::new();
        let inner = Arc::new(Inner {
            options,
            client,
            runtime,
            cache,
            warnings: Warnings::default(),
            shadows,
        });
        // It ends when the last clone is gone, and the sending end with it.
        inner
            .runtime
            .spawn(make_shadow_calls(waiting, Arc::downgrade(&inner)));
        Ok(Caller { inner })
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

/// Makes the shadow calls that wait, until nobody can leave any more.
async fn make_shadow_calls(mut waiting: mpsc::Receiver<Shadow>, inner: Weak<Inner>) {
    let permits = Arc::new(Semaphore::new(SHADOW_CONCURRENCY));
    let mut shadows = Vec::new();
    while waiting.recv_many(&mut shadows, MOST_TOGETHER).await > 0 {
        let mut comparisons = HashMap::new();
        let mut calls = Vec::with_capacity(shadows.len());
        for (number, shadow) in shadows.drain(..).enumerate() {
            let key = Key::from(number.to_le_bytes().as_slice());
            comparisons.insert(key.clone(), shadow.comparison);
            calls.push(Call { key, ..shadow.call });
        }
        for errand in errands(calls) {
            let compared = errand.calls().iter();
            let compared = compared.filter_map(|call| comparisons.remove(&call.key));
            let compared: Vec<Comparison> = compared.collect();
            let Ok(permit) = permits.clone().acquire_owned().await else {
                return;
            };
            let Some(inner) = inner.upgrade() else {
                return;
            };
            tokio::spawn(async move {
                inner.run_shadows(errand, compared).await;
                drop(permit);
            });
        }
    }
}

impl Inner {
    async fn answer_all(&self, calls: Vec<Call>, models: &Models) -> Vec<(Key, Value)> {
        let deadline = Instant::now() + self.options.batch_timeout;
        let answers: Vec<Vec<(Key, Value)>> = futures::stream::iter(errands(calls))
            .map(|errand| self.run(errand, models, deadline))
            .buffer_unordered(self.options.concurrency.max(1))
            .collect()
            .await;
        answers.into_iter().flatten().collect()
    }

    /// Does one errand, and keeps the answers and the failures.
    async fn run(&self, errand: Errand, models: &Models, deadline: Instant) -> Vec<(Key, Value)> {
        let started = Instant::now();
        let outcomes = if started < deadline {
            self.ask_for(&errand, models).await
        } else {
            errand.failed(Failure::OutOfTime)
        };
        let finished = Instant::now();
        let calls = errand.into_calls();
        if let Some((model, version)) = calls.first().map(Call::labels) {
            metrics::histogram!("alidade_maas_call_seconds", "model" => model, "version" => version)
                .record(finished.duration_since(started).as_secs_f64());
        }
        calls
            .into_iter()
            .zip(outcomes)
            .map(|(call, outcome)| self.settle(call, outcome, finished, models))
            .collect()
    }

    /// Does one errand of shadow calls, and counts what becomes of them. Their answers are kept nowhere.
    async fn run_shadows(&self, errand: Errand, comparisons: Vec<Comparison>) {
        let Some(models) = comparisons.first().map(|first| first.models.clone()) else {
            return;
        };
        let outcomes = self.ask_for(&errand, &models).await;
        let compared = errand.calls().iter().zip(&comparisons).zip(&outcomes);
        for ((call, comparison), outcome) in compared {
            count_outcome(call, &comparison.expected, outcome);
            if let Err(failure) = outcome
                && let Some(held_back) =
                    self.warnings
                        .admit(call.model_name(), "shadow", Instant::now())
            {
                let (model, version) = call.labels();
                tracing::warn!(model, version, instance = %call.url, reason = %failure, held_back, "shadow call failed");
            }
        }
    }

    async fn ask_for(&self, errand: &Errand, models: &Models) -> Vec<Outcome> {
        match errand {
            Errand::Single(call) => {
                let question = Question::single(call);
                vec![self.try_instances(&question, models, &read_object).await]
            }
            Errand::Batch(calls) => {
                let Some(question) = Question::batch(calls) else {
                    return Vec::new();
                };
                let read = |body: &[u8]| read_batch(body, calls.len());
                match self.try_instances(&question, models, &read).await {
                    Ok(answers) => answers,
                    Err(failure) => errand.failed(failure),
                }
            }
        }
    }

    /// Keeps the answer to a call, or its failure. An answer is what shadows are compared with.
    fn settle(
        &self,
        call: Call,
        outcome: Outcome,
        finished: Instant,
        models: &Models,
    ) -> (Key, Value) {
        let label = outcome.as_ref().map_or_else(Failure::label, |_| "ok");
        let (model, version) = call.labels();
        metrics::counter!("alidade_maas_calls_total", "model" => model, "version" => version, "outcome" => label).increment(1);
        let value = match outcome {
            Ok(answer) => {
                let expires = finished + self.options.answer_lifetime;
                let key = call.key.clone();
                self.cache
                    .put(key, answer.value.clone(), answer.bytes, expires);
                for shadow in call.shadows {
                    let expected = answer.value.clone();
                    self.shadows.offer(shadow, expected, answer.bytes, models);
                }
                answer.value
            }
            Err(failure) => {
                let model = call.model_name();
                if let Some(held_back) = self.warnings.admit(model, label, finished) {
                    tracing::warn!(model, instance = %call.url, reason = %failure, held_back, "model call failed, its value is null");
                }
                let expires = finished + self.options.failure_lifetime;
                self.cache.put(call.key.clone(), Value::Null, 0, expires);
                Value::Null
            }
        };
        (call.key, value)
    }

    /// Asks the instance that was drawn, then once another one.
    async fn try_instances<T>(
        &self,
        question: &Question<'_>,
        models: &Models,
        read: &(impl Fn(&[u8]) -> Result<T, Failure> + Sync),
    ) -> Result<T, Failure> {
        let drawn = models.board().of(question.url);
        let first = self
            .try_instance(question, question.url, &drawn, read)
            .await;
        let Err(failure) = first else {
            return first;
        };
        let Some(model) = question.model else {
            return Err(failure);
        };
        // The instances of this moment: the drawn one may have gone since.
        let endpoints = models.endpoints();
        let other = endpoints
            .find(&model.name, &model.version)
            .and_then(|current| current.other_than(question.url, monotonic_ms()));
        match other {
            Some(other) => {
                self.try_instance(question, &other.url, &other.health, read)
                    .await
            }
            None => Err(failure),
        }
    }

    async fn try_instance<T>(
        &self,
        question: &Question<'_>,
        instance_url: &str,
        health: &Arc<Health>,
        read: &(impl Fn(&[u8]) -> Result<T, Failure> + Sync),
    ) -> Result<T, Failure> {
        let url = url_at(instance_url, question.target).ok_or(Failure::NoUrl)?;
        let permit = health.admit(monotonic_ms()).ok_or(Failure::SetAside)?;
        let body = question.body.as_deref();
        let limit = self.options.max_answer_bytes.saturating_mul(question.calls);
        let limit = limit.min(LARGEST_BATCH_ANSWER.max(self.options.max_answer_bytes));
        let outcome = ask(&self.client, url, body, limit).await;
        let outcome = outcome.and_then(|body| read(&body));
        match &outcome {
            Ok(_) => permit.succeeded(),
            Err(failure) => match failure.fault() {
                Some(fault) => {
                    if let Some(aside) = permit.failed(fault, monotonic_ms()) {
                        let model = question.model_name;
                        let version = question.model.map_or("", |model| model.version.as_str());
                        metrics::counter!("alidade_maas_instances_set_aside_total", "model" => model.to_owned(), "version" => version.to_owned())
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
