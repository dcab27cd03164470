//! Stages with many workers on YARN: the real program, and real Kafka, ZooKeeper, HDFS and YARN.

mod bench;
#[allow(dead_code, reason = "shared with the walk-through's tests")]
#[path = "../walkthrough/installation.rs"]
mod installation;
mod kerberos;
mod lines;
mod masters;
#[allow(dead_code, reason = "shared with the walk-through's tests")]
#[path = "../walkthrough/processes.rs"]
mod processes;
mod refusals;
#[allow(dead_code, reason = "shared with the tests of faults")]
#[path = "../faults/support.rs"]
mod support;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lets one test at a time run: several clusters at once are more than a small machine takes.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
