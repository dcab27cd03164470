//! Containers, the master, ZooKeeper and a node fail: models are called all the while, and come back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alidade_maas_client::Models;
use alidade_testkit::{YarnContainer, eventually};

use crate::bench::{Bench, LONG, Living};
use crate::commands::Addition;
use crate::one_at_a_time;
use crate::teller;
use crate::watch::Watch;

/// How long a dead endpoint may be offered. The session of its runner ends after 10 s, but its end is seen before.
const GONE_WITHIN: Duration = Duration::from_secs(15);

/// How long ZooKeeper is away: longer than its sessions live.
const OUTAGE: Duration = Duration::from_secs(20);

/// As many as are tried until there are some on either node.
const MOST_INSTANCES: usize = 12;

const DRAWS: usize = 900;

/// With two degrees of freedom, once in some 3 million runs a fair choice is worse.
const CHI_SQUARE_LIMIT: f64 = 30.0;

struct Scene {
    bench: Bench,
    application: String,
    models: Models,
}

#[test]
fn models_survive_containers_master_zookeeper_and_node() {
    let _turn = one_at_a_time();
    let bench = Bench::start(2048);
    let application = bench.start_service(&["-e", "SETTING=seen"]);
    let registry = bench.registry.clone();
    let models = Models::watch(registry, bench.runtime.handle());
    let payload = teller::write_payload(&bench.installation, "teller", "1.0");
    bench.commands().add(&Addition {
        name: "teller",
        version: "1.0",
        memory: 128,
        instances: 3,
        path: "models/teller",
        local: Some(&payload.display().to_string()),
    });
    let scene = Scene {
        bench,
        application,
        models,
    };
    let living = scene.wait_for(3);
    assert!(living.iter().all(|it| it.told.setting == "seen"));
    scene.bench.note("three instances live");

    scene.calls_are_spread_evenly();
    scene.a_killed_container_is_replaced();
    scene.a_killed_master_is_followed_by_another();
    scene.a_restarted_resource_manager_finds_everything_again();
    scene.zookeeper_goes_and_comes_back();
    let count = scene.spread_over_both_nodes();
    scene.a_lost_node_is_replaced_by_the_other(count);
    scene.too_large_an_addition_holds_nobody_up(count);
    scene.bench.stop_service(&scene.application);
}

impl Scene {
    /// Waits until so many instances live, and the containers that do not belong to one of them are gone.
    #[track_caller]
    fn wait_for(&self, count: usize) -> Vec<Living> {
        let living = self.bench.wait_for_living("teller", count);
        self.wait_for_endpoints(count);
        eventually(LONG, || {
            let running = self.containers();
            let is_ours = |container: &YarnContainer| {
                let has = |it: &Living| it.told.container == container.id;
                living.iter().any(has)
            };
            match running.len() == count && running.iter().all(is_ours) {
                true => Ok(()),
                false => Err(format!("{running:?} run, {living:#?} live")),
            }
        });
        living
    }

    /// Waits until a reader of the registry offers so many.
    #[track_caller]
    fn wait_for_endpoints(&self, count: usize) {
        eventually(LONG, || match self.models.endpoints().instance_count() {
            offered if offered == count => Ok(()),
            offered => Err(format!("{offered} instances are offered, not {count}")),
        });
    }

    fn containers(&self) -> Vec<YarnContainer> {
        self.bench.hadoop.model_containers(&self.application)
    }

    fn calls(&self) -> Watch {
        let runtime = self.bench.runtime.handle();
        Watch::caller("teller", self.models.clone(), runtime)
    }

    fn calls_are_spread_evenly(&self) {
        let mut drawn: BTreeMap<String, usize> = BTreeMap::new();
        for _ in 0..DRAWS {
            let endpoint = self.models.get_endpoint("teller", None);
            let endpoint = format!("{endpoint:?}");
            *drawn.entry(endpoint).or_default() += 1;
        }
        assert_eq!(drawn.len(), 3, "{drawn:?}");
        let expected = DRAWS as f64 / 3.0;
        let chi_square: f64 = drawn
            .values()
            .map(|count| (*count as f64 - expected).powi(2) / expected)
            .sum();
        assert!(chi_square < CHI_SQUARE_LIMIT, "{chi_square}: {drawn:?}");
    }

    fn a_killed_container_is_replaced(&self) {
        let before = self.wait_for(3);
        let victim = &before[0];
        let container = self
            .containers()
            .into_iter()
            .find(|container| container.id == victim.told.container)
            .expect("the instance's container");
        let calls = self.calls();
        self.bench.hadoop.yarn.kill_container(&container);
        eventually(GONE_WITHIN, || {
            let registered = self.bench.registered()?;
            match registered.contains(&victim.instance) {
                true => Err("the dead endpoint is still registered".to_owned()),
                false => Ok(()),
            }
        });
        self.bench.note("the dead endpoint is gone");
        let after = self.wait_for(3);
        calls.end_answered();
        for survivor in &before[1..] {
            let stayed = after.iter().any(|it| it.told == survivor.told);
            assert!(stayed, "{survivor:?} is not in {after:#?}");
        }
        // The model was in a process group of its own.
        eventually(LONG, || match teller::ask(victim.url()) {
            Err(_) => Ok(()),
            Ok(told) => Err(format!("{told:?} still answers")),
        });
        self.bench.note("a killed container is replaced");
    }

    fn a_killed_master_is_followed_by_another(&self) {
        let before = self.wait_for(3);
        let containers = self.containers();
        let urls = before.iter().map(|it| it.url().to_owned()).collect();
        let (every_url, calls) = (Watch::urls(urls), self.calls());
        let hadoop = &self.bench.hadoop;
        let first = hadoop.master(&self.application).expect("a master");
        hadoop.yarn.kill_container(&first);
        let second = eventually(LONG, || match hadoop.master(&self.application) {
            Some(master) if master.id != first.id => Ok(master),
            other => Err(format!("the master is {other:?}, after {first:?}")),
        });
        assert!(second.id.ends_with("_02_000001"), "{second:?}");
        eventually(LONG, || {
            let status = self.bench.commands().service(&["status"]);
            let ready = status.matches("teller 1.0: ready").count();
            match ready == 3 && status.contains("attempt 2") {
                true => Ok(()),
                false => Err(status),
            }
        });
        self.bench.note("the second attempt has taken over");
        let after = self.wait_for(3);
        every_url.end_answered();
        calls.end_answered();
        assert_eq!(sorted(&after), sorted(&before));
        assert_eq!(self.containers(), containers);

        let calls = self.calls();
        self.bench.commands().remove("teller", "1.0", 1);
        let left = self.wait_for(2);
        let kept = left.iter().all(|it| {
            let same = |other: &&Living| other.told == it.told;
            before.iter().any(|other| same(&other))
        });
        assert!(kept, "{left:#?} after {before:#?}");
        // The numbers of containers begin anew with each attempt: the new one must not take another's place.
        self.add_one();
        self.wait_for(3);
        calls.end_answered();
        self.bench.note("the second attempt removes and adds");
    }

    fn a_restarted_resource_manager_finds_everything_again(&self) {
        let before = self.wait_for(3);
        let containers = self.containers();
        let urls = before.iter().map(|it| it.url().to_owned()).collect();
        let (every_url, calls) = (Watch::urls(urls), self.calls());
        let yarn = &self.bench.hadoop.yarn;
        let master = self.bench.hadoop.master(&self.application);
        yarn.kill_resource_manager();
        // Asked for while nobody gives containers.
        self.add_one();
        yarn.start_again().unwrap();
        let after = self.wait_for(4);
        every_url.end_answered();
        calls.end_answered();
        for it in &before {
            let stayed = after.iter().any(|other| other.told == it.told);
            assert!(stayed, "{it:?} is not in {after:#?}");
        }
        let left = self.containers();
        assert!(
            containers.iter().all(|container| left.contains(container)),
            "{containers:#?} before, {left:#?} after"
        );
        assert_eq!(self.bench.hadoop.master(&self.application), master);
        self.bench.commands().remove("teller", "1.0", 1);
        self.wait_for(3);
        self.bench.note("the resource manager was restarted");
    }

    fn zookeeper_goes_and_comes_back(&self) {
        let before = self.wait_for(3);
        let containers = self.containers();
        let urls = before.iter().map(|it| it.url().to_owned()).collect();
        let (every_url, calls) = (Watch::urls(urls), self.calls());
        self.bench.zookeeper.stop();
        std::thread::sleep(OUTAGE);
        self.bench.zookeeper.start_again().unwrap();
        self.bench.note("ZooKeeper is back");
        // Served again, too: an addition and a removal.
        self.add_one();
        let after = self.wait_for(4);
        every_url.end_answered();
        calls.end_answered();
        for it in &before {
            let stayed = after.iter().any(|other| other.told == it.told);
            assert!(stayed, "{it:?} is not in {after:#?}");
        }
        let left = self.containers();
        assert!(
            containers.iter().all(|container| left.contains(container)),
            "{containers:#?} before, {left:#?} after"
        );
        self.bench.note("ZooKeeper's absence is over");
    }

    /// Adds instances until there are some on either node. Gives their number.
    fn spread_over_both_nodes(&self) -> usize {
        for count in 4..MOST_INSTANCES {
            self.wait_for(count);
            let nodes: BTreeSet<usize> = self.containers().iter().map(|it| it.node).collect();
            if nodes.len() == 2 {
                return count;
            }
            self.add_one();
        }
        panic!("all on one node: {:?}", self.containers());
    }

    /// The node manager ends, its containers do not: nobody can end them but they themselves.
    fn a_lost_node_is_replaced_by_the_other(&self, count: usize) {
        let before = self.wait_for(count);
        let hadoop = &self.bench.hadoop;
        let master = hadoop.master(&self.application).expect("a master");
        let lost = 1 - master.node;
        let on_it: Vec<YarnContainer> = self
            .containers()
            .into_iter()
            .filter(|container| container.node == lost)
            .collect();
        assert!(!on_it.is_empty(), "{:?}", self.containers());
        let calls = self.calls();
        hadoop.yarn.kill_node(lost);
        let after = eventually(LONG, || {
            let after = self.bench.living("teller")?;
            let is_lost = |it: &&Living| on_it.iter().any(|lost| lost.id == it.told.container);
            match (after.len(), after.iter().find(is_lost)) {
                (found, None) if found == count => Ok(after),
                _ => Err(format!("{after:#?}")),
            }
        });
        calls.end_answered();
        for it in &before {
            let stayed = after.iter().any(|other| other.told == it.told);
            let was_lost = on_it.iter().any(|lost| lost.id == it.told.container);
            assert!(stayed != was_lost, "{it:?} was lost: {was_lost}");
        }
        self.bench.note("the lost node's instances are replaced");
        eventually(LONG, || {
            let left: Vec<_> = self.containers();
            match left.iter().find(|container| container.node == lost) {
                None => Ok(()),
                Some(container) => Err(format!("{container:?} still runs")),
            }
        });
        hadoop.yarn.start_node_again(lost).unwrap();
        self.bench.note("the node is back");
    }

    fn too_large_an_addition_holds_nobody_up(&self, count: usize) {
        let payload = teller::write_payload(&self.bench.installation, "large", "1");
        let commands = self.bench.commands();
        commands.add(&Addition {
            name: "large",
            version: "1",
            memory: 1024,
            instances: 30,
            path: "models/large",
            local: Some(&payload.display().to_string()),
        });
        let before = self.bench.wait_for_living("teller", count);
        commands.remove("teller", "1.0", count - 1);
        self.bench.wait_for_living("teller", 1);
        commands.remove("large", "1", 30);
        eventually(LONG, || {
            let (overview, containers) = (commands.overview(), self.containers());
            let instances = overview["instances"].as_array().map_or(0, Vec::len);
            match (instances, containers.len()) {
                (1, 1) => Ok(()),
                _ => Err(format!("{overview} {containers:?}")),
            }
        });
        let left = self.wait_for(1);
        assert!(before.iter().any(|it| it.told == left[0].told));
        self.bench
            .note("an addition that is too large holds nobody up");
    }

    fn add_one(&self) {
        self.bench.commands().add(&Addition {
            name: "teller",
            version: "1.0",
            memory: 128,
            instances: 1,
            path: "models/teller",
            local: None,
        });
    }
}

fn sorted(living: &[Living]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = living
        .iter()
        .map(|it| (it.instance.id.clone(), format!("{:?}", it.told)))
        .collect();
    all.sort();
    all
}
