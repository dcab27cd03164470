//! Free loopback ports.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::ops::Range;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::LaunchError;

/// Below Linux's range for outgoing connections. From inside that range any client may be given
/// the port of a server that is being restarted; a client that keeps reconnecting to such a port
/// can even connect to itself.
const PORTS: Range<u16> = 15_000..32_000;

/// A port of 127.0.0.1 that nobody listens on and that no living process was given by this
/// function.
///
/// The port is only chosen, not held: a program that does not ask here may take it.
pub fn free_port() -> Result<u16, LaunchError> {
    static CLAIMS: Mutex<Vec<Option<UnixListener>>> = Mutex::new(Vec::new());
    let width = u64::from(PORTS.end - PORTS.start);
    let mut state = seed();
    for _ in 0..10_000 {
        state = next_random(state);
        // The remainder is below the width, which fits.
        let port = PORTS.start + u16::try_from((state >> 16) % width).unwrap_or(0);
        let Ok(claim) = claim(port) else { continue };
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            CLAIMS
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(claim);
            return Ok(port);
        }
    }
    Err(LaunchError::NoFreePort)
}

/// Claims a port against all other processes that use this function, until this process ends.
///
/// Two servers on one port would be worse than a failed start: the one that could bind answers the
/// readiness checks of both. The claim is a name for a socket that nobody connects to; it is as
/// local as the port (to the network namespace), and the kernel gives it up with the process.
fn claim(port: u16) -> Result<Option<UnixListener>, ()> {
    let Ok(name) = SocketAddr::from_abstract_name(format!("alidade-testkit-port-{port}")) else {
        return Ok(None);
    };
    match UnixListener::bind_addr(&name) {
        Ok(claim) => Ok(Some(claim)),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(()),
        // Without such names there is still the check that the port is free.
        Err(_) => Ok(None),
    }
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
    use std::collections::HashSet;

    #[test]
    fn gives_no_port_twice() {
        let ports: Vec<u16> = (0..200).map(|_| free_port().unwrap()).collect();
        let distinct: HashSet<u16> = ports.iter().copied().collect();
        assert_eq!(distinct.len(), ports.len());
        assert!(ports.iter().all(|port| PORTS.contains(port)));
    }

    #[test]
    fn gives_no_port_that_another_has_claimed() {
        let port = free_port().unwrap();
        assert!(claim(port).is_err());
        let other = claim(PORTS.end).unwrap();
        assert!(claim(PORTS.end).is_err());
        drop(other);
        assert!(claim(PORTS.end).is_ok());
    }
}
