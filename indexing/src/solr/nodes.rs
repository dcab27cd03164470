//! Where Solr is: fixed addresses, or the live nodes that ZooKeeper knows.

use alidade_event::Str;
use alidade_stellar::ConfigProblem;
use reqwest::Url;

use crate::{Cause, IndexingError, SolrGlobal, zookeeper};

pub(super) struct Nodes {
    quorum: Option<Str>,
    known: Vec<Url>,
    next: usize,
}

impl Nodes {
    pub(super) fn new(settings: &SolrGlobal) -> Result<Self, IndexingError> {
        let quorum = match settings.urls.is_empty() {
            true => settings.zookeeper.clone(),
            false => None,
        };
        if quorum.is_none() && settings.urls.is_empty() {
            let problem = ConfigProblem::new("/solr.zookeeper", "no Solr is configured")
                .with_help("set solr.zookeeper in global.json to the quorum with its chroot, such as node1:2181/solr");
            return Err(IndexingError::Config(vec![problem]));
        }
        Ok(Nodes {
            quorum,
            known: settings.urls.clone(),
            next: 0,
        })
    }

    /// The nodes in the order in which they are to be tried.
    pub(super) async fn in_turn(&mut self) -> Result<Vec<Url>, Cause> {
        if self.known.is_empty()
            && let Some(quorum) = &self.quorum
        {
            self.known = look_up(quorum).await?;
        }
        let count = self.known.len();
        if count == 0 {
            return Err(Cause::store("no node of Solr is live"));
        }
        let first = self.next % count;
        self.next = first + 1;
        let mut nodes = self.known.clone();
        nodes.rotate_left(first);
        Ok(nodes)
    }

    /// A node did not answer: perhaps others have taken its place.
    pub(super) fn look_up_again(&mut self) {
        if self.quorum.is_some() {
            self.known.clear();
        }
    }
}

async fn look_up(quorum: &str) -> Result<Vec<Url>, Cause> {
    let live = zookeeper::children(quorum, "/live_nodes", false)
        .await
        .map_err(|error| Cause::store(error.to_string()))?;
    let names = live.iter().map(|(name, _)| name.as_str());
    let mut nodes: Vec<Url> = names.filter_map(node_url).collect();
    nodes.sort();
    Ok(nodes)
}

/// `10.0.0.1:8983_solr` is `http://10.0.0.1:8983/solr`; a slash in the context is escaped.
fn node_url(name: &str) -> Option<Url> {
    let (host, context) = name.split_once('_')?;
    let context = context.replace("%2F", "/").replace("%2f", "/");
    Url::parse(&format!("http://{host}/{context}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_nodes_are_addresses() {
        let url = |name| node_url(name).map(String::from);
        assert_eq!(
            url("10.0.0.1:8983_solr").as_deref(),
            Some("http://10.0.0.1:8983/solr")
        );
        assert_eq!(url("a:1_x%2Fy").as_deref(), Some("http://a:1/x/y"));
        assert_eq!(url("nonsense"), None);
        assert_eq!(url("a b:1_solr"), None);
    }

    #[tokio::test]
    async fn nodes_take_turns() {
        let settings = SolrGlobal {
            urls: vec![
                Url::parse("http://a/solr").unwrap(),
                Url::parse("http://b/solr").unwrap(),
            ],
            ..SolrGlobal::default()
        };
        let mut nodes = Nodes::new(&settings).unwrap();
        let mut hosts = Vec::new();
        for _ in 0..3 {
            hosts.push(
                nodes.in_turn().await.unwrap()[0]
                    .host_str()
                    .unwrap()
                    .to_owned(),
            );
        }
        assert_eq!(hosts, ["a", "b", "a"]);
        nodes.look_up_again();
        assert_eq!(
            nodes.in_turn().await.unwrap().len(),
            2,
            "fixed addresses stay"
        );
    }

    #[test]
    fn no_address_is_a_configuration_problem() {
        let error = Nodes::new(&SolrGlobal::default()).err().unwrap();
        assert!(error.to_string().contains("solr.zookeeper"), "{error}");
    }
}
