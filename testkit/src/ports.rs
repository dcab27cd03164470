//! Free loopback ports.

use std::collections::HashSet;
use std::net::TcpListener;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::LaunchError;

/// Below Linux's range for outgoing connections. From inside that range any client may be given
/// the port of a server that is being restarted; a client that keeps reconnecting to such a port
/// can even connect to itself.
const PORTS: Range<u16> = 15_000..32_000;

/// A port of 127.0.0.1 that nobody listens on and that this process has not been given before.
///
/// The port is only chosen, not held: another process may take it before it is used.
pub fn free_port() -> Result<u16, LaunchError> {
    static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let given = given.get_or_insert_with(HashSet::new);
    let width = u64::from(PORTS.end - PORTS.start);
    let mut state = seed();
    for _ in 0..10_000 {
        state = next_random(state);
        // The remainder is below the width, which fits.
        let port = PORTS.start + u16::try_from((state >> 16) % width).unwrap_or(0);
        if given.contains(&port) || TcpListener::bind(("127.0.0.1", port)).is_err() {
            continue;
        }
        given.insert(port);
        return Ok(port);
    }
    Err(LaunchError::NoFreePort)
}

/// Differs between processes and calls, so that test processes side by side rarely collide.
fn seed() -> u64 {
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| {
            elapsed.as_secs() ^ u64::from(elapsed.subsec_nanos()) << 20
        });
    next_random(nanos ^ u64::from(std::process::id()) << 40)
}

/// Multiplier and increment of Knuth's MMIX generator.
fn next_random(state: u64) -> u64 {
    state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_no_port_twice() {
        let ports: Vec<u16> = (0..200).map(|_| free_port().unwrap()).collect();
        let distinct: HashSet<u16> = ports.iter().copied().collect();
        assert_eq!(distinct.len(), ports.len());
        assert!(ports.iter().all(|port| PORTS.contains(port)));
    }
}
