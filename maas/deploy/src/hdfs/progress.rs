//! How far an upload has come, on standard error.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

use super::survey::Survey;

/// How often somebody without a terminal is told.
const TELL_EVERY: Duration = Duration::from_secs(10);
const DRAW_EVERY: Duration = Duration::from_millis(200);
const BAR: &str = "{msg} [{wide_bar}] {decimal_bytes} of {decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left";

/// Counts what has been sent.
#[derive(Debug)]
pub(super) struct Progress {
    files: AtomicU64,
    bytes: AtomicU64,
    all_files: u64,
    all_bytes: u64,
    place: String,
    began: Instant,
    /// On a terminal.
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Says what is going to be uploaded, and where to.
    pub(super) fn begin(survey: &Survey, place: &str) -> Progress {
        let is_terminal = std::io::stderr().is_terminal();
        let progress = Progress {
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            all_files: u64::try_from(survey.files.len()).unwrap_or(u64::MAX),
            all_bytes: survey.bytes,
            place: place.to_owned(),
            began: Instant::now(),
            bar: is_terminal.then(|| bar(survey.bytes)),
        };
        eprintln!("uploading {} to {place}", progress.everything());
        progress.show_files();
        progress
    }

    pub(super) fn sent(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }

    pub(super) fn file_done(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.show_files();
    }

    fn show_files(&self) {
        if let Some(bar) = &self.bar {
            let files = self.files.load(Ordering::Relaxed);
            bar.set_message(format!("{files}/{} files", self.all_files));
        }
    }

    /// Tells now and then how far it has come, as long as it is waited for.
    pub(super) async fn tell(&self) {
        loop {
            tokio::time::sleep(TELL_EVERY).await;
            if self.bar.is_none() {
                eprintln!("{}", self.state(self.began.elapsed()));
            }
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    pub(super) fn succeed(&self) {
        eprintln!("{}", self.outcome(self.began.elapsed()));
    }

    fn state(&self, elapsed: Duration) -> String {
        let (files, bytes) = (
            self.files.load(Ordering::Relaxed),
            self.bytes.load(Ordering::Relaxed),
        );
        let rate = as_float(bytes) / elapsed.as_secs_f64().max(0.001);
        let to_come = as_float(self.all_bytes.saturating_sub(bytes));
        let left = if rate < 1.0 {
            String::new()
        } else {
            format!(", about {:.0} s left", (to_come / rate).ceil())
        };
        format!(
            "uploaded {files} of {} files, {} of {}, {}/s{left}",
            self.all_files,
            size(as_float(bytes)),
            size(as_float(self.all_bytes)),
            size(rate),
        )
    }

    fn outcome(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64();
        let everything = self.everything();
        let place = &self.place;
        if seconds < 10.0 {
            format!("uploaded {everything} to {place} in {seconds:.1} s")
        } else {
            format!("uploaded {everything} to {place} in {seconds:.0} s")
        }
    }

    fn everything(&self) -> String {
        let noun = if self.all_files == 1 { "file" } else { "files" };
        let bytes = size(as_float(self.all_bytes));
        format!("{} {noun}, {bytes}", self.all_files)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

fn bar(bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template(BAR) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(DRAW_EVERY);
    bar
}

/// Exact to 15 digits, of which three are shown.
fn as_float(number: u64) -> f64 {
    number as f64
}

fn size(bytes: f64) -> String {
    match bytes {
        bytes if bytes < 1e3 => format!("{bytes:.0} B"),
        bytes if bytes < 1e6 => format!("{:.1} kB", bytes / 1e3),
        bytes if bytes < 1e9 => format!("{:.1} MB", bytes / 1e6),
        bytes => format!("{:.1} GB", bytes / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_files_bytes_rate_and_what_is_left() {
        let progress = Progress {
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            all_files: 2000,
            all_bytes: 500_000_000,
            place: "hdfs://nn1:8020/user/x/models".to_owned(),
            began: Instant::now(),
            bar: Some(bar(500_000_000)),
        };
        let no_time = progress.state(Duration::ZERO);
        assert_eq!(no_time, "uploaded 0 of 2000 files, 0 B of 500.0 MB, 0 B/s");
        progress.sent(124_999_000);
        progress.sent(1000);
        for _ in 0..499 {
            progress.file_done();
        }
        let state = progress.state(Duration::from_secs(10));
        let expected =
            "uploaded 499 of 2000 files, 125.0 MB of 500.0 MB, 12.5 MB/s, about 30 s left";
        assert_eq!(state, expected);
        let outcome = progress.outcome(Duration::from_millis(12_300));
        let expected = "uploaded 2000 files, 500.0 MB to hdfs://nn1:8020/user/x/models in 12 s";
        assert_eq!(outcome, expected);
        let quick = progress.outcome(Duration::from_millis(1_234));
        assert!(quick.ends_with("in 1.2 s"), "{quick}");
        let bar = progress.bar.as_ref().unwrap();
        assert_eq!(bar.message(), "499/2000 files");
        assert_eq!(bar.position(), 125_000_000);
    }

    #[test]
    fn sizes_are_readable() {
        let shown = [0.0, 999.0, 1000.0, 1_250_000.0, 3.21e10].map(size);
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "1.2 MB", "32.1 GB"]);
    }
}
