use std::collections::HashMap;
use std::sync::Arc;

use alidade_event::{Event, FieldName, Str, Value};
use alidade_stellar::{Context, RemoteOutcome, conversion};
use smol_str::format_smolstr;

use crate::stage::{Additions, Ran, UnitError};
use crate::{KeyValueStore, Table};

/// One listed field of an adapter: one unit of work.
pub(crate) struct FieldUnit {
    pub(crate) field: FieldName,
    /// `enrichments.<adapter>.<field>` or `threatintels.<adapter>.<field>`; begins the name of every field it adds.
    pub(crate) key: FieldName,
    pub(crate) lookup: Lookup,
}

/// Where a field's value is looked up.
pub(crate) enum Lookup {
    /// The list of known hosts.
    Hosts(Arc<HashMap<Str, Vec<(Str, Value)>>>),
    /// Metadata of the key/value store.
    Metadata(StoreLookup),
    /// Presence in the key/value store.
    Presence(StoreLookup),
    /// The place of an address: asked of the remote end of the evaluation, as `GEO_GET` is.
    Place,
    /// An adapter that cannot work on a single value.
    Impossible(String),
}

pub(crate) struct StoreLookup {
    pub(crate) store: Arc<dyn KeyValueStore>,
    /// The types to look up, each with the beginning of its output's name.
    pub(crate) kinds: Vec<(String, FieldName)>,
}

impl FieldUnit {
    /// Looks the field's value up. A field that is missing or null is no work at all.
    pub(crate) fn run(
        &self,
        message: &Event,
        context: &mut Context<'_>,
        out: &mut Additions,
    ) -> Result<Ran, UnitError> {
        let value = match message.get(&self.field) {
            None | Some(Value::Null) => return Ok(Ran::Nothing),
            Some(value) => value,
        };
        let indicator =
            conversion::text(value).map_err(|error| UnitError::Failed(error.to_string()))?;
        match &self.lookup {
            Lookup::Place => self.place(indicator, context, out)?,
            Lookup::Impossible(why) => return Err(UnitError::Failed(why.clone())),
            Lookup::Hosts(hosts) => {
                for (fact, value) in hosts.get(&indicator).into_iter().flatten() {
                    out.push((
                        format_smolstr!("{}.known_info.{fact}", self.key),
                        value.clone(),
                    ));
                }
            }
            Lookup::Metadata(lookup) => lookup.metadata(&indicator, out)?,
            Lookup::Presence(lookup) => lookup.presence(&indicator, out)?,
        }
        Ok(Ran::Done)
    }

    /// What is unknown of a place is left out.
    fn place(
        &self,
        address: Str,
        context: &mut Context<'_>,
        out: &mut Additions,
    ) -> Result<(), UnitError> {
        let place = match context.remote.call("GEO_GET", &[Value::Str(address)]) {
            RemoteOutcome::Ready(place) => place,
            RemoteOutcome::Pending => return Err(UnitError::Waiting),
            RemoteOutcome::Failed(why) => return Err(UnitError::Failed(why)),
        };
        let Value::Map(facts) = place else {
            return Ok(());
        };
        for (fact, value) in facts.iter() {
            let (Some(fact), Some(text)) = (fact.as_str(), value.as_str()) else {
                continue;
            };
            if !text.is_empty() {
                out.push((format_smolstr!("{}.{fact}", self.key), value.clone()));
            }
        }
        Ok(())
    }
}

impl StoreLookup {
    fn metadata(&self, indicator: &str, out: &mut Additions) -> Result<(), UnitError> {
        for (kind, name) in &self.kinds {
            let row = self
                .store
                .get(Table::Enrichment, kind, indicator)
                .map_err(|error| UnitError::Failed(error.to_string()))?;
            for (key, value) in row.iter().flat_map(|row| row.iter()) {
                if let Value::Str(key) = key {
                    out.push((format_smolstr!("{name}.{key}"), value.clone()));
                }
            }
        }
        Ok(())
    }

    fn presence(&self, indicator: &str, out: &mut Additions) -> Result<(), UnitError> {
        for (kind, name) in &self.kinds {
            let known = self
                .store
                .contains(Table::ThreatIntel, kind, indicator)
                .map_err(|error| UnitError::Failed(error.to_string()))?;
            if known {
                out.push((name.clone(), Value::Str(Str::new_static("alert"))));
            }
        }
        Ok(())
    }
}
