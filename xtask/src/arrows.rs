//! Dependencies point downwards: a crate uses only crates that stand below it.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;

use crate::XtaskError;

/// The crates from the lowest up. Crates of one line do not use each other.
const ORDER: &[&[&str]] = &[
    &[
        "alidade-event",
        "alidade-example-rust-dga",
        "alidade-hadoop",
        "alidade-kafka",
        "alidade-zookeeper",
    ],
    &["alidade-stellar"],
    &["alidade-triage"],
    &["alidade-enrichment", "alidade-parsers"],
    &["alidade-maas-core"],
    &["alidade-maas-client"],
    &["alidade-config"],
    &["alidade-indexing"],
    &["alidade-maas-deploy"],
    &["alidade-pipeline", "alidade-maas-service", "alidade-shell"],
    &["alidade"],
    &["alidade-bench", "alidade-bench-stellar", "alidade-fuzz"],
];

/// Crates that only some others may contain: (crate, its users, why). Tests may use them.
const RESERVED: &[(&str, &[&str], &str)] = &[
    (
        "alidade-maas-service",
        &["alidade"],
        "the pipeline must run where no cluster manager is",
    ),
    (
        "alidade-maas-deploy",
        &["alidade"],
        "it is a command, not a library",
    ),
    (
        "alidade-hadoop",
        &[
            "alidade-maas-service",
            "alidade-maas-deploy",
            "alidade",
            "alidade-fuzz",
        ],
        "the pipeline must run where no cluster manager is",
    ),
];

/// Starts servers: nothing that is shipped may contain it.
const TESTKIT: &str = "alidade-testkit";

/// Never shipped, so that it may use the testkit.
const BENCH: &str = "alidade-bench";

/// Runs outside the order and may use the testkit, nothing else.
const XTASK: &str = "xtask";

/// Why the check could not be made, or what it found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArrowsError {
    #[error("cannot run `cargo metadata`: {0}")]
    Run(#[from] std::io::Error),
    #[error("`cargo metadata` failed:\n{0}")]
    Metadata(String),
    #[error("`cargo metadata` printed something else than expected: {0}")]
    Json(#[from] serde_json::Error),
    #[error("dependencies that do not point downwards:\n  {}", .0.join("\n  "))]
    Violations(Vec<String>),
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// `dev`, `build`, or null for a normal dependency.
    kind: Option<String>,
}

/// Checks the workspace this runs in.
pub(crate) fn run() -> Result<(), XtaskError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .map_err(ArrowsError::Run)?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(ArrowsError::Metadata(words).into());
    }
    let crates = check(&output.stdout)?;
    println!("{crates} crates, all dependencies point downwards");
    Ok(())
}

/// Gives the number of crates, or every violation.
fn check(metadata: &[u8]) -> Result<usize, ArrowsError> {
    let metadata: Metadata = serde_json::from_slice(metadata)?;
    let places: BTreeMap<&str, usize> = ORDER
        .iter()
        .enumerate()
        .flat_map(|(place, line)| line.iter().map(move |name| (*name, place)))
        .collect();
    let members: Vec<&str> = metadata
        .packages
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    let mut violations = Vec::new();
    for package in &metadata.packages {
        let user = package.name.as_str();
        if user != TESTKIT && user != XTASK && !places.contains_key(user) {
            violations.push(format!(
                "{user} has no place in the order: give it one in xtask"
            ));
        }
        let used = package
            .dependencies
            .iter()
            .filter(|it| members.contains(&it.name.as_str()));
        violations.extend(used.filter_map(|used| violation(user, used, &places)));
    }
    if violations.is_empty() {
        Ok(members.len())
    } else {
        Err(ArrowsError::Violations(violations))
    }
}

/// What is wrong with one arrow.
fn violation(user: &str, used: &Dependency, places: &BTreeMap<&str, usize>) -> Option<String> {
    let name = used.name.as_str();
    let kind = used.kind.as_deref().unwrap_or("normal");
    if name == TESTKIT {
        let is_allowed = [XTASK, BENCH].contains(&user) || kind == "dev";
        return (!is_allowed)
            .then(|| format!("{user} -> {name}: only as a dev-dependency, it is for tests"));
    }
    if user == XTASK || user == TESTKIT {
        return Some(format!("{user} -> {name}: it stands outside the order"));
    }
    let reserved = RESERVED.iter().find(|(crate_name, users, _)| {
        kind != "dev" && *crate_name == name && !users.contains(&user)
    });
    if let Some((_, users, reason)) = reserved {
        let users = users.join(", ");
        return Some(format!(
            "{user} -> {name}: only {users} may use it, {reason}"
        ));
    }
    // A crate without a place has been reported as such.
    let (user_place, place) = (places.get(user)?, places.get(name)?);
    (place >= user_place)
        .then(|| format!("{user} -> {name}: it does not stand below ({kind} dependency)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A graph from lines such as `user -> used` or `user -> used (dev)`.
    fn graph(arrows: &[&str]) -> Vec<u8> {
        let mut packages: BTreeMap<&str, Vec<serde_json::Value>> = BTreeMap::new();
        for arrow in arrows {
            let (user, used) = arrow.split_once(" -> ").unwrap();
            let (used, kind) = match used.split_once(" (") {
                Some((used, kind)) => (used, Some(kind.trim_end_matches(')'))),
                None => (used, None),
            };
            packages.entry(used).or_default();
            let dependency = json!({ "name": used, "kind": kind, "path": "/x" });
            packages.entry(user).or_default().push(dependency);
        }
        let packages: Vec<serde_json::Value> = packages
            .into_iter()
            // Names from a registry are nobody's business here.
            .filter(|(name, _)| *name != "serde")
            .map(|(name, dependencies)| json!({ "name": name, "dependencies": dependencies }))
            .collect();
        serde_json::to_vec(&json!({ "packages": packages })).unwrap()
    }

    fn violations(arrows: &[&str]) -> Vec<String> {
        match check(&graph(arrows)) {
            Ok(_) => Vec::new(),
            Err(ArrowsError::Violations(violations)) => violations,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_good_graph_passes() {
        let good = [
            "alidade-stellar -> alidade-event",
            "alidade-enrichment -> alidade-triage",
            "alidade-maas-client -> alidade-maas-core",
            "alidade-pipeline -> alidade-maas-client",
            "alidade-pipeline -> alidade-testkit (dev)",
            "alidade-event -> serde",
            "alidade -> alidade-maas-service",
            "alidade-maas-service -> alidade-maas-deploy (dev)",
            "alidade-maas-service -> alidade-hadoop",
            "alidade -> alidade-pipeline",
            "xtask -> alidade-testkit",
            "alidade-bench -> alidade-testkit",
        ];
        assert_eq!(check(&graph(&good)).unwrap(), 14);
    }

    #[test]
    fn every_bad_arrow_is_named() {
        let bad = [
            ("alidade-event -> alidade-stellar", "does not stand below"),
            (
                "alidade-triage -> alidade-enrichment",
                "does not stand below",
            ),
            (
                "alidade-parsers -> alidade-enrichment",
                "does not stand below",
            ),
            (
                "alidade-stellar -> alidade-config (dev)",
                "(dev dependency)",
            ),
            (
                "alidade-config -> alidade-indexing (build)",
                "(build dependency)",
            ),
            (
                "alidade-pipeline -> alidade-maas-service",
                "only alidade may use it",
            ),
            (
                "alidade-pipeline -> alidade-maas-service (dev)",
                "does not stand below",
            ),
            (
                "alidade-maas-service -> alidade-maas-deploy",
                "only alidade may use it",
            ),
            (
                "alidade-indexing -> alidade-testkit",
                "only as a dev-dependency",
            ),
            (
                "alidade-pipeline -> alidade-hadoop",
                "only alidade-maas-service, alidade-maas-deploy, alidade, alidade-fuzz may use it",
            ),
            ("alidade-hadoop -> alidade-event", "does not stand below"),
            ("alidade-testkit -> alidade-event", "outside the order"),
            ("xtask -> alidade", "outside the order"),
        ];
        for (arrow, reason) in bad {
            let found = violations(&[arrow]);
            assert_eq!(found.len(), 1, "{arrow}: {found:?}");
            assert!(found[0].contains(reason), "{arrow}: {found:?}");
        }
        assert_eq!(violations(&bad.map(|(arrow, _)| arrow)).len(), bad.len());
    }

    #[test]
    fn a_new_crate_must_be_given_a_place() {
        let found = violations(&["alidade-novel -> alidade-event"]);
        assert_eq!(
            found,
            ["alidade-novel has no place in the order: give it one in xtask"]
        );
    }

    #[test]
    fn this_workspace_is_in_order() {
        run().unwrap();
    }
}
