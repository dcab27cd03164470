//! The databases of addresses, kept up to date.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alidade_config::Live;
use alidade_enrichment::geo::{AsnDatabase, CityDatabase, GeoError, unpack};
use alidade_event::Value;
use alidade_indexing::IndexingError;
use alidade_indexing::hdfs::{FileVersion, StoredFile};
use arc_swap::ArcSwapOption;
use tokio::runtime::Handle;

/// How often it is looked whether a file has another content under the same name.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How long the start waits for the databases.
const FIRST_WITHIN: Duration = Duration::from_secs(60);
/// Largest file that is read, in bytes.
const MAX_FILE: usize = 512 << 20;

/// Where upstream's loader puts the files when nothing else is said.
const CITY_DEFAULTS: &[&str] = &[
    "/apps/metron/geo/default/GeoLite2-City.tar.gz",
    "/apps/metron/geo/default/GeoLite2-City.mmdb.gz",
];
const ASN_DEFAULTS: &[&str] = &["/apps/metron/asn/default/GeoLite2-ASN.tar.gz"];

/// The databases of the moment. A file that cannot be read leaves the former database in place.
#[derive(Default)]
pub struct Databases {
    city: ArcSwapOption<CityDatabase>,
    asn: ArcSwapOption<AsnDatabase>,
    city_was_missed: AtomicBool,
    asn_was_missed: AtomicBool,
}

impl Databases {
    /// Loads the files that the global configuration names as `geo.hdfs.file` and `asn.hdfs.file`, and follows changes of
    /// their names and of their content. Where the configuration names none, upstream's usual places are tried.
    pub async fn follow(live: &Live, runtime: &Handle) -> Arc<Databases> {
        let databases = Arc::new(Databases::default());
        let mut follower = Follower::new(Arc::clone(&databases));
        let snapshot = live.current();
        let global = &snapshot.global.value;
        // No start waits for a file that nobody has named.
        if follower.names_a_file(global) {
            let first = follower.look(global);
            if tokio::time::timeout(FIRST_WITHIN, first).await.is_err() {
                tracing::warn!(
                    "the databases of addresses are not loaded after {FIRST_WITHIN:?}; the start goes on without"
                );
            }
        }
        let live = live.clone();
        let mut changed = live.changed();
        runtime.spawn(async move {
            while Arc::strong_count(&follower.databases) > 1 {
                follower.look(&live.current().global.value).await;
                // A configuration that can no longer change is still looked at by the clock.
                if let Ok(Err(_)) = tokio::time::timeout(LOOK_EVERY, changed.changed()).await {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        });
        databases
    }

    /// The database of places.
    pub fn city(&self) -> Option<Arc<CityDatabase>> {
        let city = self.city.load_full();
        tell_once(
            city.is_none(),
            &self.city_was_missed,
            "places",
            "geo.hdfs.file",
        );
        city
    }

    /// The database of autonomous systems.
    pub fn asn(&self) -> Option<Arc<AsnDatabase>> {
        let asn = self.asn.load_full();
        tell_once(
            asn.is_none(),
            &self.asn_was_missed,
            "autonomous systems",
            "asn.hdfs.file",
        );
        asn
    }
}

fn tell_once(is_missing: bool, was_told: &AtomicBool, what: &str, key: &str) {
    if is_missing && !was_told.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "there is no database of {what}, so no address is found in it; name one as `{key}` in the global configuration"
        );
    }
}

/// What was loaded last.
#[derive(Debug, PartialEq, Eq)]
struct Loaded {
    path: String,
    version: FileVersion,
}

struct Follower {
    databases: Arc<Databases>,
    city: Watched,
    asn: Watched,
}

/// One file that is followed.
struct Watched {
    key: &'static str,
    defaults: &'static [&'static str],
    loaded: Option<Loaded>,
    /// What went wrong last, so that it is told once.
    told: String,
}

impl Follower {
    fn new(databases: Arc<Databases>) -> Follower {
        Follower {
            databases,
            city: Watched::new("geo.hdfs.file", CITY_DEFAULTS),
            asn: Watched::new("asn.hdfs.file", ASN_DEFAULTS),
        }
    }

    fn names_a_file(&self, global: &Value) -> bool {
        self.city
            .configured(global)
            .or(self.asn.configured(global))
            .is_some()
    }

    async fn look(&mut self, global: &Value) {
        if let Some(city) = self.city.changed(global, CityDatabase::open).await {
            self.databases.city.store(Some(Arc::new(city)));
        }
        if let Some(asn) = self.asn.changed(global, AsnDatabase::open).await {
            self.databases.asn.store(Some(Arc::new(asn)));
        }
    }
}

/// Why a database cannot be loaded.
#[derive(Debug, thiserror::Error)]
enum LoadError {
    #[error("there is no such file")]
    Missing,
    #[error(transparent)]
    File(#[from] IndexingError),
    #[error(transparent)]
    Content(#[from] GeoError),
    #[error("the thread that opened it broke off")]
    BrokeOff,
}

impl Watched {
    fn new(key: &'static str, defaults: &'static [&'static str]) -> Watched {
        Watched {
            key,
            defaults,
            loaded: None,
            told: String::new(),
        }
    }

    fn configured<'g>(&self, global: &'g Value) -> Option<&'g str> {
        match global {
            Value::Map(map) => map.get_str(self.key).and_then(Value::as_str),
            _ => None,
        }
    }

    /// The database, if there is one that was not loaded before.
    async fn changed<T: Send + 'static>(
        &mut self,
        global: &Value,
        open: fn(Vec<u8>) -> Result<T, GeoError>,
    ) -> Option<T> {
        if let Some(path) = self.configured(global) {
            match self.load(path, open).await {
                Ok(loaded) => return loaded,
                Err(error) => self.tell(path, &error),
            }
            return None;
        }
        // Nothing is said: the usual places may have one, or not.
        for path in self.defaults {
            match self.load(path, open).await {
                Ok(loaded) => return loaded,
                Err(error) => tracing::debug!("{path}: {error}"),
            }
        }
        None
    }

    async fn load<T: Send + 'static>(
        &mut self,
        path: &str,
        open: fn(Vec<u8>) -> Result<T, GeoError>,
    ) -> Result<Option<T>, LoadError> {
        let file = StoredFile::open(path)?;
        let version = file.version().await?.ok_or(LoadError::Missing)?;
        let loaded = Loaded {
            path: path.to_owned(),
            version,
        };
        if self.loaded.as_ref() == Some(&loaded) {
            return Ok(None);
        }
        let content = file.read(MAX_FILE).await?;
        let name = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || open(unpack(&name, content)?)).await;
        let database = opened.map_err(|_| LoadError::BrokeOff)??;
        tracing::info!(
            key = self.key,
            path,
            bytes = version.bytes,
            "a database of addresses is loaded"
        );
        self.loaded = Some(loaded);
        self.told.clear();
        Ok(Some(database))
    }

    fn tell(&mut self, path: &str, error: &LoadError) {
        let text = error.to_string();
        if self.told == text {
            return;
        }
        let kept = match &self.loaded {
            Some(loaded) => format!("{} stays in use", loaded.path),
            None => "no address is found until it can be read".to_owned(),
        };
        tracing::warn!("{}: {path}: {text}; {kept}", self.key);
        self.told = text;
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::path::Path;

    use alidade_event::Map;
    use alidade_testkit::mmdb;
    use serde_json::json;

    use super::*;

    fn write_city(path: &Path, city: &str) {
        let record = json!({"city": {"names": {"en": city}}});
        let network = (Ipv4Addr::new(81, 2, 69, 0), 24, record);
        std::fs::write(path, mmdb::database("GeoLite2-City", &[network])).unwrap();
    }

    fn global(path: &Path) -> Value {
        let mut map = Map::new();
        map.insert_str("geo.hdfs.file", Value::str(&path.display().to_string()));
        Value::map(map)
    }

    fn city_of(databases: &Databases) -> Option<String> {
        let place = databases.city()?.place("81.2.69.160")?;
        place
            .get_str("city")
            .and_then(Value::as_str)
            .map(str::to_owned)
    }

    #[tokio::test]
    async fn a_new_name_or_a_new_content_is_taken_up_and_a_bad_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let first = folder.path().join("first.mmdb");
        let second = folder.path().join("second.mmdb");
        let databases = Arc::new(Databases::default());
        let mut follower = Follower::new(Arc::clone(&databases));
        follower.look(&Value::Null).await;
        follower.look(&global(&first)).await;
        assert_eq!(city_of(&databases), None);

        write_city(&first, "London");
        follower.look(&global(&first)).await;
        assert_eq!(city_of(&databases).as_deref(), Some("London"));

        write_city(&first, "Londinium");
        follower.look(&global(&first)).await;
        assert_eq!(city_of(&databases).as_deref(), Some("Londinium"));

        std::fs::write(&second, "no database").unwrap();
        follower.look(&global(&second)).await;
        assert_eq!(city_of(&databases).as_deref(), Some("Londinium"));

        write_city(&second, "Eboracum");
        follower.look(&global(&second)).await;
        assert_eq!(city_of(&databases).as_deref(), Some("Eboracum"));
    }
}
