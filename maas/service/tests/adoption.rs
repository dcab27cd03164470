//! What a service takes over from a former one, and what it leaves to the next, with a launcher that only notes what it is
//! told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alidade_maas_core::{
    DesiredModel, DesiredModels, Endpoint, InstanceState, MemoryRegistry, ModelRequest, Registry,
    ServiceInstance, ServiceStatus, ServiceType,
};
use alidade_maas_service::{
    Deployment, InstanceEnd, LaunchAnswer, LaunchError, Launcher, RunningInstance, ServiceConfig,
    ServiceError, Shutdown, serve,
};
use alidade_testkit::eventually;
use futures::future::BoxFuture;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

const LONG: Duration = Duration::from_secs(20);

#[derive(Debug, Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn add(&self, note: String) {
        self.0.lock().unwrap().push(note);
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn count(&self, start: &str) -> usize {
        let notes = self.all();
        notes.iter().filter(|note| note.starts_with(start)).count()
    }

    fn place(&self, note: &str) -> usize {
        let notes = self.all();
        notes.iter().position(|found| found == note).unwrap()
    }
}

/// A cluster in which containers run that were started before.
#[derive(Debug)]
struct Cluster {
    notes: Arc<Notes>,
    /// Ids of containers that run already.
    left_over: Mutex<Vec<u64>>,
    /// Containers that may still be started.
    room: Arc<Semaphore>,
    /// How all running instances end.
    end: watch::Sender<Option<InstanceEnd>>,
}

impl Cluster {
    fn new(left_over: &[u64], room: usize) -> Arc<Cluster> {
        Arc::new(Cluster {
            notes: Arc::default(),
            left_over: Mutex::new(left_over.to_vec()),
            room: Arc::new(Semaphore::new(room)),
            end: watch::channel(None).0,
        })
    }

    fn container(&self, id: u64) -> Box<dyn RunningInstance> {
        let mut end = self.end.subscribe();
        end.mark_unchanged();
        Box::new(Container {
            id,
            notes: self.notes.clone(),
            end,
            is_left: false,
        })
    }
}

#[derive(Debug)]
struct Container {
    id: u64,
    notes: Arc<Notes>,
    end: watch::Receiver<Option<InstanceEnd>>,
    is_left: bool,
}

impl RunningInstance for Container {
    fn id(&self) -> u64 {
        self.id
    }

    fn describe(&self) -> String {
        format!("container {}", self.id)
    }

    fn ready(&mut self) -> LaunchAnswer<'_, String> {
        Box::pin(async { Ok(format!("http://h:{}", self.id)) })
    }

    fn ended(&mut self) -> BoxFuture<'_, InstanceEnd> {
        Box::pin(async {
            self.end.changed().await.unwrap();
            self.end.borrow_and_update().clone().unwrap()
        })
    }

    fn stop(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            self.notes.add(format!("stopped {}", self.id));
        })
    }

    fn leave(&mut self) {
        self.is_left = true;
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let how = if self.is_left { "left" } else { "dropped" };
        self.notes.add(format!("{how} {}", self.id));
    }
}

#[derive(Debug)]
struct Payload(Arc<Cluster>);

#[derive(Debug)]
struct Yard(Arc<Cluster>);

impl Launcher for Yard {
    fn check(&self, _model: &DesiredModel) -> Result<(), LaunchError> {
        Ok(())
    }

    fn prepare<'a>(&'a self, model: &'a DesiredModel) -> LaunchAnswer<'a, Arc<dyn Deployment>> {
        self.0.notes.add(format!("prepared {}", model.deployment));
        Box::pin(async { Ok(Arc::new(Payload(self.0.clone())) as Arc<dyn Deployment>) })
    }

    fn adopt<'a>(
        &'a self,
        _model: &'a DesiredModel,
    ) -> BoxFuture<'a, Vec<Box<dyn RunningInstance>>> {
        let ids = std::mem::take(&mut *self.0.left_over.lock().unwrap());
        Box::pin(async move { ids.into_iter().map(|id| self.0.container(id)).collect() })
    }

    fn retain<'a>(&'a self, desired: &'a DesiredModels) -> BoxFuture<'a, ()> {
        let wanted = desired.total_instances();
        self.0.notes.add(format!("retain {wanted}"));
        Box::pin(async {})
    }
}

impl Deployment for Payload {
    fn launch<'a>(
        &'a self,
        fresh_id: u64,
        note: &'a (dyn Fn(&str) + Send + Sync),
    ) -> LaunchAnswer<'a, Box<dyn RunningInstance>> {
        Box::pin(async move {
            note("waiting for a container of 5 MB");
            self.0.room.acquire().await.unwrap().forget();
            self.0.notes.add(format!("launched {fresh_id}"));
            Ok(self.0.container(fresh_id))
        })
    }
}

struct Bench {
    runtime: Runtime,
    registry: Arc<MemoryRegistry>,
    cluster: Arc<Cluster>,
    stop: watch::Sender<Shutdown>,
    task: Option<JoinHandle<Result<(), ServiceError>>>,
}

impl Bench {
    /// A service that finds `wanted` instances in the stored state, and a registration for each of the ids.
    fn start(cluster: &Arc<Cluster>, wanted: u32, registered: &[u64]) -> Bench {
        let runtime = Runtime::new().unwrap();
        let registry = Arc::new(MemoryRegistry::new());
        runtime.block_on(async {
            for id in registered {
                let endpoint = Endpoint::at("http://h:1");
                let kind = ServiceType::Static;
                let instance = ServiceInstance::new("dga", "1", *id, endpoint, kind, 0);
                registry.register(&instance).await.unwrap();
            }
        });
        if wanted > 0 {
            store(&runtime, &registry, wanted);
        }
        let config = ServiceConfig {
            first_restart_pause: Duration::from_millis(20),
            max_failures: 2,
            ..ServiceConfig::default()
        };
        let (stop, stopped) = watch::channel(Shutdown::No);
        let launcher = Arc::new(Yard(cluster.clone()));
        let task = runtime.spawn(serve(config, launcher, registry.clone(), stopped));
        Bench {
            runtime,
            registry,
            cluster: cluster.clone(),
            stop,
            task: Some(task),
        }
    }

    fn request(&self, request: &ModelRequest) {
        self.runtime
            .block_on(self.registry.enqueue(request))
            .unwrap();
    }

    fn status(&self) -> ServiceStatus {
        ServiceStatus::read(&self.registry.status()).unwrap_or_default()
    }

    #[track_caller]
    fn wait_for_states(&self, expected: &[InstanceState]) -> ServiceStatus {
        eventually(LONG, || {
            let status = self.status();
            let states: Vec<_> = status.instances.iter().map(|found| found.state).collect();
            if states == expected {
                Ok(status)
            } else {
                Err(format!("{status:?}"))
            }
        })
    }

    #[track_caller]
    fn wait_for_note(&self, note: &str) {
        eventually(LONG, || {
            let notes = self.cluster.notes.all();
            if notes.iter().any(|found| found == note) {
                Ok(())
            } else {
                Err(format!("{notes:?}"))
            }
        });
    }

    fn registered(&self) -> Vec<String> {
        let listing = self.runtime.block_on(self.registry.instances()).unwrap();
        let ids = listing.instances.into_iter().map(|instance| instance.id);
        ids.collect()
    }

    fn end(mut self, order: Shutdown) -> Vec<String> {
        self.stop.send_replace(order);
        let task = self.task.take().unwrap();
        let ending = async { tokio::time::timeout(LONG, task).await.unwrap().unwrap() };
        self.runtime.block_on(ending).unwrap();
        self.cluster.notes.all()
    }
}

/// Puts a desired state where a former service would have put it.
fn store(runtime: &Runtime, registry: &MemoryRegistry, instances: u32) {
    let desired = DesiredModels {
        models: vec![DesiredModel {
            name: "dga".to_owned(),
            version: "1".to_owned(),
            path: "/p".to_owned(),
            memory: 5,
            instances,
            deployment: "of-before".to_owned(),
        }],
    };
    runtime.block_on(async {
        registry.enqueue_bytes(b"null").unwrap();
        let item = registry.next_item().await.unwrap();
        let settlement = alidade_maas_core::Settlement::Desired(&desired, None);
        assert!(registry.settle(&item, settlement).await.unwrap());
    });
}

#[test]
fn what_runs_is_adopted_and_what_is_too_much_is_stopped() {
    let cluster = Cluster::new(&[7, 8, 9], 9);
    let bench = Bench::start(&cluster, 2, &[3, 7, 8, 9]);
    let ready = [InstanceState::Ready; 2];
    let status = bench.wait_for_states(&ready);
    let ids: Vec<_> = status.instances.iter().map(|found| found.id).collect();
    assert_eq!(ids, [Some(7), Some(8)]);
    assert_eq!(status.instances[0].place.as_deref(), Some("container 7"));
    assert_eq!(bench.registered(), ["7", "8"]);
    bench.wait_for_note("retain 2");
    let notes = &cluster.notes;
    assert!(notes.place("stopped 9") < notes.place("retain 2"));
    assert_eq!(notes.count("launched"), 0);
    bench.end(Shutdown::StopModels);
    assert_eq!(notes.count("stopped"), 3);
}

#[test]
fn what_is_missing_is_launched_under_an_id_that_nothing_has_had() {
    let cluster = Cluster::new(&[12], 9);
    let bench = Bench::start(&cluster, 2, &[3, 12]);
    bench.wait_for_states(&[InstanceState::Ready; 2]);
    assert_eq!(cluster.notes.count("prepared of-before"), 1);
    assert_eq!(cluster.notes.count("launched 13"), 1);
    bench.end(Shutdown::StopModels);
}

#[test]
fn models_are_left_running_for_the_next_service() {
    let cluster = Cluster::new(&[7], 0);
    let bench = Bench::start(&cluster, 2, &[7]);
    bench.wait_for_states(&[InstanceState::Ready, InstanceState::WaitingForResources]);
    let registry = bench.registry.clone();
    let notes = bench.end(Shutdown::LeaveModels);
    assert_eq!(notes.iter().filter(|note| *note == "left 7").count(), 1);
    assert!(!notes.iter().any(|note| note.starts_with("stopped")));
    let runtime = Runtime::new().unwrap();
    let listing = runtime.block_on(registry.instances()).unwrap();
    assert_eq!(listing.instances.len(), 1, "its registration stays");
    assert_eq!(runtime.block_on(registry.holder()).unwrap(), None);
}

#[test]
fn an_instance_that_waits_for_room_says_so_and_can_be_removed() {
    let cluster = Cluster::new(&[], 0);
    let bench = Bench::start(&cluster, 0, &[]);
    bench.request(&ModelRequest::add("dga", "1", 1, 5, "/p"));
    let status = bench.wait_for_states(&[InstanceState::WaitingForResources]);
    let place = status.instances[0].place.as_deref();
    assert_eq!(place, Some("waiting for a container of 5 MB"));
    bench.request(&ModelRequest::remove("dga", "1", 1));
    bench.wait_for_states(&[]);
    cluster.room.add_permits(1);
    std::thread::sleep(Duration::from_millis(100));
    let notes = bench.end(Shutdown::StopModels);
    assert!(!notes.iter().any(|note| note.starts_with("launched")));
}

#[test]
fn the_launcher_hears_of_what_is_no_longer_wanted_when_it_has_ended() {
    let cluster = Cluster::new(&[], 9);
    let bench = Bench::start(&cluster, 0, &[]);
    for _ in 0..2 {
        bench.request(&ModelRequest::add("dga", "1", 1, 5, "/p"));
    }
    bench.wait_for_states(&[InstanceState::Ready; 2]);
    let notes = &cluster.notes;
    assert_eq!(notes.count("retain"), 1, "at the start");
    let mut prepared = notes.all();
    prepared.retain(|note| note.starts_with("prepared"));
    prepared.sort();
    for (item, note) in prepared.iter().enumerate() {
        let start = format!("prepared dga-1-qn-{item:010}-");
        assert!(note.starts_with(&start), "{prepared:?}");
    }
    assert_eq!(prepared.len(), 2);
    bench.request(&ModelRequest::remove("dga", "1", 1));
    bench.wait_for_note("retain 1");
    let before = &notes.all()[..notes.place("retain 1")];
    let stopped = before.iter().filter(|note| note.starts_with("stopped"));
    assert_eq!(stopped.count(), 1);
    bench.end(Shutdown::StopModels);
}

#[test]
fn an_end_that_is_not_the_models_fault_is_not_counted() {
    let cluster = Cluster::new(&[], 9);
    let bench = Bench::start(&cluster, 0, &[]);
    bench.request(&ModelRequest::add("dga", "1", 1, 5, "/p"));
    let end = |reason: &str, blames_model: bool| {
        bench.wait_for_states(&[InstanceState::Ready]);
        cluster.end.send_replace(Some(InstanceEnd {
            reason: reason.to_owned(),
            blames_model,
        }));
        eventually(LONG, || {
            let status = bench.status();
            let last = status.instances[0].last_failure.clone();
            if last.as_deref() == Some(reason) {
                Ok(())
            } else {
                Err(format!("{status:?}"))
            }
        });
    };
    for life in 0..4 {
        end(&format!("node lost {life}"), false);
    }
    let status = bench.wait_for_states(&[InstanceState::Ready]);
    assert_eq!(status.instances[0].failures, 0);
    end("crash 1", true);
    end("node lost again", false);
    end("crash 2", true);
    let status = bench.wait_for_states(&[InstanceState::GivenUp]);
    assert_eq!(status.instances[0].failures, 2);
    bench.end(Shutdown::StopModels);
}
