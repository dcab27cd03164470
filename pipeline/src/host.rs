//! Facts of this process: the host's name and the clock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use alidade_event::{ErrorRecord, Event, Origin};

/// Epoch milliseconds.
pub fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// This host's name, if it is known.
pub fn name() -> Option<&'static str> {
    static NAME: OnceLock<Option<String>> = OnceLock::new();
    NAME.get_or_init(|| {
        let from_kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        from_kernel
            .or_else(|| std::env::var("HOSTNAME").ok())
            .map(|name| name.trim().to_owned())
    })
    .as_deref()
}

/// The event for the error topic.
pub fn error_event(error: &ErrorRecord) -> Event {
    error.to_event(now_ms(), name(), &unique_guid())
}

/// A guid for an error that has no origin: different for each call and each start of the process.
fn unique_guid() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let origin = Origin {
        topic: name().unwrap_or_default().into(),
        partition: i32::try_from(std::process::id()).unwrap_or(0),
        offset: i64::try_from(COUNTER.fetch_add(1, Ordering::Relaxed)).unwrap_or(0),
        record_time_ms: now_ms(),
        index: 0,
    };
    origin.guid().to_string()
}
