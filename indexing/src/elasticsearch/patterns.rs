//! Whether an index has a template. Without one, Elasticsearch guesses the mapping, and searches of the alerts fail.

use std::collections::{BTreeMap, HashSet};

use alidade_event::Str;
use elasticsearch::http::Method;
use serde::Deserialize;

use super::hosts::{Hosts, JSON};
use super::server::Server;
use crate::DateFormat;

/// Sensors that are checked; a sender could invent any number of them.
const MAX_CHECKED: usize = 256;

#[derive(Default)]
pub(super) struct TemplateCheck {
    checked: HashSet<Str>,
}

#[derive(Deserialize, Default)]
struct Patterns {
    #[serde(default)]
    index_patterns: Vec<String>,
}

#[derive(Deserialize)]
struct Composable {
    #[serde(default)]
    index_templates: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    index_template: Patterns,
}

impl TemplateCheck {
    /// Warns once per index when no template on the server matches it.
    pub(super) async fn warn_if_missing(
        &mut self,
        hosts: &mut Hosts,
        server: &Server,
        index: &Str,
        dates: &DateFormat,
    ) {
        if self.checked.len() >= MAX_CHECKED || self.checked.contains(index) {
            return;
        }
        self.checked.insert(index.clone());
        let Some(patterns) = read_patterns(hosts, server).await else {
            return;
        };
        let example = format!("{index}_index_{}", dates.format(0));
        if patterns.iter().any(|pattern| matches(pattern, &example)) {
            return;
        }
        tracing::warn!(
            index = index.as_str(),
            "no template on the search server matches {example}: fields will get whatever type the first document \
             suggests, and searches over alerts may fail; install one as /_template/{index}_index"
        );
    }
}

/// The patterns of all templates; nothing when the server does not tell.
async fn read_patterns(hosts: &mut Hosts, server: &Server) -> Option<Vec<String>> {
    const LEGACY: &str = "/_template?filter_path=*.index_patterns";
    let answer = hosts.send(Method::Get, LEGACY, JSON, None).await.ok()?;
    if answer.status != 200 {
        return None;
    }
    let legacy: BTreeMap<String, Patterns> = serde_json::from_slice(&answer.body).ok()?;
    let mut patterns: Vec<String> = legacy
        .into_values()
        .flat_map(|template| template.index_patterns)
        .collect();
    if server.is_typed {
        return Some(patterns);
    }
    const COMPOSABLE: &str =
        "/_index_template?filter_path=index_templates.index_template.index_patterns";
    let answer = hosts.send(Method::Get, COMPOSABLE, JSON, None).await.ok()?;
    if let Ok(found) = serde_json::from_slice::<Composable>(&answer.body) {
        let found = found.index_templates.into_iter();
        patterns.extend(found.flat_map(|named| named.index_template.index_patterns));
    }
    Some(patterns)
}

/// Whether a pattern with `*` matches a whole name.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            match rest.find(middle) {
                Some(at) => rest = &rest[at + middle.len()..],
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_the_server_matches_them() {
        let name = "squid_index_2019.10.15.18";
        for pattern in [
            "squid_index*",
            "*",
            "*_index_*",
            "squid*18",
            name,
            "s*q*d*",
            "**",
        ] {
            assert!(matches(pattern, name), "{pattern}");
        }
        for pattern in [
            "bro_index*",
            "squid_index",
            "*19",
            "x*",
            "",
            "squid*q",
            "*_index_",
        ] {
            assert!(!matches(pattern, name), "{pattern}");
        }
        assert!(!matches("aa*aa", "aaa"));
    }
}
