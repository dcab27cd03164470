//! Lines flow while workers are started, killed and ended in order: each comes out.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use alidade_testkit::{eventually, http};

use crate::bench::Bench;
use crate::one_at_a_time;
use crate::support::{PATIENCE, line};

const BEFORE: usize = 1_000;
const PORTION: usize = 300;
const PAUSE: Duration = Duration::from_millis(100);
/// What a worker has in hand when it is killed: some batches, of all its partitions.
const MOST_REPEATED: usize = 5_000;

/// Lines that are sent all the while.
struct Flow<'a> {
    bench: &'a Bench,
    sent: AtomicUsize,
    is_over: AtomicBool,
}

impl Flow<'_> {
    fn run(&self) {
        let client = self.bench.client();
        while !self.is_over.load(Ordering::Relaxed) {
            let sent = self.sent.load(Ordering::Relaxed);
            client
                .produce("squid", (sent..sent + PORTION).map(line))
                .unwrap();
            self.sent.store(sent + PORTION, Ordering::Relaxed);
            std::thread::sleep(PAUSE);
        }
    }
}

/// Lets lines flow while `work` is done. Gives how many have been sent in all.
fn with_lines(bench: &Bench, sent: usize, work: impl FnOnce()) -> usize {
    let flow = Flow {
        bench,
        sent: AtomicUsize::new(sent),
        is_over: AtomicBool::new(false),
    };
    std::thread::scope(|scope| {
        let flowing = scope.spawn(|| flow.run());
        // Also when the work fails.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        flow.is_over.store(true, Ordering::Relaxed);
        flowing.join().unwrap();
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
    flow.sent.into_inner()
}

fn health_addresses(status: &str) -> Vec<&str> {
    let words = status.split([' ', ',', ';', '\n']);
    words.filter(|word| word.starts_with("http://")).collect()
}

#[test]
fn every_line_comes_out_whatever_happens_to_workers() {
    let _turn = one_at_a_time();
    let bench = Bench::start();
    bench
        .client()
        .produce("squid", (0..BEFORE).map(line))
        .unwrap();

    // Two workers share the lines. In order, nothing is repeated.
    let mut application = String::new();
    let mut sent = with_lines(&bench, BEFORE, || {
        application = bench.start_parser_ok(2);
    });
    bench.wait_for_no_lag();
    assert_eq!(bench.outcome().repeated(sent), 0);
    let status = bench.status();
    for part in [
        "start_parser_topology squid ACTIVE",
        &application,
        "worker 2: runs",
    ] {
        assert!(status.contains(part), "{status}");
    }
    let workers = bench.workers(&application);
    assert_eq!(workers.len(), 2, "{workers:?}");
    assert_ne!(workers[0].node, workers[1].node, "one on each node");
    let addresses = health_addresses(&status);
    assert_eq!(addresses.len(), 2, "{status}");
    for address in addresses {
        assert!(http::get(address).unwrap().is_success(), "{address}");
    }
    for worker in &workers {
        eventually(PATIENCE, || {
            let log = bench.yarn.container_log(&worker.id, "stderr");
            let is_started = log.contains("the worker has started");
            if is_started { Ok(()) } else { Err(log) }
        });
    }

    // One is killed with lines in hand. It is replaced, and what it had in hand may come again.
    sent = with_lines(&bench, sent, || {
        bench.yarn.kill_container(&workers[0]);
        eventually(PATIENCE, || {
            let now = bench.workers(&application);
            let is_replaced = now.len() == 2 && !now.contains(&workers[0]);
            if is_replaced {
                Ok(())
            } else {
                Err(format!("{now:?}"))
            }
        });
        let status = bench.wait_for_workers(2);
        assert!(
            status.contains("last end: it ended with exit code 137"),
            "{status}"
        );
        assert!(bench.workers(&application).contains(&workers[1]));
    });
    bench.wait_for_no_lag();
    let repeated = bench.outcome().repeated(sent);
    println!("{repeated} lines came again after the kill, of {sent}");
    assert!(repeated <= MOST_REPEATED, "{repeated}");

    // An orderly end under load, and a new start, repeat nothing.
    sent = with_lines(&bench, sent, || bench.stop_parser(&application));
    assert_eq!(
        bench.status().trim(),
        "nothing of start_parser_topology runs in the background"
    );
    let again = bench.start_parser_ok(1);
    assert_ne!(again, application);
    bench.wait_for_no_lag();
    assert_eq!(bench.outcome().repeated(sent), repeated);
    let errors = bench.client().end_offsets("errors").unwrap();
    assert_eq!(errors.values().sum::<i64>(), 0);
    bench.stop_parser(&again);
    bench.installation.assert_nothing_runs();
}
