//! [`Fleet`] against a real resource manager and node manager.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use alidade_hadoop::{
    ApplicationAttemptId, ApplicationMaster, ApplicationState, ContainerEnd, ContainerId,
    ContainerState, Credentials, FinalStatus, Fleet, FleetContainer, FleetOptions, HadoopConf,
    LaunchContext, Resource, ResourceManager, Submission,
};
use alidade_testkit::{Lifetime, Yarn, YarnSetup};

/// For whatever the cluster needs some time for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A cluster on the local file system whose resource manager remembers applications over a restart.
fn start_yarn(dir: &Path, nodes: usize, node_memory_mb: u32) -> Yarn {
    let core_site = "<configuration><property>\
        <name>fs.defaultFS</name><value>file:///</value></property></configuration>";
    std::fs::write(dir.join("core-site.xml"), core_site).unwrap();
    std::fs::write(dir.join("hdfs-site.xml"), "<configuration/>").unwrap();
    let setup = YarnSetup {
        nodes,
        node_memory_mb,
        recovers: true,
    };
    Yarn::start_as(dir, &setup, &Lifetime::Scoped).unwrap()
}

struct Cluster {
    yarn: Yarn,
    conf: HadoopConf,
    resource_manager: ResourceManager,
    dir: tempfile::TempDir,
}

impl Cluster {
    fn start(nodes: usize, node_memory_mb: u32) -> Cluster {
        let dir = tempfile::tempdir().unwrap();
        let yarn = start_yarn(dir.path(), nodes, node_memory_mb);
        let conf = HadoopConf::read(&yarn.conf_dir()).unwrap();
        let resource_manager = ResourceManager::connect(&conf).unwrap();
        Cluster {
            yarn,
            conf,
            resource_manager,
            dir,
        }
    }

    /// Submits an application whose masters only show their tokens, each in a file with its attempt's number: the test
    /// takes their part.
    async fn submit(&self, max_attempts: i32) -> Submission {
        let new = self.resource_manager.new_application().await.unwrap();
        let tokens = self.dir.path().join(new.id.to_string());
        // The container's id ends with the attempt's and its own number.
        let command = format!(
            "attempt=\\${{CONTAINER_ID%_*}}; file={}.\\${{attempt##*_}}; \
             cp \\$HADOOP_TOKEN_FILE_LOCATION \\$file.part && mv \\$file.part \\$file && exec sleep 300",
            tokens.display()
        );
        let launch = LaunchContext::new(command);
        let mut submission = Submission::new(new.id, "fleet", launch, Resource::new(64, 1));
        submission.max_attempts = Some(max_attempts);
        submission.keep_containers = true;
        let resource_manager = &self.resource_manager;
        resource_manager
            .submit_application(&submission)
            .await
            .unwrap();
        resource_manager
            .wait_until_accepted(&submission, PATIENCE)
            .await
            .unwrap();
        submission
    }

    /// Is the application master of an attempt.
    async fn master(&self, submission: &Submission, number: i32) -> ApplicationMaster {
        let name = format!("{}.{number:02}", submission.id);
        let tokens = self.dir.path().join(name);
        let credentials = soon("token file", async || Credentials::read_file(&tokens).ok());
        ApplicationMaster::connect(&self.conf, &credentials.await).unwrap()
    }

    async fn fleet(
        &self,
        submission: &Submission,
        number: i32,
        options: FleetOptions,
    ) -> (Fleet, Vec<FleetContainer>) {
        let master = self.master(submission, number).await;
        let attempt = attempt(submission, number);
        Fleet::start(master, "localhost", "", attempt, options)
            .await
            .unwrap()
    }

    async fn container_of_master(&self, attempt: ApplicationAttemptId) -> ContainerId {
        let containers = self.resource_manager.containers(attempt).await.unwrap();
        let mut ids = containers.into_iter().map(|container| container.id);
        ids.find(|id| id.number == 1).unwrap()
    }

    /// The containers that live, by the resource manager, but for the application master's own.
    async fn living(&self, attempts: &[ApplicationAttemptId]) -> BTreeSet<ContainerId> {
        let mut living = BTreeSet::new();
        for attempt in attempts {
            let reports = self.resource_manager.containers(*attempt).await.unwrap();
            let reports = reports
                .into_iter()
                .filter(|it| it.state != ContainerState::Complete);
            living.extend(reports.map(|it| it.id).filter(|id| id.number != 1));
        }
        living
    }

    /// Waits until exactly these containers live, and looks whether it stays so.
    async fn assert_living(&self, attempts: &[ApplicationAttemptId], held: &[&FleetContainer]) {
        let held: BTreeSet<ContainerId> = held.iter().map(|container| container.id()).collect();
        let give_up_at = Instant::now() + PATIENCE;
        loop {
            let living = self.living(attempts).await;
            if living == held {
                break;
            }
            assert!(Instant::now() < give_up_at, "{living:?} live, not {held:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(self.living(attempts).await, held);
    }

    fn start_resource_manager_again(&self) {
        tokio::task::block_in_place(|| self.yarn.start_again()).unwrap();
    }
}

/// Ends an application, and the container of its master, which does not end by itself.
async fn finish(cluster: &Cluster, attempt: ApplicationAttemptId, fleet: &Fleet) {
    let master = cluster.container_of_master(attempt).await;
    fleet
        .finish(FinalStatus::Succeeded, "well done", PATIENCE)
        .await
        .unwrap();
    kill_container(cluster, master);
}

fn attempt(submission: &Submission, number: i32) -> ApplicationAttemptId {
    ApplicationAttemptId {
        application: submission.id,
        number,
    }
}

/// Waits for what `probe` finds.
async fn soon<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let give_up_at = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < give_up_at, "no {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(2 * PATIENCE, future).await;
    done.unwrap_or_else(|_| panic!("{what} takes too long"))
}

fn small() -> Resource {
    Resource::new(100, 1)
}

/// Asks for all at once.
async fn containers(fleet: &Fleet, number: usize) -> Vec<FleetContainer> {
    let asking: Vec<_> = (0..number)
        .map(|_| {
            let fleet = fleet.clone();
            tokio::spawn(async move { fleet.container(small(), None).await })
        })
        .collect();
    let mut given = Vec::new();
    for container in asking {
        given.push(in_time("a container", container).await.unwrap().unwrap());
    }
    given
}

/// Starts a command that notes down its process and sleeps.
async fn start_sleeping(container: &FleetContainer, dir: &Path) -> u32 {
    let note = dir.join(container.id().to_string());
    let part = note.with_extension("part");
    let command = format!(
        "echo \\$\\$ > {0} && mv {0} {1} && echo some last words >&2 && exec sleep 299 2><LOG_DIR>/stderr",
        part.display(),
        note.display()
    );
    container.start(&LaunchContext::new(command)).await.unwrap();
    let process = soon("process", async || std::fs::read_to_string(&note).ok()).await;
    process.trim().parse().unwrap()
}

fn kill(process: u32) {
    let status = std::process::Command::new("kill")
        .args(["-9", &process.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_lives_on_a_real_cluster() {
    let cluster = Cluster::start(1, 8192);
    containers_come_and_go(&cluster).await;
    what_is_not_wanted_any_more_is_given_back(&cluster).await;
    the_next_attempt_takes_over(&cluster).await;
    a_restart_of_the_resource_manager_is_outlived(&cluster).await;
}

async fn containers_come_and_go(cluster: &Cluster) {
    let submission = cluster.submit(1).await;
    let first = attempt(&submission, 1);
    let (fleet, before) = cluster.fleet(&submission, 1, FleetOptions::default()).await;
    assert!(before.is_empty());
    assert_eq!(fleet.maximum(), Resource::new(8192, 4));
    for too_much in [
        Resource::new(8193, 1),
        Resource::new(64, 5),
        Resource::new(0, 1),
    ] {
        assert!(fleet.container(too_much, None).await.is_err(), "{too_much}");
    }
    // One that the resource manager refuses does not harm the others that go along.
    let other = fleet.clone();
    let refused = tokio::spawn(async move { other.container(small(), Some("nowhere")).await });
    let mut held = containers(&fleet, 5).await;
    let error = in_time("a refusal", refused).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("label"), "{error}");

    let mut processes = Vec::new();
    for container in &held {
        assert_eq!(container.resource(), Resource::new(128, 1));
        assert!(container.node_http_address().contains(':'));
        processes.push(start_sleeping(container, cluster.dir.path()).await);
        assert_eq!(container.state().await.unwrap(), ContainerState::Running);
    }
    cluster
        .assert_living(&[first], &held.iter().collect::<Vec<_>>())
        .await;
    let seen = fleet.cluster().borrow().clone();
    assert_eq!((seen.nodes, seen.trouble.as_deref()), (1, None));
    assert!(seen.available.memory_mb < 8192, "{seen:?}");

    kill(processes[0]);
    let end = in_time("an end", held[0].ended()).await;
    assert_eq!(end.exit_status, 137, "{end}");
    assert!(end.blames_the_container());
    assert!(
        end.to_string()
            .starts_with("it ended with exit code 137 (signal 9): "),
        "{end}"
    );
    assert_eq!(held[0].ended().await, end);
    assert_eq!(held[0].state().await.unwrap(), ContainerState::Complete);

    held[1].terminate().await.unwrap();
    assert_eq!(in_time("an end", held[1].ended()).await.exit_status, 143);

    held[2].stop(PATIENCE).await;
    let end = in_time("an end", held[2].ended()).await;
    assert!([-105, -100].contains(&end.exit_status), "{end}");
    assert!(!end.blames_the_container());
    assert!(held[0].start(&LaunchContext::new("true")).await.is_err());

    drop(held.drain(..4));
    cluster.assert_living(&[first], &[&held[0]]).await;
    finish(cluster, first, &fleet).await;
    let ended = soon("end of the application", async || {
        let report = cluster
            .resource_manager
            .application_report(submission.id)
            .await;
        Some(report.unwrap()).filter(|report| report.state.is_final())
    });
    let ended = ended.await;
    assert_eq!(ended.state, ApplicationState::Finished);
    assert!(ended.diagnostics.contains("well done"), "{ended:?}");
    let late = fleet.container(small(), None).await.unwrap_err();
    assert!(late.to_string().contains("is finished"), "{late}");
}

async fn what_is_not_wanted_any_more_is_given_back(cluster: &Cluster) {
    let submission = cluster.submit(1).await;
    let first = attempt(&submission, 1);
    let (fleet, _) = cluster.fleet(&submission, 1, FleetOptions::default()).await;
    let asking: Vec<_> = (0..30)
        .map(|number| {
            let fleet = fleet.clone();
            tokio::spawn(async move {
                let asking = fleet.container(small(), None);
                if number % 3 == 0 {
                    return Some(asking.await.unwrap());
                }
                // Some never get to be asked for, some are on their way.
                let patience = Duration::from_millis(30 * number);
                let given = tokio::time::timeout(patience, asking).await.ok()?.unwrap();
                drop(given);
                None
            })
        })
        .collect();
    let mut held = Vec::new();
    for container in asking {
        held.extend(in_time("a container", container).await.unwrap());
    }
    assert_eq!(held.len(), 10);
    cluster
        .assert_living(&[first], &held.iter().collect::<Vec<_>>())
        .await;
    // More than there is room for: those that wait are taken back.
    let large = Resource::new(4096, 1);
    let first_large = in_time("a container", fleet.container(large, None))
        .await
        .unwrap();
    let too_many = tokio::time::timeout(Duration::from_secs(3), fleet.container(large, None)).await;
    assert!(too_many.is_err());
    let text = fleet.cluster().borrow().waiting_for(large);
    assert!(
        text.starts_with("waiting for a container of 4096 MB: the queue has "),
        "{text}"
    );
    drop(first_large);
    cluster
        .assert_living(&[first], &held.iter().collect::<Vec<_>>())
        .await;
    drop(held);
    cluster.assert_living(&[first], &[]).await;
    let killed = cluster
        .resource_manager
        .kill_application(submission.id, "enough", PATIENCE);
    killed.await.unwrap();
    let reason = in_time("the end of the attempt", fleet.over()).await;
    assert!(reason.contains(&first.to_string()), "{reason}");
    let late = fleet.container(small(), None).await.unwrap_err();
    assert!(late.to_string().contains("is over"), "{late}");
}

/// An application master that dies leaves its containers to the next one.
async fn the_next_attempt_takes_over(cluster: &Cluster) {
    let submission = cluster.submit(2).await;
    let attempts = [attempt(&submission, 1), attempt(&submission, 2)];
    let (fleet, _) = cluster.fleet(&submission, 1, FleetOptions::default()).await;
    let held = containers(&fleet, 3).await;
    let mut ids = Vec::new();
    let mut processes = Vec::new();
    for container in held {
        processes.push(start_sleeping(&container, cluster.dir.path()).await);
        ids.push(container.id());
        container.leave();
    }
    drop(fleet);
    // The end of its container is the end of the attempt, though the test took its part.
    let master = cluster.container_of_master(attempts[0]).await;
    kill_container(cluster, master);

    let (fleet, mut found) = cluster.fleet(&submission, 2, FleetOptions::default()).await;
    found.sort_by_key(FleetContainer::id);
    ids.sort();
    assert_eq!(
        found.iter().map(FleetContainer::id).collect::<Vec<_>>(),
        ids
    );
    for container in &found {
        assert_eq!(container.state().await.unwrap(), ContainerState::Running);
    }
    let new = containers(&fleet, 1).await.remove(0);
    assert_eq!(new.id().attempt, attempts[1]);
    let held: Vec<_> = found.iter().chain([&new]).collect();
    cluster.assert_living(&attempts, &held).await;
    let process = std::fs::read_to_string(cluster.dir.path().join(found[0].id().to_string()));
    kill(process.unwrap().trim().parse().unwrap());
    let end = in_time("an end", found[0].ended()).await;
    assert_eq!(end.exit_status, 137, "{end}");
    found[1].stop(PATIENCE).await;
    drop(found.pop());
    cluster.assert_living(&attempts, &[&new]).await;
    finish(cluster, attempts[1], &fleet).await;
}

/// Kills what runs in a container, whose processes work below a directory with its id.
fn kill_container(cluster: &Cluster, id: ContainerId) {
    let name = id.to_string();
    let mut killed = 0;
    for process in cluster.yarn.container_processes() {
        let directory = std::fs::read_link(format!("/proc/{process}/cwd"));
        if directory.is_ok_and(|directory| directory.ends_with(&name)) {
            kill(process);
            killed += 1;
        }
    }
    assert!(killed > 0, "nothing runs in {name}");
}

async fn a_restart_of_the_resource_manager_is_outlived(cluster: &Cluster) {
    let submission = cluster.submit(1).await;
    let first = attempt(&submission, 1);
    let options = FleetOptions {
        longest_pause: Duration::from_secs(2),
        examine_after: Duration::from_secs(5),
        ..FleetOptions::default()
    };
    let (fleet, _) = cluster.fleet(&submission, 1, options).await;
    let mut held = containers(&fleet, 3).await;
    let mut processes = Vec::new();
    for container in &held {
        processes.push(start_sleeping(container, cluster.dir.path()).await);
    }
    // The resource manager will have forgotten it, for no node manager knows it.
    let mut unstarted = containers(&fleet, 1).await.remove(0);
    // There is no room for it until the end.
    let large = Resource::new(8192 - 64 - 2 * 128, 1);
    let asking = fleet.clone();
    let asking = tokio::spawn(async move { asking.container(large, None).await });
    let text = "waiting for a container of 7872 MB: the queue has 7616 MB left on 1 node";
    soon("message", async || {
        (fleet.cluster().borrow().waiting_for(large) == text).then_some(())
    })
    .await;

    cluster.yarn.kill_resource_manager();
    let given_back = held.pop().unwrap();
    drop(given_back);
    let mut shown = fleet.cluster();
    let away = shown.wait_for(|shown| shown.trouble.is_some());
    let away = in_time("the trouble", away).await.unwrap().clone();
    assert!(
        away.waiting_for(large).contains("not reachable"),
        "{away:?}"
    );
    cluster.start_resource_manager_again();
    let back = shown.wait_for(|shown| shown.trouble.is_none());
    in_time("the resource manager", back).await.unwrap();

    let end: ContainerEnd = in_time("an end", unstarted.ended()).await;
    assert_eq!(end.exit_status, -100, "{end}");
    let large = in_time("the large container", asking)
        .await
        .unwrap()
        .unwrap();
    let now_held: Vec<_> = held.iter().chain([&large]).collect();
    cluster.assert_living(&[first], &now_held).await;
    kill(processes[0]);
    assert_eq!(in_time("an end", held[0].ended()).await.exit_status, 137);
    held[1].stop(PATIENCE).await;
    drop(large);
    cluster.assert_living(&[first], &[]).await;
    finish(cluster, first, &fleet).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_node_is_not_the_containers_fault() {
    let cluster = Cluster::start(2, 1024);
    let submission = cluster.submit(1).await;
    let first = attempt(&submission, 1);
    let (fleet, _) = cluster.fleet(&submission, 1, FleetOptions::default()).await;
    // More than fit on one node; the application master lives on one.
    let mut held = containers(&fleet, 10).await;
    let own = cluster.container_of_master(first).await;
    let own = cluster.resource_manager.container_report(own).await;
    let own = own.unwrap().node;
    let other = (0..2).find(|node| cluster.yarn.node_port(*node) != own.port);
    let other = other.unwrap();
    for container in &held {
        start_sleeping(container, cluster.dir.path()).await;
    }
    let port = cluster.yarn.node_port(other);
    let there = held.extract_if(.., |container| container.node().port == port);
    let mut there: Vec<_> = there.collect();
    assert!(there.len() >= 2 && !held.is_empty(), "{there:?}");

    // A node manager that hangs does not hold up whoever wants to get rid of a container.
    cluster.yarn.pause_node(other);
    let asked_at = Instant::now();
    let mut stopped = there.pop().unwrap();
    stopped.stop(Duration::from_secs(2)).await;
    assert!(
        asked_at.elapsed() < Duration::from_secs(4),
        "{:?}",
        asked_at.elapsed()
    );

    cluster.yarn.lose_node(other);
    for container in &mut there {
        let end = in_time("an end", container.ended()).await;
        assert_eq!(end.exit_status, -100, "{end}");
        assert!(!end.blames_the_container());
        assert!(
            end.to_string().starts_with("its node was lost (-100)"),
            "{end}"
        );
    }
    cluster
        .assert_living(&[first], &held.iter().collect::<Vec<_>>())
        .await;
    assert_eq!(fleet.cluster().borrow().nodes, 1);
    finish(&cluster, first, &fleet).await;
}
