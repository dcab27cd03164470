//! Elasticsearch 5 to 8 and OpenSearch: raw bulk requests over the official client's transport.

mod bulk_answer;
mod bulk_body;
mod hosts;
mod patterns;
mod server;
mod template;
#[cfg(test)]
mod tests;

pub(crate) use hosts::with_sources;
pub use template::install_template;

use alidade_event::Str;
use bytes::Bytes;
use elasticsearch::http::Method;
use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::{
    Batch, BatchLimits, Cause, ElasticsearchGlobal, IndexingError, Outcome, Writer, WriterKind,
};
use hosts::{Answer, Hosts};
use patterns::TemplateCheck;
use server::Server;

/// Largest body of a bulk request that is aimed at, in bytes. A single larger document is sent alone.
const MAX_BODY: usize = 5 << 20;
/// Most documents of a bulk request.
const MAX_DOCUMENTS: usize = 10_000;
/// Room for the action line of a document.
const ACTION_LINE: usize = 128;

/// Only what is needed of the answer, which is as long as the request otherwise.
const BULK: &str = "/_bulk?filter_path=errors,items.*.status,items.*.error";

/// Writes to Elasticsearch or OpenSearch. Which of them is found out at the first write.
pub struct ElasticsearchWriter {
    hosts: Hosts,
    settings: ElasticsearchGlobal,
    server: Option<Server>,
    templates: TemplateCheck,
}

impl ElasticsearchWriter {
    /// Makes the writer. Nothing is sent yet: a cluster that is down is waited for when there is something to write.
    ///
    /// # Errors
    /// When no host is configured, or the password or the certificates cannot be read.
    pub async fn new(settings: &ElasticsearchGlobal) -> Result<Self, IndexingError> {
        Ok(ElasticsearchWriter {
            hosts: Hosts::new(settings).await?,
            settings: settings.clone(),
            server: None,
            templates: TemplateCheck::default(),
        })
    }

    async fn write_batch(&mut self, batch: Batch<'_>) -> Vec<Outcome> {
        let server = match self.ensure_server().await {
            Ok(server) => server,
            Err(cause) => return vec![Outcome::Retry(cause); batch.items.len()],
        };
        self.templates
            .warn_if_missing(
                &mut self.hosts,
                &server,
                &batch.settings.index,
                &self.settings.date_format,
            )
            .await;
        let body = bulk_body::bulk_body(&batch, server.is_typed, &self.settings.date_format);
        let answer = self
            .hosts
            .send(Method::Post, BULK, hosts::NDJSON, Some(Bytes::from(body)))
            .await;
        match answer {
            Ok(answer) => bulk_answer::outcomes(&answer, batch.items.len()),
            Err(failure) => {
                // Another server may answer next time.
                self.server = None;
                vec![Outcome::Retry(failure.into_cause()); batch.items.len()]
            }
        }
    }

    async fn ensure_server(&mut self) -> Result<Server, Cause> {
        if let Some(server) = &self.server {
            return Ok(server.clone());
        }
        let server = server::detect(&mut self.hosts).await?;
        tracing::info!(
            version = server.version.as_str(),
            distribution = server.distribution.as_str(),
            typed = server.is_typed,
            "found the search server"
        );
        self.server = Some(server.clone());
        Ok(server)
    }
}

impl Writer for ElasticsearchWriter {
    fn kind(&self) -> WriterKind {
        WriterKind::Elasticsearch
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits {
            items: MAX_DOCUMENTS,
            bytes: MAX_BODY,
            bytes_per_item: ACTION_LINE,
        }
    }

    fn write<'a>(&'a mut self, batch: Batch<'a>) -> BoxFuture<'a, Vec<Outcome>> {
        self.write_batch(batch).boxed()
    }
}

/// The type that upstream gives documents of a sensor, for servers that still have types.
fn document_type(sensor: &str) -> Str {
    smol_str::format_smolstr!("{sensor}_doc")
}
