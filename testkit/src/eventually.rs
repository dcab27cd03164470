//! Polling in tests.

use std::time::{Duration, Instant};

/// Time between two looks: short beside what a test waits for, long enough to leave the CPU alone.
const PAUSE: Duration = Duration::from_millis(50);

/// Repeats `probe` until it gives a value and returns that value.
///
/// # Panics
/// When `timeout` is over; the panic names the last reason and the caller's line.
#[track_caller]
pub fn eventually<T, E: std::fmt::Display>(
    timeout: Duration,
    mut probe: impl FnMut() -> Result<T, E>,
) -> T {
    let deadline = Instant::now() + timeout;
    loop {
        let reason = match probe() {
            Ok(value) => return value,
            Err(reason) => reason,
        };
        if Instant::now() >= deadline {
            panic!("not within {:.1} s: {reason}", timeout.as_secs_f64());
        }
        std::thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_first_value() {
        let mut looks = 0;
        let value = eventually(Duration::from_secs(5), || {
            looks += 1;
            if looks < 3 {
                Err("too early")
            } else {
                Ok(looks)
            }
        });
        assert_eq!(value, 3);
    }

    #[test]
    #[should_panic(expected = "not within 0.1 s: still closed")]
    fn names_the_last_reason_when_time_is_up() {
        eventually(Duration::from_millis(100), || Err::<(), _>("still closed"));
    }
}
