//! What the tests of model calls share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alidade_event::{Map, Origin, Str, Value};
use alidade_maas_client::{Caller, CallerOptions, ModelCalls, Models};
use alidade_maas_core::{
    Endpoint, MemoryRegistry, Registry, Routing, ServiceInstance, ServiceType,
};
use alidade_stellar::{RemoteCalls, RemoteOutcome};
use tokio::runtime::Runtime;

/// A registry in memory, followed, and a caller.
pub struct Bench {
    pub runtime: Runtime,
    pub registry: Arc<MemoryRegistry>,
    pub models: Models,
    pub caller: Caller,
}

impl Bench {
    pub fn new(options: CallerOptions) -> Bench {
        let runtime = Runtime::new().unwrap();
        let registry = Arc::new(MemoryRegistry::new());
        let models = Models::watch(registry.clone(), runtime.handle());
        assert!(runtime.block_on(models.ready(Duration::from_secs(10))));
        let caller = Caller::new(options, runtime.handle().clone()).unwrap();
        Bench {
            runtime,
            registry,
            models,
            caller,
        }
    }

    /// Registers an instance and waits until the client knows of it.
    pub fn register(&self, name: &str, version: &str, id: u64, endpoint: Endpoint) {
        self.register_all([(name, version, id, endpoint)]);
    }

    pub fn register_all<const N: usize>(&self, instances: [(&str, &str, u64, Endpoint); N]) {
        let before = self.models.endpoints().instance_count();
        for (name, version, id, endpoint) in instances {
            let instance =
                ServiceInstance::new(name, version, id, endpoint, ServiceType::Dynamic, 0);
            self.runtime
                .block_on(self.registry.register(&instance))
                .unwrap();
        }
        self.wait_for(|models| models.endpoints().instance_count() == before + N);
    }

    pub fn wait_for(&self, condition: impl Fn(&Models) -> bool) {
        let started = Instant::now();
        while !condition(&self.models) {
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "it did not come"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Stores a model's routing, whatever it was before, and waits until the client must have seen it.
    pub fn route(&self, name: &str, routing: &str) {
        let routing = Routing::read(routing.as_bytes()).unwrap();
        let before = Arc::as_ptr(&self.models.endpoints());
        self.runtime.block_on(async {
            let former = self.registry.routing(name).await.unwrap();
            let set = self.registry.set_routing(name, &former, &routing);
            assert!(set.await.unwrap());
        });
        self.wait_for(|models| Arc::as_ptr(&models.endpoints()) != before);
    }

    pub fn calls(&self) -> ModelCalls {
        ModelCalls::new(self.models.clone(), self.caller.clone())
    }

    /// One batch with the hosts given: the verdict on each.
    pub fn verdicts(&self, hosts: &[&str]) -> Vec<Value> {
        let mut calls = self.calls();
        let mut ask = |host: &str| {
            let endpoint = ready(calls.call("MAAS_GET_ENDPOINT", &[Value::str("dga")]));
            calls.call(
                "MAAS_MODEL_APPLY",
                &[endpoint, arguments(&[("host", host)])],
            )
        };
        let waiting: Vec<&str> = hosts
            .iter()
            .copied()
            .filter(|host| matches!(ask(host), RemoteOutcome::Pending))
            .collect();
        let noted = calls.noted();
        assert!(noted <= waiting.len());
        calls.perform();
        hosts
            .iter()
            .map(|host| {
                let endpoint = ready(calls.call("MAAS_GET_ENDPOINT", &[Value::str("dga")]));
                let outcome = calls.call(
                    "MAAS_MODEL_APPLY",
                    &[endpoint, arguments(&[("host", host)])],
                );
                match ready(outcome) {
                    Value::Map(answer) => {
                        answer.get_str("is_malicious").cloned().unwrap_or_default()
                    }
                    other => other,
                }
            })
            .collect()
    }
}

/// The record at a place of some topic.
pub fn origin(offset: i64) -> Origin {
    Origin {
        topic: Str::new("enrichments"),
        partition: 0,
        offset,
        record_time_ms: 0,
        index: 0,
    }
}

pub fn ready(outcome: RemoteOutcome) -> Value {
    match outcome {
        RemoteOutcome::Ready(value) => value,
        other => panic!("no answer: {other:?}"),
    }
}

pub fn arguments(pairs: &[(&str, &str)]) -> Value {
    let map: Map = pairs
        .iter()
        .map(|(name, value)| (Value::str(name), Value::str(value)))
        .collect();
    Value::map(map)
}
