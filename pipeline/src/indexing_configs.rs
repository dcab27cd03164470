//! The live indexing documents, typed for the writers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use alidade_config::Live;
use alidade_event::{NumberStyle, Value};
use alidade_indexing::{
    GlobalIndexingSettings, IndexingConfig, IndexingConfigs, SensorIndexing, WriterKind,
    WriterSettings,
};
use alidade_stellar::Library;
use serde_json::{Map, Value as Json};

/// Sensors whose settings are kept compiled; a sender can invent any number of sensors.
const MOST_SENSORS: usize = 4_096;

/// Compiles the indexing document of a sensor when it is first asked for, once per configuration version.
pub struct LiveIndexing {
    live: Live,
    library: Library,
    compiled: Mutex<Compiled>,
}

#[derive(Default)]
struct Compiled {
    version: u64,
    global: GlobalIndexingSettings,
    sensors: HashMap<String, SensorIndexing>,
}

impl LiveIndexing {
    pub fn new(live: Live, library: Library) -> Self {
        LiveIndexing {
            live,
            library,
            compiled: Mutex::default(),
        }
    }
}

impl IndexingConfigs for LiveIndexing {
    fn settings(&self, writer: WriterKind, sensor: &str) -> Arc<WriterSettings> {
        let snapshot = self.live.current();
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if compiled.version != snapshot.version {
            // The documents were checked when the snapshot was made; what cannot be read has the defaults.
            let global =
                GlobalIndexingSettings::from_global(&snapshot.global.value).unwrap_or_default();
            *compiled = Compiled {
                version: snapshot.version,
                global,
                sensors: HashMap::new(),
            };
        }
        if let Some(known) = compiled.sensors.get(sensor) {
            return Arc::clone(known.settings(writer));
        }
        let settings = match snapshot.indexing(sensor) {
            None => SensorIndexing::default_for(sensor, &compiled.global),
            Some(entry) => config_of(&entry.writers)
                .compile(sensor, &compiled.global, &self.library)
                .unwrap_or_else(|_| SensorIndexing::default_for(sensor, &compiled.global)),
        };
        if compiled.sensors.len() >= MOST_SENSORS {
            compiled.sensors.clear();
        }
        let answer = Arc::clone(settings.settings(writer));
        compiled.sensors.insert(sensor.to_owned(), settings);
        answer
    }

    fn version(&self) -> u64 {
        self.live.current().version
    }
}

pub(crate) fn config_of(members: &Map<String, Json>) -> IndexingConfig {
    IndexingConfig::from_value(Value::from_serde(
        &Json::Object(members.clone()),
        NumberStyle::Jackson,
    ))
}
