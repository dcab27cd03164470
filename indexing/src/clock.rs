use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment on both clocks: the steady one for timers, the wall clock for index names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    pub at: Instant,
    /// Epoch milliseconds.
    pub epoch_ms: i64,
}

/// Where a dispatcher reads the time.
pub trait Clock: Send + Sync {
    fn now(&self) -> Now;
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Now {
            at: Instant::now(),
            epoch_ms: i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX),
        }
    }
}

/// A clock that moves only when told to: for tests of timers.
#[derive(Debug)]
pub struct ManualClock(Mutex<Now>);

impl ManualClock {
    pub fn new(epoch_ms: i64) -> Self {
        ManualClock(Mutex::new(Now {
            at: Instant::now(),
            epoch_ms,
        }))
    }

    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        now.at += by;
        now.epoch_ms += i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.0.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}
