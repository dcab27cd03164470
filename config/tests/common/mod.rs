//! What several tests need. Each test binary uses its own part of it.
#![allow(dead_code)]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alidade_config::load_configs::default_compiler;
use alidade_config::{Live, LiveOptions, Snapshot, Store};

pub const SQUID: &str = r#"{
  "parserClassName": "org.apache.metron.parsers.GrokParser",
  "sensorTopic": "squid",
  "parserConfig": {
    "grokPath": "/patterns/squid",
    "patternLabel": "SQUID_DELIMITED",
    "timestampField": "timestamp"
  },
  "fieldTransformations": [
    {
      "transformation": "STELLAR",
      "output": ["full_hostname"],
      "config": {
        "full_hostname": "URL_TO_HOST(url)"
      }
    }
  ]
}
"#;

pub const RULE: &str = r#"{
  "threatIntel": {
    "triageConfig": {
      "riskLevelRules": [
        { "rule": "is_malicious == 'malicious'", "score": 100 }
      ]
    }
  }
}
"#;

/// A rule with an expression that does not parse.
pub const BROKEN_RULE: &str = r#"{
  "threatIntel": {
    "triageConfig": {
      "riskLevelRules": [
        { "rule": "is_malicious == ", "score": 100 }
      ]
    }
  }
}
"#;

pub const BATCH_5: &str = r#"{ "elasticsearch": { "index": "squid", "batchSize": 5 } }"#;
pub const BATCH_7: &str = r#"{ "elasticsearch": { "index": "squid", "batchSize": 7 } }"#;

pub fn put(root: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    let path = root.join(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, text)?;
    Ok(path)
}

pub fn squid_folder(root: &Path) -> io::Result<()> {
    put(root, "global.json", "{\"a\": 1}")?;
    put(root, "parsers/squid.json", SQUID)?;
    put(root, "enrichments/squid.json", RULE)?;
    put(root, "indexing/squid.json", BATCH_5)?;
    Ok(())
}

pub async fn follow(store: impl Store + 'static) -> Live {
    Live::start(Arc::new(store), LiveOptions::new(default_compiler()))
        .await
        .unwrap()
}

/// Waits until the configuration in force is as wanted.
pub async fn wait_for(
    live: &Live,
    what: &str,
    wanted: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    for _ in 0..600 {
        let snapshot = live.current();
        if wanted(&snapshot) {
            return snapshot;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not happen within 30 s: {:?}", live.current());
}

pub fn batch_size(snapshot: &Snapshot, sensor: &str) -> Option<i64> {
    let writers = &snapshot.indexing(sensor)?.writers;
    writers["elasticsearch"]["batchSize"].as_i64()
}
