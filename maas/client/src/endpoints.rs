use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use alidade_event::{Map, Str, Value};
use alidade_maas_core::{ServiceInstance, compare_versions};

use crate::health::{Health, HealthBoard};

/// Every registered endpoint at one moment. Never changed: a new one takes its place.
#[derive(Debug, Default)]
pub struct Endpoints {
    models: HashMap<Str, Vec<Arc<ModelVersion>>>,
    /// From the address of an instance's map to its model, so that a map that came from here is known at a glance.
    by_map: HashMap<usize, Arc<ModelVersion>>,
}

/// All instances of one version of a model.
#[derive(Debug)]
pub(crate) struct ModelVersion {
    pub(crate) name: Str,
    pub(crate) version: Str,
    pub(crate) instances: Vec<Instance>,
}

#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) url: Str,
    /// What the look-up function answers.
    map: Arc<Map>,
    pub(crate) health: Arc<Health>,
}

impl Endpoints {
    pub(crate) fn new(instances: &[ServiceInstance], board: &HealthBoard) -> Endpoints {
        let mut grouped: HashMap<(&str, &str), Vec<Instance>> = HashMap::new();
        for instance in instances {
            let model = &instance.payload;
            let key = (model.name.as_str(), model.version.as_str());
            grouped.entry(key).or_default().push(Instance {
                url: Str::new(&model.endpoint.url),
                map: Arc::new(endpoint_map(instance)),
                health: board.of(&model.endpoint.url),
            });
        }
        let mut endpoints = Endpoints::default();
        for ((name, version), instances) in grouped {
            let model = Arc::new(ModelVersion {
                name: Str::new(name),
                version: Str::new(version),
                instances,
            });
            for instance in &model.instances {
                let address = Arc::as_ptr(&instance.map) as usize;
                endpoints.by_map.insert(address, model.clone());
            }
            let versions = endpoints.models.entry(Str::new(name)).or_default();
            versions.push(model);
        }
        for versions in endpoints.models.values_mut() {
            versions.sort_by(|a, b| compare_versions(&a.version, &b.version));
        }
        endpoints
    }

    /// How many instances are registered.
    pub fn instance_count(&self) -> usize {
        self.by_map.len()
    }

    /// The versions of a model, oldest first.
    pub fn versions(&self, name: &str) -> Vec<&str> {
        let versions = self.models.get(name).map(Vec::as_slice).unwrap_or_default();
        versions
            .iter()
            .map(|model| model.version.as_str())
            .collect()
    }

    /// One version of a model, or its newest.
    pub(crate) fn find(&self, name: &str, version: Option<&str>) -> Option<&Arc<ModelVersion>> {
        let versions = self.models.get(name)?;
        match version {
            None => versions.last(),
            Some(version) => versions.iter().find(|model| model.version == version),
        }
    }

    /// The model whose instance this very map describes, if it came from [`Endpoints::get_endpoint`].
    pub(crate) fn model_of_map(&self, map: &Arc<Map>) -> Option<&Arc<ModelVersion>> {
        self.by_map.get(&(Arc::as_ptr(map) as usize))
    }

    /// A map with `name`, `version`, `url` and `endpoint:<alias>` of a random instance of a model, at the version given or
    /// else the newest. Instances that are set aside are drawn only when there is no other. Null when there is none.
    pub(crate) fn get_endpoint(&self, name: &str, version: Option<&str>, now_ms: u64) -> Value {
        let drawn = self
            .find(name, version)
            .and_then(|model| model.draw(now_ms));
        match drawn {
            Some(instance) => Value::Map(instance.map.clone()),
            None => Value::Null,
        }
    }
}

impl ModelVersion {
    /// A random instance, live if there is one.
    fn draw(&self, now_ms: u64) -> Option<&Instance> {
        let live = || {
            self.instances
                .iter()
                .filter(|instance| instance.health.is_live(now_ms))
        };
        let count = match self.instances.len() {
            0 | 1 => 0,
            _ => live().count(),
        };
        if count == 0 {
            return self.instances.get(random_below(self.instances.len()));
        }
        // The health of an instance may change between the two looks; any instance will do then.
        live()
            .nth(random_below(count))
            .or_else(|| self.instances.first())
    }

    /// A live instance at another URL than `url`.
    pub(crate) fn other_than(&self, url: &str, now_ms: u64) -> Option<&Instance> {
        let others: Vec<&Instance> = self
            .instances
            .iter()
            .filter(|instance| instance.url != url && instance.health.is_live(now_ms))
            .collect();
        others.get(random_below(others.len())).copied()
    }
}

fn endpoint_map(instance: &ServiceInstance) -> Map {
    let model = &instance.payload;
    let mut map = Map::with_capacity(3 + model.endpoint.functions.len());
    map.insert_str("url", Value::str(&model.endpoint.url));
    map.insert_str("name", Value::str(&model.name));
    map.insert_str("version", Value::str(&model.version));
    for (alias, path) in &model.endpoint.functions {
        map.insert_str(&format!("endpoint:{alias}"), Value::str(path));
    }
    map
}

/// A number below `bound`, uniform for the small bounds that occur; 0 for a bound of 0.
fn random_below(bound: usize) -> usize {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0x5eed_u64) | 1);
    }
    if bound < 2 {
        return 0;
    }
    // xorshift64*: plenty for spreading load.
    let mixed = STATE.with(|state| {
        let mut x = state.get();
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        state.set(x);
        x.wrapping_mul(0x2545_f491_4f6c_dd1d)
    });
    ((u128::from(mixed) * bound as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use alidade_maas_core::{Endpoint, ServiceType};

    use super::*;
    use crate::health::Fault;

    fn instance(version: &str, id: u64) -> ServiceInstance {
        let endpoint = Endpoint::at(&format!("http://h:{id}"));
        ServiceInstance::new("dga", version, id, endpoint, ServiceType::Dynamic, 0)
    }

    fn url_of(value: &Value) -> String {
        match value {
            Value::Map(map) => map
                .get_str("url")
                .and_then(Value::as_str)
                .unwrap()
                .to_owned(),
            other => panic!("no endpoint: {other:?}"),
        }
    }

    #[test]
    fn the_newest_version_is_the_greatest_by_number() {
        let instances = [instance("9.0", 1), instance("10.0", 2), instance("1.0", 3)];
        let endpoints = Endpoints::new(&instances, &HealthBoard::default());
        assert_eq!(endpoints.versions("dga"), ["1.0", "9.0", "10.0"]);
        let newest = endpoints.get_endpoint("dga", None, 1);
        assert_eq!(url_of(&newest), "http://h:2");
        let exact = endpoints.get_endpoint("dga", Some("1.0"), 1);
        assert_eq!(
            exact.to_json(),
            r#"{"url":"http:\/\/h:3","name":"dga","version":"1.0","endpoint:apply":"apply"}"#
        );
        assert!(endpoints.get_endpoint("dga", Some("1"), 1).is_null());
        assert!(endpoints.get_endpoint("other", None, 1).is_null());
    }

    #[test]
    fn instances_are_drawn_evenly_and_those_aside_only_in_need() {
        let instances: Vec<ServiceInstance> = (0..4).map(|id| instance("1", id)).collect();
        let board = HealthBoard::default();
        let endpoints = Endpoints::new(&instances, &board);
        let counts = || {
            let mut counts = HashMap::new();
            for _ in 0..4000 {
                let drawn = endpoints.get_endpoint("dga", None, 10);
                *counts.entry(url_of(&drawn)).or_insert(0) += 1;
            }
            counts
        };
        let all = counts();
        assert_eq!(all.len(), 4);
        assert!(
            all.values().all(|count| (800..1200).contains(count)),
            "{all:?}"
        );
        for id in 0..3 {
            let health = board.of(&format!("http://h:{id}"));
            health.admit(10).unwrap().failed(Fault::Gone, 10).unwrap();
        }
        assert_eq!(counts().into_keys().collect::<Vec<_>>(), ["http://h:3"]);
        let last = board.of("http://h:3");
        last.admit(10).unwrap().failed(Fault::Gone, 10).unwrap();
        assert_eq!(counts().len(), 4);
    }
}
