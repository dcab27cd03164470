use alidade_event::{NumberStyle, Value, read_value};
use alidade_stellar::ConfigProblem;

use super::coerce::Section;
use super::{ElasticsearchGlobal, HdfsGlobal, SolrGlobal};

/// What the global document says about the stores.
#[derive(Debug, Clone, Default)]
pub struct GlobalIndexingSettings {
    pub elasticsearch: ElasticsearchGlobal,
    pub solr: SolrGlobal,
    pub hdfs: HdfsGlobal,
}

impl GlobalIndexingSettings {
    /// Reads the keys of this stage; all others are left alone.
    ///
    /// # Errors
    /// Every key whose value cannot be used. A store without an address is no error here, but when a writer for it is
    /// made.
    pub fn from_global(global: &Value) -> Result<Self, Vec<ConfigProblem>> {
        let mut problems = Vec::new();
        let mut section = Section::new(Some(global), String::new(), &mut problems);
        let settings = GlobalIndexingSettings {
            elasticsearch: ElasticsearchGlobal::read(&mut section),
            solr: SolrGlobal::read(&mut section),
            hdfs: HdfsGlobal::read(&mut section),
        };
        if problems.is_empty() {
            return Ok(settings);
        }
        Err(problems)
    }

    /// As [`GlobalIndexingSettings::from_global`], from the text of the document.
    ///
    /// # Errors
    /// As there; also when the text is not JSON.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Vec<ConfigProblem>> {
        let value = read_value(bytes, NumberStyle::Jackson).map_err(|error| {
            vec![ConfigProblem::new(
                "",
                format!("not a JSON document: {error}"),
            )]
        })?;
        Self::from_global(&value)
    }
}
