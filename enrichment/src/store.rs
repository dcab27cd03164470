use std::collections::HashMap;

use alidade_event::Map;

/// Which of upstream's two tables a look-up goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    Enrichment,
    ThreatIntel,
}

impl Table {
    /// Upstream's default name of the table.
    pub fn name(self) -> &'static str {
        match self {
            Table::Enrichment => "enrichment",
            Table::ThreatIntel => "threatintel",
        }
    }
}

/// A look-up that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// Where `hbaseEnrichment` and `hbaseThreatIntel` look things up: rows under a type and an indicator.
pub trait KeyValueStore: Send + Sync {
    /// The metadata that is stored for an indicator, if it is known.
    ///
    /// # Errors
    /// When the store cannot answer. The event goes on without this look-up, with an error record beside it.
    fn get(&self, table: Table, kind: &str, indicator: &str) -> Result<Option<Map>, StoreError>;

    /// Whether an indicator is known.
    ///
    /// # Errors
    /// As [`KeyValueStore::get`].
    fn contains(&self, table: Table, kind: &str, indicator: &str) -> Result<bool, StoreError> {
        Ok(self.get(table, kind, indicator)?.is_some())
    }
}

/// A store in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    rows: HashMap<Table, HashMap<String, HashMap<String, Map>>>,
}

impl MemoryStore {
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a row; a row that is there already is replaced.
    pub fn insert(&mut self, table: Table, kind: &str, indicator: &str, metadata: Map) {
        self.rows
            .entry(table)
            .or_default()
            .entry(kind.to_owned())
            .or_default()
            .insert(indicator.to_owned(), metadata);
    }

    fn row(&self, table: Table, kind: &str, indicator: &str) -> Option<&Map> {
        self.rows.get(&table)?.get(kind)?.get(indicator)
    }
}

impl KeyValueStore for MemoryStore {
    fn get(&self, table: Table, kind: &str, indicator: &str) -> Result<Option<Map>, StoreError> {
        Ok(self.row(table, kind, indicator).cloned())
    }

    fn contains(&self, table: Table, kind: &str, indicator: &str) -> Result<bool, StoreError> {
        Ok(self.row(table, kind, indicator).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_told_apart_by_table_type_and_indicator() {
        let mut store = MemoryStore::new();
        store.insert(Table::ThreatIntel, "malicious_ip", "10.0.2.3", Map::new());
        let known = |table, kind, indicator| store.contains(table, kind, indicator).unwrap();
        assert!(known(Table::ThreatIntel, "malicious_ip", "10.0.2.3"));
        assert!(!known(Table::Enrichment, "malicious_ip", "10.0.2.3"));
        assert!(!known(Table::ThreatIntel, "zeus", "10.0.2.3"));
        assert!(!known(Table::ThreatIntel, "malicious_ip", "10.0.2.4"));
    }
}
