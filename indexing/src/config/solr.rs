use std::time::Duration;

use alidade_event::{Str, Value};
use reqwest::Url;

use super::coerce::{Section, shown};
use super::elasticsearch::timeout;

/// The `solr.*` keys of the global document.
#[derive(Debug, Clone)]
pub struct SolrGlobal {
    /// `solr.zookeeper`: the quorum, with its chroot.
    pub zookeeper: Option<Str>,
    /// `solr.url` (ours): base addresses such as `http://node1:8983/solr`, instead of asking ZooKeeper.
    pub urls: Vec<Url>,
    /// `solr.collection`: for a sensor whose index is empty.
    pub default_collection: Str,
    /// `solr.commitPerBatch`
    pub commit_per_batch: bool,
    /// `solr.commit.soft`
    pub soft_commit: bool,
    /// `solr.commit.waitSearcher`
    pub wait_searcher: bool,
    /// `solr.commit.within.millis` (ours): where there is no commit per batch, ask for one within this time.
    pub commit_within: Option<Duration>,
    /// `connTimeout` of `solr.http.config`
    pub connect_timeout: Duration,
    /// `socketTimeout` of `solr.http.config`
    pub request_timeout: Duration,
    /// `httpBasicAuthUser` and `httpBasicAuthPassword` of `solr.http.config`
    pub user: Option<Str>,
    pub password: Option<Secret>,
}

/// A secret that no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Str);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("<secret>")
    }
}

impl Default for SolrGlobal {
    fn default() -> Self {
        SolrGlobal {
            zookeeper: None,
            urls: Vec::new(),
            default_collection: "metron".into(),
            commit_per_batch: true,
            soft_commit: false,
            wait_searcher: true,
            commit_within: None,
            connect_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(60),
            user: None,
            password: None,
        }
    }
}

impl SolrGlobal {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let mut solr = SolrGlobal {
            zookeeper: section
                .text("solr.zookeeper")
                .filter(|text| !text.trim().is_empty()),
            urls: read_urls(section),
            ..SolrGlobal::default()
        };
        if let Some(name) = section
            .text("solr.collection")
            .filter(|name| !name.is_empty())
        {
            solr.default_collection = name;
        }
        if let Some(flag) = section.flag("solr.commitPerBatch") {
            solr.commit_per_batch = flag;
        }
        if let Some(flag) = section.flag("solr.commit.soft") {
            solr.soft_commit = flag;
        }
        if let Some(flag) = section.flag("solr.commit.waitSearcher") {
            solr.wait_searcher = flag;
        }
        solr.commit_within = section
            .count("solr.commit.within.millis")
            .map(Duration::from_millis);
        read_http(section, &mut solr);
        solr
    }
}

fn read_http(section: &mut Section<'_>, solr: &mut SolrGlobal) {
    let mut problems = Vec::new();
    let path = section.pointer("solr.http.config");
    let mut http = Section::new(section.get("solr.http.config"), path, &mut problems);
    if let Some(millis) = http.count("connTimeout") {
        solr.connect_timeout = timeout(millis);
    }
    if let Some(millis) = http.count("socketTimeout") {
        solr.request_timeout = timeout(millis);
    }
    solr.user = http.text("httpBasicAuthUser");
    solr.password = http.text("httpBasicAuthPassword").map(Secret);
    problems
        .into_iter()
        .for_each(|problem| section.note(problem));
}

fn read_urls(section: &mut Section<'_>) -> Vec<Url> {
    let texts: Vec<Str> = match section.get("solr.url") {
        None => return Vec::new(),
        Some(Value::Str(list)) => list.split(',').map(Str::new).collect(),
        Some(Value::List(members)) => members
            .iter()
            .map(|member| {
                member
                    .as_str()
                    .map_or_else(|| member.to_json().into(), Str::new)
            })
            .collect(),
        Some(other) => vec![other.to_json().into()],
    };
    let mut urls = Vec::with_capacity(texts.len());
    for text in texts
        .iter()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
    {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => urls.push(url),
            _ => section.problem(
                "solr.url",
                format!("{} is no address", shown(&Value::str(text))),
                "write the base address of a node, such as http://node1:8983/solr",
            ),
        }
    }
    urls
}

#[cfg(test)]
mod tests {
    use crate::GlobalIndexingSettings;

    #[test]
    fn defaults_are_upstreams() {
        let solr = GlobalIndexingSettings::from_json(b"{}").unwrap().solr;
        assert_eq!(solr.default_collection, "metron");
        assert!(solr.commit_per_batch && !solr.soft_commit && solr.wait_searcher);
        assert_eq!(solr.zookeeper, None);
    }

    #[test]
    fn keys_are_read_and_the_password_is_not_shown() {
        let text = br#"{"solr.zookeeper":"zk:2181/solr","solr.commitPerBatch":"false","solr.commit.soft":1,
            "solr.url":["http://a:8983/solr"],
            "solr.http.config":{"socketTimeout":10,"httpBasicAuthUser":"u","httpBasicAuthPassword":"hidden"}}"#;
        let solr = GlobalIndexingSettings::from_json(text).unwrap().solr;
        assert!(!solr.commit_per_batch && solr.soft_commit);
        assert_eq!(solr.request_timeout.as_millis(), 10);
        assert_eq!(solr.urls[0].as_str(), "http://a:8983/solr");
        assert!(!format!("{solr:?}").contains("hidden"));
    }

    #[test]
    fn a_wrong_address_is_named() {
        for text in [
            r#"{"solr.url":"node1"}"#,
            r#"{"solr.url":5}"#,
            r#"{"solr.url":"ftp://a"}"#,
        ] {
            let problems = GlobalIndexingSettings::from_json(text.as_bytes()).unwrap_err();
            assert_eq!(problems[0].path, "/solr.url");
        }
    }
}
