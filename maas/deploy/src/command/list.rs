use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use alidade_maas_core::{Listing, Registry};

use super::Arguments;
use crate::{DeployError, ListFilter, list_models, overview};

/// `-mo LIST`
pub(super) struct List {
    filter: ListFilter,
    form: Form,
}

/// How models are listed.
#[derive(Clone, Copy)]
enum Form {
    /// As upstream lists them.
    Upstream,
    Wide,
    Json,
}

impl List {
    pub(super) fn read(arguments: &Arguments<'_>) -> Result<List, DeployError> {
        let filter = ListFilter {
            name: arguments.value("n").map(str::to_owned),
            version: arguments.value("v").map(str::to_owned),
        };
        let form = match (arguments.has("wide"), arguments.has("json")) {
            (_, true) => Form::Json,
            (true, false) => Form::Wide,
            (false, false) => Form::Upstream,
        };
        Ok(List { filter, form })
    }

    pub(super) async fn run(
        &self,
        registry: &dyn Registry,
        out: &mut dyn Write,
    ) -> Result<(), DeployError> {
        let (text, listing) = self.listed(registry).await?;
        for node in &listing.unreadable {
            eprintln!(
                "note: {} is not a registered model: {}",
                node.path, node.reason
            );
        }
        out.write_all(text.as_bytes()).map_err(DeployError::Output)
    }

    async fn listed(&self, registry: &dyn Registry) -> Result<(String, Listing), DeployError> {
        if let Form::Upstream = self.form {
            return list_models(registry, &self.filter).await;
        }
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        let overview = overview(registry, &self.filter, now_ms).await?;
        let text = match self.form {
            Form::Json => overview.json()?,
            _ => overview.table(),
        };
        Ok((text, overview.listing))
    }
}
