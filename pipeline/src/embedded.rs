//! A Kafka-protocol broker inside this process, for the quickstart and for tests: librdkafka's mock cluster.
//!
//! Other clients such as kcat can reach it over loopback. It keeps records in memory only, and forgets the oldest ones of a
//! partition beyond a few MiB: it is for trying things out.

use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

use crate::PipelineError;

/// The broker runs as long as this lives.
pub struct EmbeddedBroker {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl EmbeddedBroker {
    /// # Errors
    /// When librdkafka cannot start the cluster.
    pub fn start(topics: &[&str]) -> Result<Self, PipelineError> {
        let cluster = MockCluster::new(1)?;
        for topic in topics {
            cluster.create_topic(topic, 1, 1)?;
        }
        Ok(EmbeddedBroker { cluster })
    }

    /// `host:port` of the broker.
    pub fn address(&self) -> String {
        self.cluster.bootstrap_servers()
    }
}
