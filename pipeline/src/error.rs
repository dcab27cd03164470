use rdkafka::error::KafkaError;

/// What ends a worker or keeps the pipeline from starting.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error("kafka: {}", told(.0))]
    Kafka(#[from] KafkaError),
    /// The producer has lost track, or what it was given can go nowhere. Nothing is lost by it: no offset has been committed
    /// for what is not delivered.
    #[error("records cannot be delivered: {0}; they are read again from the last commit")]
    Delivery(String),
    /// Not a failure: the configuration names another topic or other settings of the Kafka clients.
    #[error("the settings of the worker have changed; it starts again with the new ones")]
    SettingsChanged,
    #[error("a record came while the worker is paused; it is read again from the last commit")]
    PausedRecord,
    #[error("{0}")]
    Setup(String),
}

/// The error without the value of a setting, which may be a password.
fn told(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientCreation(_) if let Some(remedy) = alidade_kafka::remedy(error) => {
            remedy.to_owned()
        }
        KafkaError::ClientConfig(_, _, name, _) => {
            format!(
                "the client setting {name} is unknown, or does not take the value that it is given"
            )
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::config::ClientConfig;
    use rdkafka::consumer::BaseConsumer;

    use super::*;

    #[test]
    fn the_value_of_a_refused_setting_is_not_told() {
        for name in ["sasl.pasword", "security.protocol"] {
            let refused = ClientConfig::new()
                .set(name, "hunter2")
                .create::<BaseConsumer>();
            let error = PipelineError::from(refused.err().unwrap()).to_string();
            assert!(error.contains(name), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
