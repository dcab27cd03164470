use rdkafka::error::KafkaError;

/// What ends a worker or keeps the pipeline from starting.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error("kafka: {0}")]
    Kafka(#[from] KafkaError),
    #[error("a record came while the worker is paused; it is read again from the last commit")]
    PausedRecord,
    #[error("{0}")]
    Setup(String),
}
