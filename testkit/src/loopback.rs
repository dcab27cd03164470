//! A listener on loopback with a thread for each connection, ended as a whole.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What connection threads share with the owner.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    stopping: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Connections {
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Makes [`Self::cut`] end this stream as well.
    pub fn register(&self, stream: &TcpStream) -> io::Result<()> {
        self.open().push(stream.try_clone()?);
        Ok(())
    }

    /// Ends every registered stream; the threads notice and finish.
    pub fn cut(&self) {
        for stream in self.open().drain(..) {
            // It may have been closed by the other side.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Sleeps, but not longer than the listener lives.
    pub fn sleep(&self, duration: Duration) {
        let deadline = Instant::now() + duration;
        while !self.is_stopping() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(Duration::from_millis(20)));
        }
    }

    fn open(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listener that gives each connection to `serve` on a new thread until it is dropped.
#[derive(Debug)]
pub(crate) struct Loopback {
    address: SocketAddr,
    connections: Arc<Connections>,
    acceptor: Option<JoinHandle<()>>,
}

impl Loopback {
    pub fn start(
        serve: impl Fn(TcpStream, &Arc<Connections>) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let connections = Arc::new(Connections::default());
        let shared = Arc::clone(&connections);
        let acceptor = std::thread::spawn(move || accept(&listener, &shared, &Arc::new(serve)));
        Ok(Self {
            address,
            connections,
            acceptor: Some(acceptor),
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn connections(&self) -> &Connections {
        &self.connections
    }
}

fn accept<S>(listener: &TcpListener, connections: &Arc<Connections>, serve: &Arc<S>)
where
    S: Fn(TcpStream, &Arc<Connections>) -> io::Result<()> + Send + Sync + 'static,
{
    for stream in listener.incoming() {
        if connections.is_stopping() {
            return;
        }
        let Ok(stream) = stream else { continue };
        if connections.register(&stream).is_err() {
            continue;
        }
        let serve = Arc::clone(serve);
        let shared = Arc::clone(connections);
        let thread = std::thread::spawn(move || {
            // A client that goes away in the middle is its own business.
            let _ = serve(stream, &shared);
        });
        let mut threads = connections.threads();
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.connections.stopping.store(true, Ordering::Release);
        // Wakes the acceptor, which then sees that it is to stop.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        self.connections.cut();
        let threads: Vec<JoinHandle<()>> = self.connections.threads().drain(..).collect();
        for thread in threads {
            let _ = thread.join();
        }
    }
}
