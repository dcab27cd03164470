use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use alidade_event::{Map, Str, Value};
use alidade_maas_core::{Routing, ServiceInstance, compare_versions};

use crate::health::{Health, HealthBoard};
use crate::random::{random, random_below};
use crate::routes::Routes;

/// Every registered endpoint at one moment. Never changed: a new one takes its place.
#[derive(Debug, Default)]
pub struct Endpoints {
    models: HashMap<Str, Model>,
    /// From the address of an instance's map to its model, so that a map that came from here is known at a glance.
    by_map: HashMap<usize, KnownMap>,
    instance_count: usize,
}

/// All versions of a model.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// Oldest first.
    pub(crate) versions: Vec<Arc<ModelVersion>>,
    /// How calls that name no version are shared out; nothing: the newest version answers them.
    pub(crate) routes: Option<Routes>,
}

/// Whose instance a map describes.
#[derive(Debug)]
pub(crate) struct KnownMap {
    pub(crate) version: Arc<ModelVersion>,
    /// It was the answer to a look-up without a version. Not told of models that no version shadows.
    pub(crate) names_no_version: bool,
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
    /// What it answers when no version was named, so that such calls are known from the map. Only for models with shadows.
    map_of_default: Option<Arc<Map>>,
    pub(crate) health: Arc<Health>,
}

impl Endpoints {
    pub(crate) fn new(
        instances: &[ServiceInstance],
        routings: &BTreeMap<String, Routing>,
        board: &HealthBoard,
    ) -> Endpoints {
        let mut grouped: HashMap<(&str, &str), Vec<Instance>> = HashMap::new();
        for instance in instances {
            let model = &instance.payload;
            let key = (model.name.as_str(), model.version.as_str());
            let map = endpoint_map(instance);
            let has_shadows = routings
                .get(&model.name)
                .is_some_and(|routing| routing.versions().values().any(|it| it.shadow.is_some()));
            grouped.entry(key).or_default().push(Instance {
                url: Str::new(&model.endpoint.url),
                map_of_default: has_shadows.then(|| Arc::new(map.clone())),
                map: Arc::new(map),
                health: board.of(&model.endpoint.url),
            });
        }
        let mut endpoints = Endpoints {
            instance_count: instances.len(),
            ..Endpoints::default()
        };
        for ((name, version), instances) in grouped {
            let version = Arc::new(ModelVersion {
                name: Str::new(name),
                version: Str::new(version),
                instances,
            });
            endpoints.know_maps_of(&version);
            let model = endpoints.models.entry(Str::new(name)).or_default();
            model.versions.push(version);
        }
        for (name, model) in &mut endpoints.models {
            model
                .versions
                .sort_by(|a, b| compare_versions(&a.version, &b.version));
            model.routes = routings
                .get(name.as_str())
                .and_then(|routing| Routes::new(routing, &model.versions));
        }
        endpoints
    }

    fn know_maps_of(&mut self, version: &Arc<ModelVersion>) {
        for instance in &version.instances {
            let maps = [
                (Some(&instance.map), false),
                (instance.map_of_default.as_ref(), true),
            ];
            for (map, names_no_version) in maps {
                let Some(map) = map else { continue };
                let known = KnownMap {
                    version: version.clone(),
                    names_no_version,
                };
                self.by_map.insert(Arc::as_ptr(map) as usize, known);
            }
        }
    }

    /// How many instances are registered.
    pub fn instance_count(&self) -> usize {
        self.instance_count
    }

    /// The versions of a model, oldest first.
    pub fn versions(&self, name: &str) -> Vec<&str> {
        let versions = self.models.get(name).map(|model| model.versions.as_slice());
        versions
            .unwrap_or_default()
            .iter()
            .map(|model| model.version.as_str())
            .collect()
    }

    pub(crate) fn model(&self, name: &str) -> Option<&Model> {
        self.models.get(name)
    }

    /// One version of a model.
    pub(crate) fn find(&self, name: &str, version: &str) -> Option<&Arc<ModelVersion>> {
        self.models.get(name)?.version(version)
    }

    /// What is known of this very map, if it came from here.
    pub(crate) fn known_map(&self, map: &Arc<Map>) -> Option<&KnownMap> {
        self.by_map.get(&(Arc::as_ptr(map) as usize))
    }
}

impl Model {
    pub(crate) fn version(&self, version: &str) -> Option<&Arc<ModelVersion>> {
        self.versions.iter().find(|model| model.version == version)
    }

    /// The version that answers a call which names none, for this one call. Nothing when there is none.
    pub(crate) fn any_version(&self, now_ms: u64) -> Option<&Arc<ModelVersion>> {
        let Some(routes) = &self.routes else {
            return self.versions.last();
        };
        let chosen = routes.share_out(&self.versions, now_ms).choose(random());
        self.versions.get(chosen?)
    }
}

impl Instance {
    /// A map with `name`, `version`, `url` and `endpoint:<alias>`.
    pub(crate) fn map(&self, names_version: bool) -> Value {
        let map = match &self.map_of_default {
            Some(map) if !names_version => map,
            _ => &self.map,
        };
        Value::Map(map.clone())
    }
}

impl ModelVersion {
    /// Whether an instance is not set aside.
    pub(crate) fn is_live(&self, now_ms: u64) -> bool {
        let mut instances = self.instances.iter();
        instances.any(|instance| instance.health.is_live(now_ms))
    }

    /// A random instance, live if there is one.
    pub(crate) fn draw(&self, now_ms: u64) -> Option<&Instance> {
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
        let nowhere = BTreeMap::new();
        let endpoints = Endpoints::new(&instances, &nowhere, &HealthBoard::default());
        assert_eq!(endpoints.versions("dga"), ["1.0", "9.0", "10.0"]);
        let model = endpoints.model("dga").unwrap();
        let newest = model.any_version(1).unwrap().draw(1).unwrap().map(false);
        assert_eq!(url_of(&newest), "http://h:2");
        let exact = model.version("1.0").unwrap().draw(1).unwrap().map(true);
        assert_eq!(
            exact.to_json(),
            r#"{"url":"http:\/\/h:3","name":"dga","version":"1.0","endpoint:apply":"apply"}"#
        );
        assert!(model.version("1").is_none());
        assert!(endpoints.model("other").is_none());
    }

    /// The statistic of Pearson's test has two degrees of freedom here, for which its distribution is known exactly.
    #[test]
    fn three_instances_are_drawn_uniformly() {
        let instances = [instance("1", 1), instance("1", 2), instance("1", 3)];
        let board = HealthBoard::default();
        let endpoints = Endpoints::new(&instances, &BTreeMap::new(), &board);
        let version = endpoints.find("dga", "1").unwrap();
        let mut counts: HashMap<String, f64> = HashMap::new();
        let (draws, expected) = (60_000, 20_000.0);
        for _ in 0..draws {
            let drawn = version.draw(10).unwrap();
            *counts.entry(drawn.url.to_string()).or_default() += 1.0;
        }
        let statistic: f64 = counts
            .values()
            .map(|count| (count - expected).powi(2) / expected)
            .sum();
        let chance = (-statistic / 2.0).exp();
        assert!(
            counts.len() == 3 && chance > 1e-6,
            "{counts:?}, p = {chance}"
        );
    }

    #[test]
    fn instances_are_drawn_evenly_and_those_aside_only_in_need() {
        let instances: Vec<ServiceInstance> = (0..4).map(|id| instance("1", id)).collect();
        let board = HealthBoard::default();
        let endpoints = Endpoints::new(&instances, &BTreeMap::new(), &board);
        let version = endpoints.find("dga", "1").unwrap();
        let counts = || {
            let mut counts = HashMap::new();
            for _ in 0..4000 {
                let drawn = version.draw(10).unwrap().map(false);
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
