//! The configurations that are shipped load, and say which of their adapters add nothing yet.

use std::fs;
use std::path::Path;

use alidade_enrichment::{Enricher, EnrichmentSettings, SensorEnrichmentConfig};
use alidade_stellar::Library;

#[test]
fn shipped_configurations_load() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/zookeeper/enrichments");
    let mut sensors = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let sensor = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let config: SensorEnrichmentConfig =
            serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let settings = EnrichmentSettings::default();
        let enricher = Enricher::compile(&sensor, &config, &settings, &Library::metron())
            .unwrap_or_else(|problems| panic!("{sensor}: {problems:?}"));
        // No sensor is told of anything but the store that is missing.
        for warning in enricher.warnings() {
            assert!(warning.path.contains("hbase"), "{sensor}: {warning:?}");
        }
        sensors.push(sensor);
    }
    sensors.sort();
    assert_eq!(sensors, ["asa", "bro", "snort", "websphere", "yaf"]);
}
