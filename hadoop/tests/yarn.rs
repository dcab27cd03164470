//! Against a real resource manager and node manager.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use alidade_hadoop::{
    AllocateRequest, ApplicationId, ApplicationMaster, ApplicationReport, ApplicationState, Ask,
    Container, ContainerState, ContainerStatus, Credentials, FinalStatus, HadoopConf, HadoopError,
    LaunchContext, Login, NodeManager, Protection, QueueState, RemoteKind, Resource,
    ResourceManager, RpcOptions, Submission, TokenFileFormat, TokenKind,
};
use alidade_testkit::{Lifetime, Yarn};

/// For whatever the cluster needs some time for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A cluster that offers all protections, on the local file system.
fn start_yarn(dir: &Path) -> Yarn {
    let properties = [
        ("fs.defaultFS", "file:///"),
        ("hadoop.rpc.protection", "authentication,integrity,privacy"),
    ];
    let mut core_site = "<configuration>".to_owned();
    for (name, value) in properties {
        core_site += &format!("<property><name>{name}</name><value>{value}</value></property>");
    }
    core_site += "</configuration>";
    std::fs::write(dir.join("core-site.xml"), core_site).unwrap();
    std::fs::write(dir.join("hdfs-site.xml"), "<configuration/>").unwrap();
    Yarn::start_with(dir, &Lifetime::Scoped).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn applications_live_and_die() {
    let dir = tempfile::tempdir().unwrap();
    let yarn = start_yarn(dir.path());
    let conf = HadoopConf::read(&yarn.conf_dir()).unwrap();
    let resource_manager = ResourceManager::connect(&conf).unwrap();

    the_cluster_is_described(&resource_manager).await;
    an_application_is_submitted_and_killed(&resource_manager).await;
    applications_are_found(&resource_manager).await;
    what_the_cluster_refuses_is_told(&resource_manager).await;
    a_delegation_token_lives(&conf, &resource_manager).await;
    for protection in [
        Protection::Authentication,
        Protection::Integrity,
        Protection::Privacy,
    ] {
        an_application_master_lives(&conf, &resource_manager, dir.path(), protection).await;
    }
    a_killed_application_tells_its_master(&conf, &resource_manager, dir.path()).await;
    a_restart_is_survived(&yarn, &conf, &resource_manager).await;
}

async fn the_cluster_is_described(resource_manager: &ResourceManager) {
    let nodes = resource_manager.running_nodes().await.unwrap();
    assert_eq!(nodes.len(), 1);
    assert_eq!(nodes[0].capability, Resource::new(8192, 16));
    assert_ne!(nodes[0].id.port, 0);

    let queue = resource_manager.queue_info("default").await.unwrap();
    assert_eq!((queue.name.as_str(), queue.capacity), ("default", 1.0));
    assert_eq!(queue.state, QueueState::Running);
    let root = resource_manager.queue_info("root").await.unwrap();
    assert_eq!(root.children.len(), 1, "{root:?}");
}

async fn submit(
    resource_manager: &ResourceManager,
    launch: LaunchContext,
) -> (Submission, ApplicationReport) {
    let new = resource_manager.new_application().await.unwrap();
    let mut submission = Submission::new(new.id, "test of hadoop", launch, Resource::new(64, 1));
    submission.tags = vec!["alidade-test".into()];
    submission.max_attempts = Some(1);
    resource_manager
        .submit_application(&submission)
        .await
        .unwrap();
    let report = resource_manager
        .wait_until_accepted(&submission, PATIENCE)
        .await
        .unwrap();
    (submission, report)
}

async fn applications_are_found(resource_manager: &ResourceManager) {
    let mut ids = Vec::new();
    for (kind, tag) in [
        ("KIND-A", "tag-1"),
        ("KIND-A", "tag-2"),
        ("KIND-B", "Tag-1"),
    ] {
        let new = resource_manager.new_application().await.unwrap();
        let launch = LaunchContext::new("sleep 300");
        let mut submission = Submission::new(new.id, "to be found", launch, Resource::new(64, 1));
        submission.kind = kind.into();
        submission.tags = vec![tag.into()];
        resource_manager
            .submit_application(&submission)
            .await
            .unwrap();
        let accepted = resource_manager.wait_until_accepted(&submission, PATIENCE);
        assert_eq!(accepted.await.unwrap().kind, kind);
        ids.push(new.id);
    }
    let find = async |kinds: &[&str], tags: &[&str], only_live| {
        let reports = resource_manager.applications(kinds, tags, only_live).await;
        let reports = reports.unwrap().into_iter();
        reports
            .map(|report| report.id)
            .collect::<Vec<ApplicationId>>()
    };
    assert_eq!(find(&["KIND-A"], &[], true).await, ids[..2]);
    assert_eq!(
        find(&["KIND-A", "KIND-B"], &["tag-1"], true).await,
        [ids[0], ids[2]]
    );
    assert_eq!(find(&[], &["TAG-1", "tag-2"], false).await, ids);
    assert_eq!(find(&["KIND-A"], &["tag-3"], false).await, []);

    let attempt = resource_manager
        .application_report(ids[0])
        .await
        .unwrap()
        .attempt;
    let attempt = attempt.expect("an attempt");
    let master = soon("container of the master", async || {
        resource_manager.master_container(attempt).await.unwrap()
    });
    assert_eq!(master.await.attempt, attempt);

    resource_manager
        .kill_application(ids[0], "found", PATIENCE)
        .await
        .unwrap();
    assert_eq!(find(&["KIND-A"], &[], true).await, ids[1..2]);
    assert_eq!(find(&["KIND-A"], &[], false).await, ids[..2]);
    for id in &ids[1..] {
        resource_manager
            .kill_application(*id, "found", PATIENCE)
            .await
            .unwrap();
    }
    assert_eq!(find(&["KIND-A", "KIND-B"], &[], true).await, []);
}

async fn an_application_is_submitted_and_killed(resource_manager: &ResourceManager) {
    let (submission, report) = submit(resource_manager, LaunchContext::new("sleep 300")).await;
    let id = submission.id;
    assert_eq!(report.id, id);
    assert_eq!(report.state, ApplicationState::Accepted, "{report:?}");
    assert_eq!(report.final_status, FinalStatus::Undefined);
    assert_eq!(
        (report.name.as_str(), report.queue.as_str()),
        ("test of hadoop", "default")
    );
    assert_eq!(report.tags, ["alidade-test"]);
    let attempt = report.attempt.expect("an attempt");
    assert_eq!((attempt.application, attempt.number), (id, 1));

    // Again changes nothing.
    resource_manager
        .submit_application(&submission)
        .await
        .unwrap();

    // Many at once, over one connection.
    let calls = (0..50).map(|_| {
        let resource_manager = resource_manager.clone();
        tokio::spawn(async move { resource_manager.application_report(id).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap().id, id);
    }

    resource_manager
        .kill_application(id, "killed by a test", PATIENCE)
        .await
        .unwrap();
    let report = resource_manager.application_report(id).await.unwrap();
    assert_eq!(report.state, ApplicationState::Killed);
    assert_eq!(report.final_status, FinalStatus::Killed);
    assert!(
        report.diagnostics.contains("killed by a test"),
        "{report:?}"
    );
    assert!(report.finished_ms >= report.started_ms);
    // Dead things can be killed.
    resource_manager
        .kill_application(id, "again", PATIENCE)
        .await
        .unwrap();
}

async fn what_the_cluster_refuses_is_told(resource_manager: &ResourceManager) {
    let unknown: ApplicationId = "application_1700000000000_0001".parse().unwrap();
    let error = resource_manager
        .application_report(unknown)
        .await
        .unwrap_err();
    assert_eq!(error.remote_kind(), Some(RemoteKind::ApplicationNotFound));
    assert!(error.to_string().contains(&unknown.to_string()), "{error}");

    let new = resource_manager.new_application().await.unwrap();
    let launch = LaunchContext::new("true");
    let too_large = Resource::new(new.maximum.memory_mb + 1, 1);
    let submission = Submission::new(new.id, "too large", launch, too_large);
    let error = resource_manager
        .submit_application(&submission)
        .await
        .unwrap_err();
    assert_eq!(
        error.remote_kind(),
        Some(RemoteKind::InvalidResourceRequest),
        "{error}"
    );
}

async fn a_delegation_token_lives(conf: &HadoopConf, resource_manager: &ResourceManager) {
    let Login::Simple { user } = Login::from_conf(conf, "yarn.resourcemanager.principal").unwrap()
    else {
        panic!("a cluster without Kerberos");
    };
    let token = resource_manager.delegation_token(&user).await.unwrap();
    assert!(token.is(TokenKind::ResourceManager), "{token:?}");
    let expiry = resource_manager
        .renew_delegation_token(&token)
        .await
        .unwrap();
    assert!(expiry > 1_600_000_000_000, "{expiry}");

    for protection in [
        Protection::Authentication,
        Protection::Integrity,
        Protection::Privacy,
    ] {
        let login = Login::Token(token.clone());
        let by_token = ResourceManager::connect_with(conf, login, options(protection)).unwrap();
        assert_eq!(by_token.running_nodes().await.unwrap().len(), 1);
    }

    resource_manager
        .cancel_delegation_token(&token)
        .await
        .unwrap();
    let login = Login::Token(token.clone());
    let by_token = ResourceManager::connect_with(conf, login, RpcOptions::default()).unwrap();
    let error = by_token.running_nodes().await.unwrap_err();
    assert_eq!(
        error.remote_kind(),
        Some(RemoteKind::InvalidToken),
        "{error}"
    );
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

/// Starts an application whose master only shows its tokens: the test takes its part.
async fn take_the_masters_part(
    resource_manager: &ResourceManager,
    dir: &Path,
) -> (Submission, ApplicationReport, Credentials) {
    let tokens: PathBuf = dir.join("tokens");
    let unfinished = dir.join("tokens.unfinished");
    let command = format!(
        "cp \\$HADOOP_TOKEN_FILE_LOCATION {0} && mv {0} {1} && sleep 300",
        unfinished.display(),
        tokens.display()
    );
    let (submission, report) = submit(resource_manager, LaunchContext::new(command)).await;
    let credentials = soon("token file", async || Credentials::read_file(&tokens).ok());
    let credentials = credentials.await;
    std::fs::remove_file(&tokens).unwrap();
    (submission, report, credentials)
}

fn options(protection: Protection) -> RpcOptions {
    RpcOptions {
        protection: vec![protection],
        ..RpcOptions::default()
    }
}

async fn an_application_master_lives(
    conf: &HadoopConf,
    resource_manager: &ResourceManager,
    dir: &Path,
    protection: Protection,
) {
    let (submission, report, credentials) = take_the_masters_part(resource_manager, dir).await;
    let written = credentials.to_bytes(TokenFileFormat::Writable);
    assert_eq!(Credentials::from_bytes(&written).unwrap(), credentials);

    let options = options(protection);
    let mut master = ApplicationMaster::connect_with(conf, &credentials, options).unwrap();
    let early = master.allocate(&AllocateRequest::default()).await;
    assert_eq!(
        early.unwrap_err().remote_kind(),
        Some(RemoteKind::NotRegistered)
    );
    let registration = master.register("localhost", 0, "").await.unwrap();
    assert_eq!(registration.maximum, Resource::new(8192, 4));
    assert_eq!(registration.queue, "default");
    assert!(registration.from_previous_attempts.is_empty());
    let twice = master.register("localhost", 0, "").await.unwrap_err();
    assert_eq!(twice.remote_kind(), Some(RemoteKind::InvalidMasterRequest));
    let report_now = resource_manager.application_report(submission.id).await;
    assert_eq!(report_now.unwrap().state, ApplicationState::Running);

    let container = one_container(&mut master, 1).await;
    let attempt = report.attempt.expect("an attempt");
    assert_eq!(container.id.attempt, attempt);
    let node_manager = master.node_manager(&container.node).unwrap();
    run_and_stop(
        resource_manager,
        &mut master,
        &node_manager,
        &container,
        dir,
    )
    .await;

    let released = one_container(&mut master, 2).await;
    let request = AllocateRequest {
        release: vec![released.id],
        ..AllocateRequest::default()
    };
    let status = completion(&mut master, &released, request).await;
    assert_eq!(status.exit_status, -100, "{status:?}");

    master
        .finish(FinalStatus::Succeeded, "well done", "", PATIENCE)
        .await
        .unwrap();
    let ended = soon("end of the application", async || {
        let report = resource_manager.application_report(submission.id).await;
        Some(report.unwrap()).filter(|report| report.state.is_final())
    });
    let ended = ended.await;
    assert_eq!(ended.state, ApplicationState::Finished);
    assert_eq!(ended.final_status, FinalStatus::Succeeded);
    assert!(ended.diagnostics.contains("well done"), "{ended:?}");
}

async fn a_killed_application_tells_its_master(
    conf: &HadoopConf,
    resource_manager: &ResourceManager,
    dir: &Path,
) {
    let (submission, _, credentials) = take_the_masters_part(resource_manager, dir).await;
    let mut master = ApplicationMaster::connect(conf, &credentials).unwrap();
    master.register("localhost", 0, "").await.unwrap();
    resource_manager
        .kill_application(submission.id, "in the middle", PATIENCE)
        .await
        .unwrap();
    let heartbeat = master.allocate(&AllocateRequest::default()).await;
    assert_eq!(
        heartbeat.unwrap_err().remote_kind(),
        Some(RemoteKind::AttemptNotFound)
    );
}

async fn one_container(master: &mut ApplicationMaster, id: i64) -> Container {
    let mut request = AllocateRequest {
        asks: vec![Ask::one(id, Resource::new(100, 1))],
        ..AllocateRequest::default()
    };
    let container = soon("container", async || {
        let mut answer = master.allocate(&request).await.unwrap();
        request = AllocateRequest::default();
        answer.allocated.pop()
    });
    let container = container.await;
    assert_eq!(container.allocation_request_id, id);
    // The scheduler goes in steps of 64.
    assert_eq!(container.resource, Resource::new(128, 1));
    container
}

/// Sends a heartbeat, and more until one tells the end of a container.
async fn completion(
    master: &mut ApplicationMaster,
    container: &Container,
    mut request: AllocateRequest,
) -> ContainerStatus {
    let completion = soon("completion", async || {
        let answer = master.allocate(&request).await.unwrap();
        request = AllocateRequest::default();
        let mut completed = answer.completed.into_iter();
        completed.find(|status| status.id == container.id)
    });
    completion.await
}

async fn run_and_stop(
    resource_manager: &ResourceManager,
    master: &mut ApplicationMaster,
    node_manager: &NodeManager,
    container: &Container,
    dir: &Path,
) {
    let awkward = r#"it's "$HOME" & `id` \ "#;
    let out = dir.join("out");
    let command = format!(
        "printf '%s|%s' \\\"\\$AWKWARD\\\" {} > {1}.unfinished && mv {1}.unfinished {1} && sleep 300",
        alidade_hadoop::shell::argument(awkward).unwrap(),
        out.display()
    );
    let launch = LaunchContext::new(command)
        .with_environment("AWKWARD", awkward)
        .unwrap();
    node_manager
        .start_container(container, &launch)
        .await
        .unwrap();
    let again = node_manager.start_container(container, &launch).await;
    let again = again.unwrap_err();
    assert!(matches!(again, HadoopError::Remote(_)), "{again}");

    let output = soon("output", async || std::fs::read_to_string(&out).ok()).await;
    std::fs::remove_file(&out).unwrap();
    assert_eq!(output, format!("{awkward}|{awkward}"));
    let unknown = alidade_hadoop::ContainerId {
        attempt: container.id.attempt,
        number: container.id.number + 1000,
    };
    let (statuses, refusals) = node_manager
        .container_statuses(&[container.id, unknown])
        .await
        .unwrap();
    assert_eq!(statuses.len(), 1);
    assert_eq!(statuses[0].id, container.id);
    assert_eq!(statuses[0].state, ContainerState::Running);
    assert_eq!(statuses[0].exit_status, -1000);
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].id, unknown);

    let ours = soon("report of the container", async || {
        let all = resource_manager.containers(container.id.attempt).await;
        let mut all = all.unwrap().into_iter();
        all.find(|it| it.id == container.id && it.state == ContainerState::Running)
    });
    let ours = ours.await;
    assert_eq!(
        (&ours.node, ours.resource),
        (&container.node, container.resource)
    );
    assert!(ours.created_ms > 1_600_000_000_000, "{ours:?}");
    assert!(ours.log_url.contains(&container.id.to_string()), "{ours:?}");
    let report = resource_manager
        .container_report(container.id)
        .await
        .unwrap();
    assert_eq!(report, ours);

    let refused = node_manager.stop_containers(&[container.id]).await.unwrap();
    assert_eq!(refused, []);
    let status = completion(master, container, AllocateRequest::default()).await;
    assert_eq!(status.state, ContainerState::Complete);
    assert_eq!(status.exit_status, -105, "{status:?}");
}

/// Calls made while the resource manager is away are answered when it is back.
async fn a_restart_is_survived(yarn: &Yarn, conf: &HadoopConf, resource_manager: &ResourceManager) {
    let before = resource_manager.new_application().await.unwrap().id;
    yarn.kill_resource_manager();
    let error = resource_manager.running_nodes().await.unwrap_err();
    assert!(
        matches!(&error, HadoopError::Unreachable { .. }),
        "{error:?}"
    );
    let waiting = ResourceManager::connect_with(
        conf,
        Login::from_conf(conf, "yarn.resourcemanager.principal").unwrap(),
        RpcOptions {
            patience: Duration::from_secs(120),
            ..RpcOptions::default()
        },
    )
    .unwrap();
    let call = tokio::spawn(async move { waiting.new_application().await });
    tokio::task::block_in_place(|| yarn.start_again()).unwrap();
    let after = call.await.unwrap().unwrap().id;
    assert!(after.cluster_timestamp > before.cluster_timestamp);
    // The same client as before, after its connection was lost.
    resource_manager.new_application().await.unwrap();
}
