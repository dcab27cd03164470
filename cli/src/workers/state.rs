//! How the workers of an application do: written by its master, read by clients.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Largest state that is read, in bytes.
pub const MOST_BYTES: u64 = 16 << 20;
/// Longest text about a worker, in characters.
const MOST_CHARACTERS: usize = 600;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkersState {
    /// The number of the master's attempt.
    pub attempt: i32,
    pub workers: Vec<WorkerState>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkerState {
    pub phase: Phase,
    /// Epoch milliseconds, by the master's clock.
    pub since_ms: i64,
    pub container: Option<String>,
    /// `host:port` of its node.
    pub node: Option<String>,
    /// `host:port` of its health and metrics.
    pub http: Option<String>,
    /// Ends in a row, each soon after the start.
    pub failures: u32,
    /// Why it ended last, or could not be started.
    pub last_end: Option<String>,
    /// What it waits for.
    pub note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// For a container.
    #[default]
    Waiting,
    /// It has a container, and has not said yet that it works.
    Starting,
    Running,
    /// Between a failure and the next start.
    Pausing,
    Stopping,
}

impl WorkersState {
    pub fn new(attempt: i32, workers: usize) -> WorkersState {
        WorkersState {
            attempt,
            workers: vec![WorkerState::default(); workers],
        }
    }

    pub fn running(&self) -> usize {
        let workers = self.workers.iter();
        workers
            .filter(|worker| worker.phase == Phase::Running)
            .count()
    }

    /// A line for each worker.
    pub fn lines(&self, now_ms: i64) -> Vec<String> {
        let workers = (1..).zip(&self.workers);
        workers
            .map(|(number, worker)| format!("worker {number}: {}", worker.text(now_ms)))
            .collect()
    }
}

impl WorkerState {
    /// Enters a phase.
    pub fn enter(&mut self, phase: Phase, note: Option<String>) {
        self.phase = phase;
        self.since_ms = now_ms();
        self.note = note.map(|note| shortened(&note));
    }

    /// Notes down an end.
    pub fn ended(&mut self, reason: &str, failures: u32) {
        self.container = None;
        self.node = None;
        self.http = None;
        self.failures = failures;
        self.last_end = Some(shortened(reason));
    }

    fn text(&self, now_ms: i64) -> String {
        let seconds = now_ms.saturating_sub(self.since_ms).max(0) / 1000;
        let phase = match self.phase {
            Phase::Waiting => "waits",
            Phase::Starting => "starts",
            Phase::Running => "runs",
            Phase::Pausing => "pauses",
            Phase::Stopping => "stops",
        };
        let mut text = format!("{phase} since {seconds} s");
        if let Some(container) = &self.container {
            text += &format!(" in {container}");
        }
        if let Some(node) = &self.node {
            text += &format!(" on {node}");
        }
        if let Some(http) = &self.http {
            text += &format!(", http://{http}/health");
        }
        if let Some(note) = &self.note {
            text += &format!(", {note}");
        }
        match self.failures {
            0 => {}
            1 => text += "; it has failed once",
            several => text += &format!("; {several} failures in a row"),
        }
        if let Some(end) = &self.last_end {
            text += &format!("; last end: {end}");
        }
        text
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MOST_CHARACTERS {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MOST_CHARACTERS).collect();
    format!("{kept}…")
}

/// Epoch milliseconds.
pub fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_worker_has_a_line() {
        let mut state = WorkersState::new(1, 2);
        state.workers[0] = WorkerState {
            phase: Phase::Running,
            since_ms: 1_000,
            container: Some("container_1".into()),
            node: Some("node1:8041".into()),
            http: Some("node1:40001".into()),
            ..WorkerState::default()
        };
        state.workers[1].ended("it ended with exit code 1", 3);
        state.workers[1].phase = Phase::Pausing;
        state.workers[1].since_ms = 5_000;
        state.workers[1].note = Some("for 4 s".into());
        assert_eq!(
            state.lines(13_500),
            [
                "worker 1: runs since 12 s in container_1 on node1:8041, http://node1:40001/health",
                "worker 2: pauses since 8 s, for 4 s; 3 failures in a row; last end: it ended with exit code 1",
            ]
        );
        assert_eq!(state.running(), 1);
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<WorkersState>(&text).unwrap(), state);
    }

    #[test]
    fn long_texts_are_cut() {
        let mut worker = WorkerState::default();
        worker.ended(&"ä".repeat(100_000), 1);
        assert_eq!(
            worker.last_end.unwrap().chars().count(),
            MOST_CHARACTERS + 1
        );
    }
}
