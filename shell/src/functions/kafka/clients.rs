//! What clients of Kafka report besides messages.

use std::sync::{Mutex, MutexGuard, PoisonError};

use alidade_event::Str;
use alidade_stellar::EvalError;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::ProducerContext;

use super::properties::Properties;
use super::view::millis;

/// Where the broker has put a message.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) timestamp: i64,
}

/// Listens to a client.
#[derive(Default)]
pub(super) struct Listener {
    /// What the client has complained about last.
    problem: Mutex<Option<String>>,
    /// Of the messages by their number.
    written: Mutex<Vec<(usize, Result<Written, KafkaError>)>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is inside is replaced or appended to, never half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Listener {
    pub(super) fn take_written(&self) -> Vec<(usize, Result<Written, KafkaError>)> {
        std::mem::take(&mut *locked(&self.written))
    }

    /// The failure of a call, with whatever the client has complained about.
    pub(super) fn failure(
        &self,
        properties: &Properties,
        what: &str,
        error: &KafkaError,
    ) -> EvalError {
        let brokers = &properties.brokers;
        let problem = locked(&self.problem).clone();
        EvalError::failed(match (is_away(error), problem) {
            (true, problem) => {
                let reason = problem.unwrap_or_else(|| reason(error));
                format!(
                    "{what}: no answer from Kafka at {brokers}: {reason}; is it up, and does `bootstrap.servers` name it, \
                     in the global configuration or in the last argument?"
                )
            }
            (false, _) => format!("{what}, at {brokers}: {}", reason(error)),
        })
    }
}

/// Why, without the values of settings.
pub(super) fn reason(error: &KafkaError) -> String {
    if let KafkaError::ClientConfig(_, _, name, _) = error {
        return format!("the property `{name}` has a value that cannot be");
    }
    if let Some(remedy) = alidade_kafka::remedy(error) {
        return remedy.to_owned();
    }
    match error.rdkafka_error_code() {
        Some(code) => code.to_string(),
        None => error.to_string(),
    }
}

/// Whether the cluster could not be asked; else it has answered.
pub(super) fn is_away(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::MessageTimedOut
                | RDKafkaErrorCode::RequestTimedOut
                | RDKafkaErrorCode::Resolve
                | RDKafkaErrorCode::WaitingForCoordinator
        )
    )
}

impl ClientContext for Listener {
    /// People at a prompt want the outcome; the rest is for whoever turns logging up.
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, "{reason}");
        // That all brokers are down says less than what was wrong with the last of them.
        let mut problem = locked(&self.problem);
        let says_more = error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown);
        if says_more || problem.is_none() {
            *problem = Some(reason.to_owned());
        }
    }
}

impl ConsumerContext for Listener {}

impl ProducerContext for Listener {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let outcome = match result {
            Ok(message) => Ok(Written {
                partition: message.partition(),
                offset: message.offset(),
                timestamp: millis(message.timestamp()),
            }),
            Err((error, _)) => Err(error.clone()),
        };
        locked(&self.written).push((number, outcome));
    }
}

/// The failure of making a client.
pub(super) fn not_made(error: &KafkaError) -> EvalError {
    EvalError::failed(format!(
        "the Kafka client cannot be made: {}",
        reason(error)
    ))
}

/// The words for reading a topic.
pub(super) fn reading(topic: &Str) -> String {
    format!("the topic `{topic}` cannot be read")
}
