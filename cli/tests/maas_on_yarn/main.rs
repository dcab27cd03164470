//! Models on YARN, as a user runs them: the scripts, the real program, and real ZooKeeper, HDFS and YARN.

#[allow(dead_code, reason = "shared with the walk-through's tests")]
#[path = "../walkthrough/access_log.rs"]
mod access_log;
mod bench;
mod commands;
mod faults;
mod golden;
#[allow(dead_code, reason = "shared with the walk-through's tests")]
#[path = "../walkthrough/installation.rs"]
mod installation;
mod page;
mod payload_faults;
#[allow(dead_code, reason = "shared with the walk-through's tests")]
#[path = "../walkthrough/processes.rs"]
mod processes;
mod random_requests;
mod refusals;
#[allow(dead_code, reason = "shared with the walk-through's tests")]
#[path = "../walkthrough/steps.rs"]
mod steps;
mod teller;
mod watch;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lets one test at a time run: several clusters at once are more than a small machine takes.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
