//! Solr 6 to 9: JSON documents with the field names as they are.

mod answer;
mod document;
mod nodes;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::Url;

use crate::{Batch, BatchLimits, Cause, IndexingError, Outcome, SolrGlobal, Writer, WriterKind};
use answer::{SolrAnswer, outcome};
use nodes::Nodes;

/// Largest body of an update that is aimed at, in bytes.
const MAX_BODY: usize = 5 << 20;
const MAX_DOCUMENTS: usize = 10_000;

/// Writes to Solr: one update per batch, which commits as the settings say.
pub struct SolrWriter {
    settings: SolrGlobal,
    client: reqwest::Client,
    nodes: Nodes,
}

impl SolrWriter {
    /// Makes the writer. Nothing is sent yet.
    ///
    /// # Errors
    /// When neither `solr.zookeeper` nor `solr.url` is set.
    pub fn new(settings: &SolrGlobal) -> Result<Self, IndexingError> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.request_timeout)
            .build()
            .map_err(|error| IndexingError::Client {
                store: "Solr",
                message: error.to_string(),
            })?;
        Ok(SolrWriter {
            nodes: Nodes::new(settings)?,
            settings: settings.clone(),
            client,
        })
    }

    async fn write_batch(&mut self, batch: Batch<'_>) -> Vec<Outcome> {
        let count = batch.items.len();
        let collection = batch.settings.index.as_str();
        let body = Bytes::from(document::update_body(batch.items));
        let outcome = match self.update(collection, body).await {
            Err(cause) => Outcome::Retry(cause),
            Ok(answer) if answer.status == 404 => self.missing(collection).await,
            Ok(answer) => outcome(&answer, count),
        };
        vec![outcome; count]
    }

    async fn update(&mut self, collection: &str, body: Bytes) -> Result<SolrAnswer, Cause> {
        let parameters = commit_parameters(&self.settings);
        let mut problems = Vec::new();
        for node in self.nodes.in_turn().await? {
            let url = address(&node, &[collection, "update"], &parameters);
            let mut request = self
                .client
                .post(url)
                .header("content-type", "application/json")
                .body(body.clone());
            if let Some(user) = &self.settings.user {
                let password = self.settings.password.as_ref();
                request = request.basic_auth(user, password.map(|password| password.expose()));
            }
            match answer::read(request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    self.nodes.look_up_again();
                    let is_timeout = error.is_timeout();
                    problems.push(crate::elasticsearch::with_sources(&error.without_url()));
                    if is_timeout {
                        break;
                    }
                }
            }
        }
        Err(Cause::store(format!(
            "no node of Solr takes the update: {}",
            problems.join("; ")
        )))
    }

    /// A node says 404: either the collection does not exist, which a sender can bring about with the name of a sensor, or
    /// the node has not loaded it yet.
    async fn missing(&mut self, collection: &str) -> Outcome {
        let wait = Cause::sensor(format!(
            "the collection `{collection}` is not available now"
        ));
        for action in ["LIST", "LISTALIASES"] {
            let Some(listing) = self.collections(action).await else {
                return Outcome::Retry(wait);
            };
            if answer::names(&listing, collection) {
                return Outcome::Retry(wait);
            }
        }
        Outcome::Refuse(Cause::sensor(format!(
            "the collection `{collection}` does not exist: create it with a config set for this sensor"
        )))
    }

    async fn collections(&mut self, action: &str) -> Option<SolrAnswer> {
        let node = self.nodes.in_turn().await.ok()?.into_iter().next()?;
        let parameters = [("action", action.to_owned()), ("wt", "json".to_owned())];
        let mut request = self
            .client
            .get(address(&node, &["admin", "collections"], &parameters));
        if let Some(user) = &self.settings.user {
            let password = self.settings.password.as_ref();
            request = request.basic_auth(user, password.map(|password| password.expose()));
        }
        let answer = answer::read(request).await.ok()?;
        (answer.status == 200).then_some(answer)
    }
}

/// The commit that an update asks for.
fn commit_parameters(settings: &SolrGlobal) -> Vec<(&'static str, String)> {
    let mut parameters = vec![("wt", "json".to_owned())];
    if settings.commit_per_batch {
        let kind = if settings.soft_commit {
            "softCommit"
        } else {
            "commit"
        };
        parameters.push((kind, "true".to_owned()));
        parameters.push(("waitSearcher", settings.wait_searcher.to_string()));
    } else if let Some(within) = settings.commit_within {
        parameters.push(("commitWithin", millis(within)));
    }
    parameters
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}

fn address(base: &Url, path: &[&str], parameters: &[(&str, String)]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url.query_pairs_mut().clear().extend_pairs(parameters);
    url
}

impl Writer for SolrWriter {
    fn kind(&self) -> WriterKind {
        WriterKind::Solr
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits {
            items: MAX_DOCUMENTS,
            bytes: MAX_BODY,
            bytes_per_item: 64,
        }
    }

    fn write<'a>(&'a mut self, batch: Batch<'a>) -> BoxFuture<'a, Vec<Outcome>> {
        self.write_batch(batch).boxed()
    }
}
