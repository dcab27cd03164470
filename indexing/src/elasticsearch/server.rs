//! Which server answers, and whether it still has document types.

use elasticsearch::http::Method;
use serde::Deserialize;

use super::hosts::{Answer, Hosts, JSON};
use crate::Cause;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) version: String,
    pub(super) distribution: String,
    /// Before version 7, every document has a type.
    pub(super) is_typed: bool,
}

#[derive(Deserialize)]
struct Root {
    version: Version,
}

#[derive(Deserialize)]
struct Version {
    number: String,
    distribution: Option<String>,
}

/// The part of `/_nodes` that is asked for.
#[derive(Deserialize)]
struct Nodes {
    nodes: std::collections::BTreeMap<String, Node>,
}

#[derive(Deserialize)]
struct Node {
    version: String,
}

/// Asks the server for its version. Some builds have no `GET /`; then the nodes know, and failing that, a server that
/// tells its health is taken for a current one.
pub(super) async fn detect(hosts: &mut Hosts) -> Result<Server, Cause> {
    let root = ask(hosts, "/").await?;
    if let Ok(found) = serde_json::from_slice::<Root>(&root.body) {
        return Ok(server(
            found.version.number,
            found
                .version
                .distribution
                .as_deref()
                .unwrap_or("elasticsearch"),
        ));
    }
    let nodes = ask(hosts, "/_nodes?filter_path=nodes.*.version").await?;
    if let Ok(found) = serde_json::from_slice::<Nodes>(&nodes.body)
        && let Some(node) = found.nodes.into_values().next()
    {
        return Ok(server(node.version, "elasticsearch"));
    }
    let health = ask(hosts, "/_cluster/health").await?;
    if health.status == 200 && health.body.starts_with(b"{") {
        return Ok(server("unknown".to_owned(), "unknown"));
    }
    Err(Cause::store(format!(
        "what answers is not Elasticsearch or OpenSearch (status {} for /, {} for /_cluster/health)",
        root.status, health.status
    )))
}

async fn ask(hosts: &mut Hosts, path: &str) -> Result<Answer, Cause> {
    let answer = hosts
        .send(Method::Get, path, JSON, None)
        .await
        .map_err(|failure| failure.into_cause())?;
    match answer.status {
        401 | 403 => Err(Cause::store(format!(
            "the server refuses the credentials (status {}): see xpack.username and xpack.password.file in \
             es.client.settings",
            answer.status
        ))),
        429 | 502 | 503 | 504 => Err(Cause::store(format!(
            "the server is not ready (status {})",
            answer.status
        ))
        .with_wait(answer.retry_after)),
        _ => Ok(answer),
    }
}

fn server(version: String, distribution: &str) -> Server {
    let major = version
        .split('.')
        .next()
        .and_then(|text| text.parse::<u32>().ok());
    let is_elasticsearch = distribution == "elasticsearch";
    Server {
        is_typed: is_elasticsearch && major.is_some_and(|major| major < 7),
        version,
        distribution: distribution.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::server;

    #[test]
    fn only_old_elasticsearch_has_types() {
        assert!(server("5.6.16".to_owned(), "elasticsearch").is_typed);
        assert!(server("6.8.23".to_owned(), "elasticsearch").is_typed);
        assert!(!server("7.17.9".to_owned(), "elasticsearch").is_typed);
        assert!(!server("10.0.0".to_owned(), "elasticsearch").is_typed);
        assert!(!server("2.19.1".to_owned(), "opensearch").is_typed);
        assert!(!server("unknown".to_owned(), "unknown").is_typed);
    }
}
