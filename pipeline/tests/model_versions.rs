//! The version of a model that a record is given, as the stages ask for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use alidade_event::{Origin, Str, Value};
use alidade_maas_client::{Caller, CallerOptions, Models};
use alidade_maas_core::{
    Endpoint, MemoryRegistry, Registry, Routing, ServiceInstance, ServiceType,
};
use alidade_pipeline::{BatchCalls, Outside, RestClient};
use alidade_stellar::RemoteOutcome;
use tokio::runtime::Runtime;

fn origin(partition: i32, offset: i64, index: u32) -> Origin {
    Origin {
        topic: Str::new("squid"),
        partition,
        offset,
        record_time_ms: 0,
        index,
    }
}

fn version(outside: &mut Outside, origin: &Origin) -> String {
    let remote = outside.remote_for(origin);
    match remote.call("MAAS_GET_ENDPOINT", &[Value::str("dga")]) {
        RemoteOutcome::Ready(Value::Map(endpoint)) => {
            let version = endpoint.get_str("version").and_then(Value::as_str);
            version.unwrap_or_default().to_owned()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_record_is_given_one_version_however_often_it_is_evaluated() {
    let runtime = Runtime::new().unwrap();
    let registry = Arc::new(MemoryRegistry::new());
    runtime.block_on(async {
        for (id, version) in [(2, "1.0"), (3, "1.1")] {
            let endpoint = Endpoint::at(&format!("http://h:{id}"));
            let instance =
                ServiceInstance::new("dga", version, id, endpoint, ServiceType::Dynamic, 0);
            registry.register(&instance).await.unwrap();
        }
        let half = Routing::read(br#"{"versions":{"1.1":{"weight":50}}}"#).unwrap();
        let nothing = Routing::default();
        let set = registry.set_routing("dga", &nothing, &half).await;
        assert!(set.unwrap());
    });
    let models = Models::watch(registry, runtime.handle());
    assert!(runtime.block_on(models.ready(Duration::from_secs(10))));
    let handle = runtime.handle();
    let caller = Caller::new(CallerOptions::default(), handle.clone()).unwrap();
    let worker = || {
        let rest = RestClient::new(handle.clone());
        let access = (models.clone(), caller.clone());
        Outside::new(Some(&access), rest, Arc::default())
    };

    let mut first = worker();
    first.begin_batch();
    let mut given = HashMap::new();
    for partition in 0..2 {
        for offset in 0..200 {
            let place = origin(partition, offset, 0);
            given.insert((partition, offset), version(&mut first, &place));
        }
    }
    let canary = given.values().filter(|version| *version == "1.1").count();
    assert!((150..250).contains(&canary), "{canary}");
    // The second look, of a later event of the record, of another worker, and in a later batch.
    let mut second = worker();
    second.begin_batch();
    for ((partition, offset), expected) in &given {
        let place = origin(*partition, *offset, 1);
        assert_eq!(version(&mut first, &place), *expected);
        assert_eq!(version(&mut second, &place), *expected);
    }
}
