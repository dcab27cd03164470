use std::sync::Arc;

use alidade_event::FieldName;
use alidade_stellar::{Library, config_code};
use alidade_triage::Findings;
use indexmap::IndexMap;
use smol_str::format_smolstr;

use crate::lookup::{FieldUnit, Lookup, StoreLookup};
use crate::pointer::child;
use crate::stage::{Adapter, Stage, StageKind, Unit};
use crate::{AdapterConfig, AdapterShape, EnrichmentSettings, MemoryStore, statements};

/// Turns the `fieldMap` of a stage into adapters with their units of work.
pub(crate) struct StageCompiler<'a> {
    pub(crate) settings: &'a EnrichmentSettings,
    pub(crate) library: &'a Library,
    pub(crate) findings: &'a mut Findings,
}

/// The adapters of the two stages. Upstream names their timing fields after the Java class.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AdapterKind {
    Stellar,
    Host,
    Geo,
    HbaseEnrichment,
    HbaseThreatIntel,
}

impl AdapterKind {
    fn find(stage: StageKind, id: &str) -> Option<AdapterKind> {
        match (stage, id) {
            (_, "stellar") => Some(AdapterKind::Stellar),
            (StageKind::Enrichment, "host") => Some(AdapterKind::Host),
            (StageKind::Enrichment, "geo") => Some(AdapterKind::Geo),
            (StageKind::Enrichment, "hbaseEnrichment") => Some(AdapterKind::HbaseEnrichment),
            (StageKind::ThreatIntel, "hbaseThreatIntel") => Some(AdapterKind::HbaseThreatIntel),
            _ => None,
        }
    }

    fn names(stage: StageKind) -> &'static str {
        match stage {
            StageKind::Enrichment => "geo, hbaseEnrichment, host, stellar",
            StageKind::ThreatIntel => "hbaseThreatIntel, stellar",
        }
    }

    fn timing_fields(self) -> (FieldName, FieldName) {
        let (begin, end) = match self {
            AdapterKind::Stellar => (
                "adapter.stellaradapter.begin.ts",
                "adapter.stellaradapter.end.ts",
            ),
            AdapterKind::Host => (
                "adapter.hostfromjsonlistadapter.begin.ts",
                "adapter.hostfromjsonlistadapter.end.ts",
            ),
            AdapterKind::Geo => ("adapter.geoadapter.begin.ts", "adapter.geoadapter.end.ts"),
            AdapterKind::HbaseEnrichment => (
                "adapter.simplehbaseadapter.begin.ts",
                "adapter.simplehbaseadapter.end.ts",
            ),
            AdapterKind::HbaseThreatIntel => (
                "adapter.threatinteladapter.begin.ts",
                "adapter.threatinteladapter.end.ts",
            ),
        };
        (FieldName::new_static(begin), FieldName::new_static(end))
    }
}

impl StageCompiler<'_> {
    pub(crate) fn stage(
        &mut self,
        kind: StageKind,
        field_map: &IndexMap<String, AdapterConfig>,
        types: &IndexMap<String, Vec<String>>,
        section: &str,
    ) -> Stage {
        let mut stage = Stage {
            kind,
            adapters: Vec::with_capacity(field_map.len()),
            broken: Vec::new(),
        };
        for (id, config) in field_map {
            let path = child(&format!("{section}/fieldMap"), id);
            for key in config.stray_keys() {
                self.findings.warning(
                    config_code::NO_EFFECT,
                    &child(&path, key),
                    "not a setting: ignored",
                    "an adapter has only `type` and `config`",
                );
            }
            let adapter = self.adapter_kind(kind, id, &path).and_then(|adapter| {
                Ok((
                    adapter,
                    self.units(kind, adapter, id, config, types, &path)?,
                ))
            });
            match adapter {
                Ok((adapter, units)) => {
                    let (begin, end) = adapter.timing_fields();
                    stage.adapters.push(Adapter {
                        id: id.clone(),
                        begin,
                        end,
                        units,
                    });
                }
                Err(Unusable(why)) => stage.broken.push(why),
            }
        }
        stage
    }

    fn adapter_kind(
        &mut self,
        stage: StageKind,
        id: &str,
        path: &str,
    ) -> Result<AdapterKind, Unusable> {
        AdapterKind::find(stage, id).ok_or_else(|| {
            let message = format!("there is no adapter `{id}` in this stage");
            let help = format!("use one of {}", AdapterKind::names(stage));
            self.unusable(config_code::UNKNOWN_NAME, path, message, help)
        })
    }

    fn units(
        &mut self,
        stage: StageKind,
        adapter: AdapterKind,
        id: &str,
        config: &AdapterConfig,
        types: &IndexMap<String, Vec<String>>,
        path: &str,
    ) -> Result<Vec<Unit>, Unusable> {
        let (written, step) = config.config();
        let config_path = format!("{path}{step}");
        match (config.shape, adapter) {
            (AdapterShape::Stellar, AdapterKind::Stellar) => {
                let groups = statements::groups(written, &config_path, self.library, self.findings);
                let groups =
                    groups.ok_or_else(|| Unusable(format!("{config_path}: no statements")))?;
                Ok(groups.into_iter().map(Unit::Group).collect())
            }
            (AdapterShape::Stellar, _) => {
                let message = format!("the adapter `{id}` takes a list of fields, not statements");
                Err(self.unusable(
                    config_code::WRONG_TYPE,
                    path,
                    message,
                    "write a list of field names".to_owned(),
                ))
            }
            (AdapterShape::List, _) => {
                let fields = self.fields(written, &config_path)?;
                self.announce(adapter, &fields, path);
                let hosts = match adapter {
                    AdapterKind::Host => Arc::new(self.settings.hosts()),
                    _ => Arc::default(),
                };
                let units = fields.into_iter().map(|field| {
                    let key = format_smolstr!("{}.{id}.{field}", stage.prefix());
                    let lookup = match adapter {
                        AdapterKind::Geo => Lookup::Place,
                        AdapterKind::Host => Lookup::Hosts(Arc::clone(&hosts)),
                        AdapterKind::HbaseEnrichment => {
                            Lookup::Metadata(self.store_lookup(&field, &key, types))
                        }
                        AdapterKind::HbaseThreatIntel => {
                            Lookup::Presence(self.store_lookup(&field, &key, types))
                        }
                        AdapterKind::Stellar => Lookup::Impossible(
                            "a list of fields is given where statements are needed".to_owned(),
                        ),
                    };
                    Unit::Field(FieldUnit { field, key, lookup })
                });
                Ok(units.collect())
            }
        }
    }

    /// Tells of adapters that will not do what a list of fields asks of them.
    fn announce(&mut self, adapter: AdapterKind, fields: &[FieldName], path: &str) {
        if fields.is_empty() {
            return;
        }
        match adapter {
            AdapterKind::Stellar => self.findings.problem(
                config_code::WRONG_TYPE,
                path,
                "a list of fields, where statements are needed",
                "write {\"config\": {\"variable\": \"expression\"}}",
            ),
            AdapterKind::HbaseEnrichment | AdapterKind::HbaseThreatIntel
                if self.settings.store.is_none() =>
            {
                self.findings.warning(
                    config_code::NOT_BUILT,
                    path,
                    "not built yet: there is no key/value store behind it, so the adapter adds nothing",
                    "leave it in place or remove it; nothing will be looked up",
                );
            }
            _ => {}
        }
    }

    fn fields(
        &mut self,
        written: &serde_json::Value,
        path: &str,
    ) -> Result<Vec<FieldName>, Unusable> {
        let Some(entries) = written.as_array() else {
            let help = "write [\"field\", ...]".to_owned();
            return Err(self.unusable(
                config_code::WRONG_TYPE,
                path,
                "not a list of fields".to_owned(),
                help,
            ));
        };
        let mut fields = Vec::with_capacity(entries.len());
        for (position, entry) in entries.iter().enumerate() {
            let Some(name) = entry.as_str() else {
                let path = format!("{path}/{position}");
                let message = format!("{entry} is not the name of a field");
                return Err(self.unusable(
                    config_code::WRONG_TYPE,
                    &path,
                    message,
                    "write it in quotes".to_owned(),
                ));
            };
            fields.push(FieldName::new(name));
        }
        Ok(fields)
    }

    fn store_lookup(
        &self,
        field: &str,
        key: &str,
        types: &IndexMap<String, Vec<String>>,
    ) -> StoreLookup {
        let kinds = types.get(field).map(Vec::as_slice).unwrap_or_default();
        StoreLookup {
            store: match &self.settings.store {
                Some(store) => Arc::clone(store),
                None => Arc::new(MemoryStore::new()),
            },
            kinds: kinds
                .iter()
                .map(|kind| (kind.clone(), format_smolstr!("{key}.{kind}")))
                .collect(),
        }
    }

    fn unusable(
        &mut self,
        code: &'static str,
        path: &str,
        message: String,
        help: String,
    ) -> Unusable {
        let why = format!("{path}: {message}");
        self.findings.problem(code, path, message, help);
        Unusable(why)
    }
}

/// A part of the configuration that cannot run, and why.
struct Unusable(String);
