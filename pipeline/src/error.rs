use rdkafka::error::KafkaError;

/// What ends a worker or keeps the pipeline from starting.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error("kafka: {0}")]
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
