//! Which version answers a call that names none, and which versions are tried out beside it.

use std::sync::Arc;

use alidade_maas_core::Routing;

use crate::endpoints::ModelVersion;
use crate::random::scale;

/// All calls, in tenths of a percent.
const WHOLE: u32 = 1000;

/// What is said of the registered versions of a model.
#[derive(Debug)]
pub(crate) struct Routes {
    /// The part of each version, in the order of the versions.
    parts: Vec<Part>,
    /// The versions that shadow, by their place among the versions, and for how many calls, in tenths of a percent.
    pub(crate) shadows: Vec<(usize, u16)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It may be the default version, which answers what the weights leave over.
    Rest,
    /// So many calls, in tenths of a percent.
    Weight(u16),
}

impl Routes {
    /// Nothing when the routing speaks of none of the versions: then all is as without it.
    pub(crate) fn new(routing: &Routing, versions: &[Arc<ModelVersion>]) -> Option<Routes> {
        let mut routes = Routes {
            parts: Vec::with_capacity(versions.len()),
            shadows: Vec::new(),
        };
        let mut is_spoken_of = false;
        for (at, version) in versions.iter().enumerate() {
            let share = routing.share(&version.version);
            is_spoken_of |= !share.is_empty();
            if let Some(shadow) = share.shadow {
                routes.shadows.push((at, shadow.tenths()));
            }
            routes.parts.push(match (share.weight, share.shadow) {
                (Some(weight), _) => Part::Weight(weight.tenths()),
                // A version whose answers are only compared does not become the default because it is the newest.
                (None, Some(_)) => Part::Weight(0),
                (None, None) => Part::Rest,
            });
        }
        is_spoken_of.then_some(routes)
    }

    /// Shares the calls out among the versions of this moment.
    pub(crate) fn share_out(&self, versions: &[Arc<ModelVersion>], now_ms: u64) -> Shares {
        let shares = self.share_out_among(versions, |version| version.is_live(now_ms));
        if shares.total > 0 {
            return shares;
        }
        // All that could answer is set aside: better to try than to give up.
        self.share_out_among(versions, |_| true)
    }

    fn share_out_among(
        &self,
        versions: &[Arc<ModelVersion>],
        is_live: impl Fn(&ModelVersion) -> bool,
    ) -> Shares {
        let mut shares = Shares::default();
        let mut default = None;
        for (at, (part, version)) in self.parts.iter().zip(versions).enumerate() {
            if !is_live(version) {
                continue;
            }
            match part {
                Part::Rest => default = Some(at),
                Part::Weight(tenths) => shares.push(at, u32::from(*tenths)),
            }
        }
        if let Some(newest) = default {
            shares.push(newest, WHOLE.saturating_sub(shares.total));
        }
        shares
    }
}

/// The versions that answer, and their shares.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    /// Where the share of each version ends, and its place among the versions.
    ends: Vec<(u32, usize)>,
    total: u32,
}

impl Shares {
    fn push(&mut self, version: usize, share: u32) {
        if share > 0 {
            self.total += share;
            self.ends.push((self.total, version));
        }
    }

    /// The version that a number falls to, the numbers taken as evenly spread. Nothing when no version may answer.
    pub(crate) fn choose(&self, number: u64) -> Option<usize> {
        let point = scale(number, u64::from(self.total)) as u32;
        let found = self.ends.iter().find(|(end, _)| point < *end);
        found.map(|(_, version)| *version)
    }
}

/// Whether one of these numbers, evenly spread, is among the given tenths of a percent.
pub(crate) fn is_among(number: u64, tenths: u16) -> bool {
    scale(number, u64::from(WHOLE)) < u64::from(tenths)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use alidade_event::{Origin, Str};
    use alidade_maas_core::{Endpoint, ServiceInstance, ServiceType};

    use super::*;
    use crate::Endpoints;
    use crate::chosen::Chosen;
    use crate::health::{Fault, HealthBoard};

    const NOW: u64 = 10;

    /// One instance of each version of model dga, at `http://<version>:1`.
    fn endpoints(versions: &[&str], routing: &str, board: &HealthBoard) -> Endpoints {
        let instances: Vec<ServiceInstance> = (1..)
            .zip(versions)
            .map(|(id, version)| {
                let endpoint = Endpoint::at(&format!("http://{version}:1"));
                ServiceInstance::new("dga", version, id, endpoint, ServiceType::Dynamic, 0)
            })
            .collect();
        let routing = Routing::read(routing.as_bytes()).unwrap();
        let routings = BTreeMap::from([("dga".to_owned(), routing)]);
        Endpoints::new(&instances, &routings, board)
    }

    fn set_aside(board: &HealthBoard, version: &str) {
        let health = board.of(&format!("http://{version}:1"));
        health.admit(NOW).unwrap().failed(Fault::Gone, NOW).unwrap();
    }

    fn origin(offset: i64) -> Origin {
        Origin {
            topic: Str::new("enrichments"),
            partition: 3,
            offset,
            record_time_ms: 0,
            index: 0,
        }
    }

    /// How many of so many events in a row each version answers.
    fn counts(endpoints: &Endpoints, events: i64) -> HashMap<String, i64> {
        let mut chosen = Chosen::new(NOW);
        let mut counts = HashMap::new();
        for offset in 0..events {
            chosen.begin_event(&origin(offset));
            let model = endpoints.model("dga").unwrap();
            let version = chosen.version_of("dga", model);
            let again = chosen.version_of("dga", model);
            assert!(version.map(Arc::as_ptr) == again.map(Arc::as_ptr));
            let name = version.map_or("none", |version| version.version.as_str());
            *counts.entry(name.to_owned()).or_insert(0) += 1;
        }
        counts
    }

    /// The versions that answer, with their share in percent, rounded.
    fn shares(versions: &[&str], routing: &str, aside: &[&str]) -> String {
        let board = HealthBoard::default();
        let endpoints = endpoints(versions, routing, &board);
        for version in aside {
            set_aside(&board, version);
        }
        let counts = counts(&endpoints, 20_000);
        let mut shares: Vec<String> = counts
            .into_iter()
            .map(|(version, count)| format!("{version}:{}", (count + 100) / 200))
            .collect();
        shares.sort();
        shares.join(" ")
    }

    #[test]
    fn calls_without_a_version_are_shared_out_by_weight() {
        let canary = r#"{"versions":{"1.1":{"weight":10}}}"#;
        let both = r#"{"versions":{"1.0":{"weight":30},"1.1":{"weight":10}}}"#;
        let all = r#"{"versions":{"1.0":{"weight":75},"1.1":{"weight":25}}}"#;
        let none = r#"{"versions":{"1.1":{"weight":0}}}"#;
        let shadow = r#"{"versions":{"1.1":{"shadow":5}}}"#;
        let versions: &[&str] = &["0.9", "1.0", "1.1"];
        for (versions, routing, aside, expected) in [
            // Nothing is said of any of them: the newest, as ever, whoever is set aside.
            (versions, "{}", [].as_slice(), "1.1:100"),
            (versions, "{}", &["1.1"], "1.1:100"),
            (&["0.9", "1.0"], canary, &[], "1.0:100"),
            // The newest without a weight gets the rest.
            (versions, canary, &[], "1.0:90 1.1:10"),
            (versions, both, &[], "0.9:60 1.0:30 1.1:10"),
            (versions, all, &[], "1.0:75 1.1:25"),
            (versions, none, &[], "1.0:100"),
            (versions, shadow, &[], "1.0:100"),
            // Whose instances are all set aside, or who is not registered, leaves its share to the default version.
            (versions, canary, &["1.1"], "1.0:100"),
            (versions, canary, &["1.0"], "0.9:90 1.1:10"),
            (versions, all, &["1.0"], "0.9:75 1.1:25"),
            (&["0.9", "1.1"], all, &[], "0.9:75 1.1:25"),
            // With no other left, the weighted share everything.
            (&["1.0", "1.1"], both, &[], "1.0:75 1.1:25"),
            (&["1.0", "1.1"], canary, &["1.0"], "1.1:100"),
            (&["1.0", "1.1"], all, &["1.0"], "1.1:100"),
            // Those without calls get none even then.
            (&["1.1"], none, &[], "none:100"),
            (&["1.1"], shadow, &[], "none:100"),
            // If all are set aside they are tried all the same.
            (versions, canary, versions, "1.0:90 1.1:10"),
            (&["1.0", "1.1"], none, &["1.0"], "1.0:100"),
        ] {
            let found = shares(versions, routing, aside);
            assert_eq!(found, expected, "{versions:?} {routing} {aside:?}");
        }
    }

    #[test]
    fn the_shares_are_as_exact_as_chance_allows() {
        let board = HealthBoard::default();
        let routing = r#"{"versions":{"1.1":{"weight":10},"1.2":{"weight":0.5}}}"#;
        let endpoints = endpoints(&["1.0", "1.1", "1.2"], routing, &board);
        let events = 200_000;
        let counts = counts(&endpoints, events);
        for (version, share) in [("1.0", 0.895), ("1.1", 0.1), ("1.2", 0.005)] {
            let expected = events as f64 * share;
            let deviation = (expected * (1.0 - share)).sqrt();
            let off = (counts[version] as f64 - expected).abs();
            assert!(off < 5.0 * deviation, "{version}: {counts:?}");
        }
    }

    #[test]
    fn a_record_keeps_its_version_and_models_are_chosen_apart() {
        let board = HealthBoard::default();
        let routing = r#"{"versions":{"1.1":{"weight":50}}}"#;
        let endpoints = endpoints(&["1.0", "1.1"], routing, &board);
        let model = endpoints.model("dga").unwrap();
        let pick = |name: &str, offset, index| {
            // Another batch, as after a restart.
            let mut chosen = Chosen::new(NOW);
            chosen.begin_event(&Origin {
                index,
                ..origin(offset)
            });
            chosen.version_of(name, model).unwrap().version.to_string()
        };
        let mut differing = 0;
        for offset in 0..1000 {
            assert_eq!(pick("dga", offset, 0), pick("dga", offset, 7));
            differing += usize::from(pick("dga", offset, 0) != pick("phishing", offset, 0));
        }
        assert!((400..600).contains(&differing), "{differing}");
    }

    #[test]
    fn what_happens_within_a_batch_changes_no_choice() {
        let board = HealthBoard::default();
        let routing = r#"{"versions":{"1.1":{"weight":50}}}"#;
        let endpoints = endpoints(&["1.0", "1.1"], routing, &board);
        let model = endpoints.model("dga").unwrap();
        let mut chosen = Chosen::new(NOW);
        let pick_all = |chosen: &mut Chosen| -> Vec<String> {
            let mut picked = Vec::new();
            for offset in 0..50 {
                chosen.begin_event(&origin(offset));
                let version = chosen.version_of("dga", model).unwrap();
                picked.push(version.version.to_string());
            }
            picked
        };
        let before = pick_all(&mut chosen);
        assert!(before.contains(&"1.1".to_owned()));
        set_aside(&board, "1.1");
        assert_eq!(pick_all(&mut chosen), before);
        chosen.begin_batch(NOW);
        assert!(!pick_all(&mut chosen).contains(&"1.1".to_owned()));
    }
}
