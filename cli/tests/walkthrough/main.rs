//! The squid walk-through of the documentation, step by step, with the scripts that users run and against real servers.
//!
//! Every test has its own servers and its own installation folder, and leaves neither files nor processes.

mod access_log;
mod elasticsearch;
mod hdfs;
mod installation;
mod one_process;
mod processes;
mod quickstart;
mod solr;
mod steps;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lets one test at a time run: several sets of servers at once are more than a small machine takes.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
