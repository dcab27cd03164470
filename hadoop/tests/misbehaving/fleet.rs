//! A [`Fleet`] whose resource manager loses answers, is restarted, forgets, and tells things twice or too late.

use std::time::Duration;

use alidade_hadoop::proto::yarn::AmCommandProto;
use alidade_hadoop::{
    ApplicationAttemptId, ContainerId, ContainerState, FinalStatus, Fleet, FleetContainer,
    HadoopError, LaunchContext, RemoteKind, Resource,
};
use tokio::task::JoinHandle;

use crate::application_master::master;
use crate::fake_cluster::{ATTEMPT, FakeCluster, Trick, id, quick, status};

type Asking = JoinHandle<Result<FleetContainer, HadoopError>>;

fn ask(fleet: &Fleet, memory_mb: i64) -> Asking {
    let fleet = fleet.clone();
    tokio::spawn(async move { fleet.container(Resource::new(memory_mb, 1), None).await })
}

async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(Duration::from_secs(20), future).await;
    done.unwrap_or_else(|_| panic!("{what} takes too long"))
}

async fn given(asking: Asking) -> FleetContainer {
    in_time("a container", asking).await.unwrap().unwrap()
}

/// Takes a wish back, and waits until that is done.
async fn take_back(asking: Asking) {
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn lost_answers_lose_and_double_nothing() {
    let cluster = FakeCluster::start(3).await;
    let (fleet, _) = cluster.fleet().await;
    // So many that the client itself gives up several times.
    cluster.state().heartbeat_tricks.extend([Trick::Lose; 12]);
    let mut asking: Vec<_> = (0..5).map(|_| ask(&fleet, 100)).collect();
    cluster
        .until("a heartbeat", |state| state.live.len() == 3)
        .await;
    // Now that they are on their way, some change their mind, and others come.
    take_back(asking.remove(4)).await;
    take_back(asking.remove(0)).await;
    asking.push(ask(&fleet, 100));
    let mut held = Vec::new();
    for asking in asking.drain(..3) {
        held.push(given(asking).await);
    }
    cluster
        .until("the last wish", |state| state.outstanding.len() == 1)
        .await;
    take_back(asking.remove(0)).await;
    cluster.assert_live(&held.iter().collect::<Vec<_>>()).await;
    assert_eq!(cluster.state().asked.len(), 6);
    assert!(
        cluster.state().asked.iter().all(|id| id >> 32 == 2),
        "{:?}",
        cluster.state().asked
    );
    drop(held);
    cluster.assert_live(&[]).await;
    assert!(fleet.cluster().borrow().trouble.is_none());
}

#[tokio::test]
async fn after_a_restart_everything_is_told_again() {
    for how in [Trick::Restart, Trick::Command(AmCommandProto::AmResync)] {
        let cluster = FakeCluster::start(1).await;
        let (fleet, _) = cluster.fleet().await;
        let mut held = given(ask(&fleet, 100)).await;
        let mut others: Vec<_> = (0..3).map(|_| ask(&fleet, 100)).collect();
        cluster
            .until("the wishes", |state| state.outstanding.len() == 3)
            .await;
        // It is heard only by the one that comes after.
        cluster.state().is_deaf_to_releases = true;
        let given_back = held.id();
        let start = LaunchContext::new("true");
        held.start(&start).await.unwrap();
        drop(held);
        cluster
            .until("the release", |state| state.released.contains(&given_back))
            .await;
        take_back(others.remove(0)).await;
        cluster
            .until("what is taken back", |state| state.outstanding.len() == 2)
            .await;

        {
            let mut state = cluster.state();
            // The answer to the registration is lost, over and over: then it is registered already.
            state.register_tricks.extend([Trick::Lose; 3]);
            state.heartbeat_tricks.push_back(how);
        }
        cluster
            .until("the restart", |state| state.heartbeat_tricks.is_empty())
            .await;
        cluster
            .until("the wishes", |state| state.outstanding.len() == 2)
            .await;
        assert_eq!(cluster.state().registrations, 2);
        cluster.state().is_deaf_to_releases = false;
        held = given(others.remove(0)).await;
        take_back(others.remove(0)).await;
        cluster.assert_live(&[&held]).await;
    }
}

#[tokio::test]
async fn a_restart_in_the_middle_of_everything_over_allocates_nothing() {
    let cluster = FakeCluster::start(4).await;
    let (fleet, _) = cluster.fleet().await;
    let mut held = Vec::new();
    for round in 0..20 {
        cluster.state().room = held.len() + 4;
        let asking: Vec<_> = (0..6).map(|_| ask(&fleet, 100)).collect();
        let tricks = [Trick::Lose, Trick::Restart, Trick::Lose, Trick::Lose];
        cluster
            .state()
            .heartbeat_tricks
            .extend(&tricks[round % 4..]);
        if round % 3 == 0 {
            cluster.state().register_tricks.push_back(Trick::Lose);
        }
        if round % 2 == 0 {
            cluster.restart();
        }
        for (number, asking) in asking.into_iter().enumerate() {
            if number == 0 {
                let container = given(asking).await;
                // Else a restarted resource manager would forget it.
                container.start(&LaunchContext::new("true")).await.unwrap();
                held.push(container);
            } else {
                asking.abort();
            }
        }
    }
    cluster.assert_live(&held.iter().collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn an_attempt_that_is_over_says_so() {
    let refusals = [
        Trick::Refuse("yarn.exceptions.ApplicationAttemptNotFoundException"),
        Trick::Command(AmCommandProto::AmShutdown),
    ];
    for trick in refusals {
        let cluster = FakeCluster::start(1).await;
        let (fleet, _) = cluster.fleet().await;
        let mut held = given(ask(&fleet, 100)).await;
        let waiting = ask(&fleet, 100);
        cluster
            .until("the wish", |state| state.outstanding.len() == 1)
            .await;
        cluster.state().heartbeat_tricks.push_back(trick);
        let reason = in_time("the end", fleet.over()).await;
        assert_eq!(in_time("the end", fleet.over()).await, reason);
        let error = in_time("an error", waiting).await.unwrap().unwrap_err();
        assert!(error.to_string().contains("is over"), "{error}");
        assert!(error.to_string().contains(&reason), "{error}");
        let late = fleet
            .container(Resource::new(100, 1), None)
            .await
            .unwrap_err();
        assert_eq!(late.to_string(), error.to_string());
        let patience = Duration::from_secs(5);
        let finish = fleet
            .finish(FinalStatus::Succeeded, "", patience)
            .await
            .unwrap_err();
        assert_eq!(finish.to_string(), error.to_string());
        // It may live on for the next attempt: it is neither given back nor said to have ended.
        let ended = tokio::time::timeout(Duration::from_millis(100), held.ended()).await;
        assert!(ended.is_err());
        drop(held);
        assert_eq!(cluster.state().released, []);
    }
}

#[tokio::test]
async fn an_attempt_that_is_refused_for_long_is_over() {
    let class = "security.token.SecretManager$InvalidToken";
    let cluster = FakeCluster::start(1).await;
    let (fleet, _) = cluster.fleet().await;
    cluster
        .state()
        .heartbeat_tricks
        .extend([Trick::Refuse(class); 3]);
    let mut shown = fleet.cluster();
    let trouble = shown.wait_for(|shown| shown.trouble.is_some());
    let trouble = in_time("trouble", trouble).await.unwrap().clone();
    assert!(trouble.trouble.unwrap().contains("InvalidToken"));
    // It has come to its senses.
    drop(given(ask(&fleet, 100)).await);
    cluster
        .state()
        .heartbeat_tricks
        .extend([Trick::Refuse(class); 1000]);
    let reason = in_time("the end", fleet.over()).await;
    assert!(reason.contains("InvalidToken"), "{reason}");
}

#[tokio::test]
async fn containers_that_nobody_wished_for_are_given_back() {
    let cluster = FakeCluster::start(1).await;
    let (fleet, _) = cluster.fleet().await;
    let held = given(ask(&fleet, 100)).await;
    let strays = [id(100), id(101), id(102)];
    {
        let mut state = cluster.state();
        // Of an earlier attempt, of none, and of a wish that was granted.
        for (stray, wish) in strays.into_iter().zip([(1 << 32) + 1, -1, (2 << 32) + 1]) {
            let container = state.container(stray, wish);
            state.given_unasked.push(container);
            state.live.insert(stray);
        }
        // That one is ours already.
        let again = state.container(held.id(), (2 << 32) + 1);
        state.given_unasked.push(again);
        state.is_deaf_to_releases = true;
    }
    // Again and again, until it is heard.
    let heard = |times: usize| {
        move |state: &crate::fake_cluster::State| {
            let of = |stray| state.released.iter().filter(|id| **id == stray).count();
            strays.into_iter().all(|stray| of(stray) >= times)
        }
    };
    cluster.until("releases", heard(3)).await;
    cluster.state().is_deaf_to_releases = false;
    cluster.assert_live(&[&held]).await;
    let released = cluster.state().released.len();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(cluster.state().released.len(), released);
}

#[tokio::test]
async fn ends_are_told_once_however_often_they_come() {
    let cluster = FakeCluster::start(2).await;
    let (fleet, _) = cluster.fleet().await;
    let mut ended = given(ask(&fleet, 100)).await;
    let held = given(ask(&fleet, 100)).await;
    {
        let mut state = cluster.state();
        state
            .completed
            .push(status(id(1000), 1, "of no container of ours"));
        state.end(ended.id(), 1, "the first time");
        state
            .completed
            .push(status(ended.id(), 2, "the second time"));
    }
    // Giving up the wait loses nothing.
    let _ = tokio::time::timeout(Duration::from_millis(1), ended.ended()).await;
    let end = in_time("the end", ended.ended()).await;
    assert_eq!(end.to_string(), "it ended with exit code 1: the first time");
    cluster
        .state()
        .completed
        .push(status(ended.id(), 3, "the third time"));
    cluster
        .until("a heartbeat", |state| state.completed.is_empty())
        .await;
    assert_eq!(ended.ended().await, end);
    assert_eq!(ended.state().await.unwrap(), ContainerState::Complete);
    drop(ended);
    cluster.assert_live(&[&held]).await;
    assert_eq!(cluster.state().released, []);
}

#[tokio::test]
async fn a_refused_wish_does_not_harm_the_others() {
    let cluster = FakeCluster::start(10).await;
    let (fleet, _) = cluster.fleet().await;
    cluster.state().too_large_mb = Some(1000);
    let asking = [100, 1000, 200, 300, 2000, 400].map(|memory_mb| ask(&fleet, memory_mb));
    let mut held = Vec::new();
    let mut refused = 0;
    for asking in asking {
        match in_time("an answer", asking).await.unwrap() {
            Ok(container) => held.push(container),
            Err(error) => {
                assert_eq!(
                    error.remote_kind(),
                    Some(RemoteKind::InvalidResourceRequest)
                );
                refused += 1;
            }
        }
    }
    assert_eq!((held.len(), refused), (4, 2));
    cluster.assert_live(&held.iter().collect::<Vec<_>>()).await;
    // What is larger than the resource manager has told is not even sent.
    let asked = cluster.state().asked.len();
    let error = fleet
        .container(Resource::new(8193, 1), None)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("at most 8192 MB"), "{error}");
    assert_eq!(cluster.state().asked.len(), asked);
}

fn of_the_attempt_before(number: i64) -> ContainerId {
    let attempt = ApplicationAttemptId {
        number: 1,
        ..ATTEMPT
    };
    ContainerId { attempt, number }
}

/// As if an earlier attempt had left it behind.
fn leave_behind(cluster: &FakeCluster, container: ContainerId) {
    let mut state = cluster.state();
    let mut proto = state.container(container, (1 << 32) + 1);
    // So does a restarted resource manager, which has heard of the container from its node.
    proto.container_token = None;
    state.from_previous_attempts.push(proto);
    state.live.insert(container);
    state.at_node.insert(container, true);
}

#[tokio::test]
async fn containers_of_earlier_attempts_are_found_also_later() {
    let cluster = FakeCluster::start(10).await;
    let [early, late, unlisted] = [2, 3, 4].map(of_the_attempt_before);
    leave_behind(&cluster, early);
    let (fleet, mut found) = cluster.fleet().await;
    assert_eq!(
        found.iter().map(FleetContainer::id).collect::<Vec<_>>(),
        [early]
    );
    assert_eq!(found[0].state().await.unwrap(), ContainerState::Running);

    // The application master's own container is none that was found.
    leave_behind(&cluster, id(1));
    cluster.state().live.remove(&id(1));
    leave_behind(&cluster, early);
    leave_behind(&cluster, late);
    let late_one = in_time("a late find", fleet.found_late()).await;
    assert_eq!(late_one.id(), late);
    let again = tokio::time::timeout(Duration::from_millis(100), fleet.found_late()).await;
    assert!(again.is_err(), "{again:?}");
    cluster.assert_live(&[&found[0], &late_one]).await;

    // Known from elsewhere, and not wanted.
    cluster.state().live.insert(unlisted);
    fleet.release(unlisted);
    cluster.assert_live(&[&found[0], &late_one]).await;

    // Left, it lives on, whatever the resource manager tells later.
    found.remove(0).leave();
    leave_behind(&cluster, early);
    cluster
        .until("a heartbeat", |state| {
            state.from_previous_attempts.is_empty()
        })
        .await;
    drop(late_one);
    cluster
        .until("the release", |state| !state.live.contains(&late))
        .await;
    assert!(cluster.state().live.contains(&early));
    assert!(!cluster.state().released.contains(&early));
    fleet
        .finish(FinalStatus::Succeeded, "", Duration::from_secs(5))
        .await
        .unwrap();
}

#[tokio::test]
async fn other_attempts_containers_that_may_not_be_given_back_do_not_stop_it() {
    let cluster = FakeCluster::start(10).await;
    leave_behind(&cluster, of_the_attempt_before(2));
    let (fleet, found) = cluster.fleet().await;
    cluster.state().refuses_foreign_releases = true;
    drop(found);
    let held = given(ask(&fleet, 100)).await;
    cluster.state().live.remove(&of_the_attempt_before(2));
    drop(given(ask(&fleet, 100)).await);
    cluster.assert_live(&[&held]).await;
}

#[tokio::test]
async fn a_first_registration_whose_answer_is_lost_counts() {
    let cluster = FakeCluster::start(1).await;
    cluster.state().register_tricks.extend([Trick::Lose; 12]);
    let (fleet, found) = cluster.fleet().await;
    assert!(found.is_empty());
    assert_eq!(fleet.maximum(), Resource::default());
    let held = given(ask(&fleet, 100)).await;
    cluster.assert_live(&[&held]).await;
    assert_eq!(cluster.state().registrations, 1);

    let refused = "yarn.exceptions.ApplicationAttemptNotFoundException";
    let other = FakeCluster::start(1).await;
    other
        .state()
        .register_tricks
        .push_back(Trick::Refuse(refused));
    let master = master(&other.resource_manager);
    let error = Fleet::start(master, "host", "", ATTEMPT, quick())
        .await
        .unwrap_err();
    assert_eq!(error.remote_kind(), Some(RemoteKind::AttemptNotFound));
}

#[tokio::test]
async fn a_start_whose_answer_is_lost_counts_if_the_node_knows_of_it() {
    let cluster = FakeCluster::start(2).await;
    let (fleet, _) = cluster.fleet().await;
    let mut first = given(ask(&fleet, 100)).await;
    let second = given(ask(&fleet, 100)).await;
    let launch = LaunchContext::new("true");
    assert!(matches!(first.state().await, Err(HadoopError::Remote(_))));
    cluster.state().node_loses_next_answer = true;
    first.start(&launch).await.unwrap();
    assert_eq!(first.state().await.unwrap(), ContainerState::Running);

    {
        let mut state = cluster.state();
        state.node_loses_next_answer = true;
        state.node_forgets_next_start = true;
    }
    let error = second.start(&launch).await.unwrap_err();
    assert!(
        matches!(error, HadoopError::ConnectionLost { .. }),
        "{error}"
    );
    assert!(matches!(second.state().await, Err(HadoopError::Remote(_))));

    first.stop(Duration::from_secs(10)).await;
    assert_eq!(in_time("the end", first.ended()).await.exit_status, -105);
    drop(second);
    cluster.assert_live(&[]).await;
}

#[tokio::test]
async fn what_a_restarted_resource_manager_forgets_is_found_out() {
    let cluster = FakeCluster::start(4).await;
    let (fleet, _) = cluster.fleet().await;
    let mut lives = given(ask(&fleet, 100)).await;
    let mut ended = given(ask(&fleet, 100)).await;
    let mut unknown = given(ask(&fleet, 100)).await;
    let launch = LaunchContext::new("true");
    lives.start(&launch).await.unwrap();
    ended.start(&launch).await.unwrap();
    {
        let mut state = cluster.state();
        state.at_node.insert(ended.id(), false);
        state.live.remove(&ended.id());
        state.live.remove(&unknown.id());
    }
    cluster.restart();
    let end = in_time("an end", ended.ended()).await;
    assert_eq!(end.to_string(), "it ended with exit code 3: at the node");
    let end = in_time("an end", unknown.ended()).await;
    assert_eq!(end.exit_status, -100);
    assert!(
        end.to_string()
            .contains("is not handled by this NodeManager"),
        "{end}"
    );
    assert!(!end.blames_the_container());
    let ended = tokio::time::timeout(Duration::from_millis(300), lives.ended()).await;
    assert!(ended.is_err(), "{ended:?}");
    cluster.assert_live(&[&lives]).await;
}

#[tokio::test]
async fn with_the_last_handle_the_heartbeats_end() {
    let cluster = FakeCluster::start(2).await;
    let (fleet, _) = cluster.fleet().await;
    let held = given(ask(&fleet, 100)).await;
    let left = given(ask(&fleet, 100)).await;
    let left_id = left.id();
    left.leave();
    drop(fleet);
    // A container alone keeps them up.
    cluster.state().completed.push(status(id(1000), 1, ""));
    cluster
        .until("a heartbeat", |state| state.completed.is_empty())
        .await;
    drop(held);
    cluster
        .until("the release", |state| state.live.iter().eq([&left_id]))
        .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    cluster.state().completed.push(status(id(1000), 1, ""));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(cluster.state().completed.len(), 1, "no heartbeat has come");
}
