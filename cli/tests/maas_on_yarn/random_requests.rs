//! Ten models in three versions, added and removed at random while things fail: in the end there is what was asked for.

use std::collections::BTreeMap;

use alidade_testkit::eventually;

use crate::bench::{Bench, LONG};
use crate::commands::Addition;
use crate::one_at_a_time;
use crate::teller;

/// Names another run; every run prints its own.
const SEED_VARIABLE: &str = "ALIDADE_TEST_SEED";
const DEFAULT_SEED: u64 = 20_261_123;

const MODELS: u64 = 10;
const VERSIONS: u64 = 3;
const REQUESTS: usize = 40;
/// Most instances that are wanted at once: each is a Python process on what may be a small machine.
const MOST_INSTANCES: usize = 10;
const MEMORY: u32 = 64;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What there is to be: instances by model and version.
type Desired = BTreeMap<(String, String), usize>;

struct Scene {
    bench: Bench,
    application: String,
    random: Random,
    desired: Desired,
    /// Models whose payload has been uploaded.
    uploaded: Vec<(String, String)>,
}

#[test]
fn the_registry_ends_up_with_what_was_asked_for() {
    let _turn = one_at_a_time();
    let seed = std::env::var(SEED_VARIABLE).map_or(DEFAULT_SEED, |text| text.parse().unwrap());
    println!("seed {seed}; {SEED_VARIABLE} chooses another");
    let bench = Bench::start(2048);
    let application = bench.start_service(&[]);
    let mut scene = Scene {
        bench,
        application,
        random: Random(seed),
        desired: Desired::new(),
        uploaded: Vec::new(),
    };
    // Each kind of fault happens once, somewhere after the beginning, and containers are killed again and again.
    let third = REQUESTS as u64 / 3;
    let master_dies_at = third + scene.random.below(third);
    let zookeeper_bounces_at = third + scene.random.below(third);
    for at in 0..REQUESTS as u64 {
        scene.ask_for_something();
        if at == master_dies_at {
            scene.kill_the_master();
        }
        if at == zookeeper_bounces_at {
            scene.bench.note("ZooKeeper bounces");
            scene.bench.zookeeper.restart().unwrap();
        }
        if at % 8 == 7 {
            scene.kill_a_container();
        }
    }
    scene.bench.note("everything has been asked for");
    scene.wait_for_what_is_desired();
    scene.bench.stop_service(&scene.application);
    scene.bench.installation.assert_nothing_runs();
}

impl Scene {
    /// An addition or a removal of one or two instances of any model.
    fn ask_for_something(&mut self) {
        let name = format!("m{}", self.random.below(MODELS));
        let version = format!("{}.0", self.random.below(VERSIONS));
        let count = 1 + usize::try_from(self.random.below(2)).unwrap();
        let wanted: usize = self.desired.values().sum();
        // Additions prevail, or else there would be little to fail.
        let adds = self.random.below(3) > 0 && wanted + count <= MOST_INSTANCES;
        if adds {
            self.add(&name, &version, count);
            return;
        }
        let known = self.desired.keys().cloned().collect::<Vec<_>>();
        // Mostly something that is there, sometimes something that is not.
        let (name, version) = match known.len() as u64 {
            0 => (name, version),
            _ if self.random.below(5) == 0 => (name, version),
            length => known[usize::try_from(self.random.below(length)).unwrap()].clone(),
        };
        self.remove(&name, &version, count);
    }

    fn add(&mut self, name: &str, version: &str, count: usize) {
        let key = (name.to_owned(), version.to_owned());
        let payload = teller::write_payload(&self.bench.installation, name, version);
        let payload = payload.display().to_string();
        let is_new = !self.uploaded.contains(&key);
        self.bench.commands().add(&Addition {
            name,
            version,
            memory: MEMORY,
            instances: count,
            path: &format!("models/{name}/{version}"),
            local: is_new.then_some(payload.as_str()),
        });
        if is_new {
            self.uploaded.push(key.clone());
        }
        *self.desired.entry(key).or_default() += count;
        self.bench.note(&format!("+{count} {name} {version}"));
    }

    fn remove(&mut self, name: &str, version: &str, count: usize) {
        self.bench.commands().remove(name, version, count);
        let key = (name.to_owned(), version.to_owned());
        if let Some(wanted) = self.desired.get_mut(&key) {
            *wanted = wanted.saturating_sub(count);
        }
        self.desired.retain(|_, wanted| *wanted > 0);
        self.bench.note(&format!("-{count} {name} {version}"));
    }

    fn kill_a_container(&mut self) {
        let hadoop = &self.bench.hadoop;
        let running = hadoop.model_containers(&self.application);
        if running.is_empty() {
            return;
        }
        let at = self.random.below(running.len() as u64);
        let victim = &running[usize::try_from(at).unwrap()];
        self.bench.note(&format!("{} is killed", victim.id));
        hadoop.yarn.kill_container(victim);
    }

    fn kill_the_master(&self) {
        let hadoop = &self.bench.hadoop;
        let master = hadoop.master(&self.application).expect("a master");
        self.bench.note("the master is killed");
        hadoop.yarn.kill_container(&master);
    }

    /// Every instance must live, be the model and version it is registered as, and have a container of its own, and no
    /// other container may be there.
    #[track_caller]
    fn wait_for_what_is_desired(&self) {
        eventually(LONG, || {
            let queued = self.bench.children("/maas/queue");
            if !queued.is_empty() {
                return Err(format!("{} requests wait", queued.len()));
            }
            let mut found = Desired::new();
            let mut containers = Vec::new();
            for model in 0..MODELS {
                for it in self.bench.living(&format!("m{model}"))? {
                    let key = (it.told.model, it.told.version);
                    *found.entry(key).or_default() += 1;
                    containers.push(it.told.container);
                }
            }
            containers.sort();
            let running: Vec<String> = self
                .bench
                .hadoop
                .model_containers(&self.application)
                .into_iter()
                .map(|container| container.id)
                .collect();
            match found == self.desired && containers == running {
                true => Ok(()),
                false => Err(format!(
                    "{found:?} in {containers:?}, not {:?}; running {running:?}",
                    self.desired
                )),
            }
        });
        self.bench.note("there is what was asked for");
    }
}
