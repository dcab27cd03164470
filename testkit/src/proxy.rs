//! A TCP proxy on loopback that makes a server look slow, dead or gone.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::loopback::{Connections, Loopback};

/// What the proxy does with connections and their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProxyMode {
    /// Passes everything on.
    #[default]
    Pass,
    /// Passes every read on after a while, in both directions.
    Delay(Duration),
    /// Passes nothing on and says nothing, as a dead network does. What arrives meanwhile is
    /// passed on when the mode changes.
    Stall,
    /// Closes new connections at once. Existing ones are left alone: see [`Proxy::cut`].
    Refuse,
}

#[derive(Debug)]
struct State {
    target: SocketAddr,
    mode: Mutex<ProxyMode>,
    accepted: AtomicUsize,
}

impl State {
    fn mode(&self) -> ProxyMode {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes connections to 127.0.0.1 on to a target; ends with the value.
///
/// Not for Kafka brokers: their clients learn the broker's real address on the first answer.
#[derive(Debug)]
pub struct Proxy {
    listener: Loopback,
    state: Arc<State>,
}

impl Proxy {
    /// Starts on a free port; `target` is `host:port`.
    pub fn start(target: &str) -> io::Result<Self> {
        let target = target
            .to_socket_addrs()?
            .next()
            .ok_or_else(|| io::Error::other(format!("{target} has no address")))?;
        let mode = Mutex::default();
        let state = Arc::new(State {
            target,
            mode,
            accepted: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        let listener =
            Loopback::start(move |stream, connections| pass(stream, connections, &shared))?;
        Ok(Self { listener, state })
    }

    /// `127.0.0.1:<port>`
    pub fn address(&self) -> String {
        self.listener.address().to_string()
    }

    /// Changes what happens from now on, also on open connections.
    pub fn set(&self, mode: ProxyMode) {
        *self
            .state
            .mode
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// Closes all open connections, on both sides.
    pub fn cut(&self) {
        self.listener.connections().cut();
    }

    /// Number of connections so far, refused ones included.
    pub fn accepted(&self) -> usize {
        self.state.accepted.load(Ordering::Relaxed)
    }
}

fn pass(client: TcpStream, connections: &Arc<Connections>, state: &Arc<State>) -> io::Result<()> {
    state.accepted.fetch_add(1, Ordering::Relaxed);
    if state.mode() == ProxyMode::Refuse {
        return client.shutdown(Shutdown::Both);
    }
    let Ok(server) = TcpStream::connect_timeout(&state.target, Duration::from_secs(10)) else {
        return client.shutdown(Shutdown::Both);
    };
    connections.register(&server)?;
    let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
    std::thread::scope(|scope| {
        scope.spawn(|| copy(from_client, to_server, connections, state));
        copy(server, client, connections, state);
    });
    Ok(())
}

/// Copies one direction until either side closes; then closes both.
fn copy(mut from: TcpStream, mut to: TcpStream, connections: &Connections, state: &State) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(length) => length,
        };
        if let ProxyMode::Delay(duration) = state.mode() {
            connections.sleep(duration);
        }
        while state.mode() == ProxyMode::Stall && !connections.is_stopping() {
            connections.sleep(Duration::from_millis(20));
        }
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // Half-closed connections are passed on as such: the other direction may have more to say.
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FakeModel, eventually, http};
    use std::time::Instant;

    fn ask(proxy: &Proxy) -> Result<http::Response, crate::ClientError> {
        http::get(&format!("http://{}/apply?host=yahoo.com", proxy.address()))
    }

    #[test]
    fn passes_delays_and_refuses() {
        let model = FakeModel::start().unwrap();
        let proxy = Proxy::start(&format!("127.0.0.1:{}", model.port())).unwrap();
        assert_eq!(ask(&proxy).unwrap().json()["is_malicious"], "legit");

        proxy.set(ProxyMode::Delay(Duration::from_millis(100)));
        let began = Instant::now();
        assert!(ask(&proxy).unwrap().is_success());
        assert!(began.elapsed() >= Duration::from_millis(200));

        proxy.set(ProxyMode::Refuse);
        assert!(ask(&proxy).is_err());
        assert_eq!(proxy.accepted(), 3);
        assert_eq!(model.requests(), 2);
    }

    #[test]
    fn stalls_until_told_otherwise_and_cuts() {
        let model = FakeModel::start().unwrap();
        let proxy = Proxy::start(&format!("127.0.0.1:{}", model.port())).unwrap();
        proxy.set(ProxyMode::Stall);
        std::thread::scope(|scope| {
            let stalled = scope.spawn(|| ask(&proxy));
            std::thread::sleep(Duration::from_millis(200));
            assert_eq!(model.requests(), 0);
            proxy.set(ProxyMode::Pass);
            assert!(stalled.join().unwrap().unwrap().is_success());

            proxy.set(ProxyMode::Stall);
            let cut = scope.spawn(|| ask(&proxy));
            eventually(Duration::from_secs(5), || match proxy.accepted() {
                2 => Ok(()),
                other => Err(format!("{other} connections")),
            });
            std::thread::sleep(Duration::from_millis(100));
            proxy.cut();
            proxy.set(ProxyMode::Pass);
            assert!(cut.join().unwrap().is_err());
        });
    }
}
