//! A model server that answers like the mock DGA model of upstream's MaaS example.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::loopback::{Connections, Loopback};

/// Domains the model calls legitimate.
const LEGITIMATE: [&str; 2] = ["yahoo.com", "amazon.com"];

/// Longest request head that is read.
const MAX_HEAD: u64 = 64 * 1024;

/// What the server does with a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// `{"is_malicious": "legit"}` for yahoo.com and amazon.com, else `"malicious"`.
    #[default]
    Normal,
    /// As normal, after a while.
    Delay(Duration),
    /// Status 200 with a body that is not JSON.
    Garbage,
    /// Status 200 with this body.
    Answer(String),
    /// This status and a short text.
    Status(u16),
    /// Closes the connection without an answer.
    HangUp,
}

#[derive(Debug, Default)]
struct State {
    behaviour: Behaviour,
    targets: Vec<String>,
    hosts: Vec<String>,
    batches: Vec<usize>,
}

/// A loopback HTTP server for `GET /apply?host=<domain>`, and for `POST /apply_all` with an array of `{"host": <domain>}`;
/// ends with the value.
#[derive(Debug)]
pub struct FakeModel {
    // Before the state, so that its threads are gone first.
    listener: Loopback,
    state: Arc<Mutex<State>>,
}

impl FakeModel {
    /// Starts on a free port of 127.0.0.1.
    pub fn start() -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let listener =
            Loopback::start(move |stream, connections| serve(&stream, connections, &shared))?;
        Ok(Self { listener, state })
    }

    /// `http://127.0.0.1:<port>`, what the model writes into its endpoint file.
    pub fn url(&self) -> String {
        format!("http://{}", self.listener.address())
    }

    /// Port of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.listener.address().port()
    }

    /// Changes what happens to requests that arrive from now on.
    pub fn set(&self, behaviour: Behaviour) {
        lock(&self.state).behaviour = behaviour;
    }

    /// Number of requests so far, answered or not.
    pub fn requests(&self) -> usize {
        lock(&self.state).targets.len()
    }

    /// Path and query of every request, in order of arrival.
    pub fn targets(&self) -> Vec<String> {
        lock(&self.state).targets.clone()
    }

    /// The `host` argument of every request that had one, in order of arrival.
    pub fn hosts(&self) -> Vec<String> {
        lock(&self.state).hosts.clone()
    }

    /// How many questions each POST held, in order of arrival.
    pub fn batches(&self) -> Vec<usize> {
        lock(&self.state).batches.clone()
    }

    /// Closes all connections; new ones are served.
    pub fn cut(&self) {
        self.listener.connections().cut();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: &TcpStream, connections: &Connections, state: &Mutex<State>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader)? {
        let host = argument(&request.target, "host");
        let hosts = hosts_of(&request.body);
        let behaviour = {
            let mut state = lock(state);
            state.targets.push(request.target.clone());
            state.hosts.extend(host.clone());
            if let Some(hosts) = &hosts {
                state.batches.push(hosts.len());
                state.hosts.extend(hosts.iter().cloned());
            }
            state.behaviour.clone()
        };
        let (status, body) = match behaviour {
            Behaviour::Normal => answer(&request.target, host, hosts),
            Behaviour::Delay(duration) => {
                connections.sleep(duration);
                answer(&request.target, host, hosts)
            }
            Behaviour::Garbage => (200, "<html>not what you asked for".to_owned()),
            Behaviour::Answer(body) => (200, body),
            Behaviour::Status(status) => (status, "no answer today".to_owned()),
            Behaviour::HangUp => {
                stream.shutdown(std::net::Shutdown::Both)?;
                return Ok(());
            }
        };
        let length = body.len();
        let connection = if request.keep_alive {
            "keep-alive"
        } else {
            "close"
        };
        let answer = format!(
            "HTTP/1.1 {status} Fake\r\nContent-Type: application/json\r\nContent-Length: {length}\
             \r\nConnection: {connection}\r\n\r\n{body}"
        );
        (&mut &*stream).write_all(answer.as_bytes())?;
        if !request.keep_alive {
            return Ok(());
        }
    }
    Ok(())
}

fn answer(target: &str, host: Option<String>, hosts: Option<Vec<String>>) -> (u16, String) {
    let path = target.split('?').next().unwrap_or_default();
    match (path, host, hosts) {
        ("/apply", Some(host), None) => (200, verdict(&host).to_string()),
        ("/apply_all", _, Some(hosts)) => {
            let verdicts: serde_json::Value = hosts.iter().map(|host| verdict(host)).collect();
            (200, verdicts.to_string())
        }
        _ => (404, "{}".to_owned()),
    }
}

fn verdict(host: &str) -> serde_json::Value {
    let verdict = if LEGITIMATE.contains(&host) {
        "legit"
    } else {
        "malicious"
    };
    serde_json::json!({ "is_malicious": verdict })
}

/// The hosts of a batch; nothing when the body is none.
fn hosts_of(body: &[u8]) -> Option<Vec<String>> {
    let members: Vec<serde_json::Value> = serde_json::from_slice(body).ok()?;
    let host = |member: &serde_json::Value| member["host"].as_str().unwrap_or_default().to_owned();
    Some(members.iter().map(host).collect())
}

struct Request {
    target: String,
    keep_alive: bool,
    body: Vec<u8>,
}

/// The next request of a connection; none when the client has closed it.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut head = reader.by_ref().take(MAX_HEAD);
    let mut line = String::new();
    if head.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut keep_alive = line.contains("HTTP/1.1");
    let mut body_length = 0;
    loop {
        line.clear();
        if head.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if lower.starts_with("connection:") && lower.contains("close") {
            keep_alive = false;
        }
        if let Some(length) = lower.strip_prefix("content-length:") {
            body_length = length.trim().parse().unwrap_or(0);
        }
    }
    let mut body = Vec::new();
    reader.by_ref().take(body_length).read_to_end(&mut body)?;
    Ok(Some(Request {
        target,
        keep_alive,
        body,
    }))
}

/// The decoded value of a query argument.
fn argument(target: &str, name: &str) -> Option<String> {
    let (_, query) = target.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| decode(value))
}

/// Undoes the encoding of form arguments: `+` and `%XX`.
fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let hex = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let code = hex(bytes.next()).zip(hex(bytes.next()));
                let code = code.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                decoded.extend(code);
            }
            other => decoded.push(other),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http;
    use std::time::Instant;

    fn ask(model: &FakeModel, host: &str) -> Result<http::Response, crate::ClientError> {
        http::get(&format!("{}/apply?x=1&host={host}", model.url()))
    }

    #[test]
    fn answers_like_the_mock_model() {
        let model = FakeModel::start().unwrap();
        for (host, verdict) in [
            ("yahoo.com", "legit"),
            ("amazon.com", "legit"),
            ("cnn.com", "malicious"),
        ] {
            let answer = ask(&model, host).unwrap();
            assert_eq!(
                answer.json(),
                serde_json::json!({ "is_malicious": verdict })
            );
        }
        ask(&model, "a%20b%C3%A9+c").unwrap();
        assert_eq!(
            model.hosts(),
            ["yahoo.com", "amazon.com", "cnn.com", "a bé c"]
        );
        assert_eq!(
            http::get(&format!("{}/other", model.url())).unwrap().status,
            404
        );
        assert_eq!(model.requests(), 5);
        assert_eq!(model.targets()[0], "/apply?x=1&host=yahoo.com");
    }

    #[test]
    fn misbehaves_when_told() {
        let model = FakeModel::start().unwrap();
        model.set(Behaviour::Garbage);
        assert!(
            serde_json::from_slice::<serde_json::Value>(&ask(&model, "a").unwrap().body).is_err()
        );
        model.set(Behaviour::Answer("{\"is_malicious\":true}".into()));
        assert_eq!(ask(&model, "a").unwrap().json()["is_malicious"], true);
        model.set(Behaviour::Status(503));
        assert_eq!(ask(&model, "a").unwrap().status, 503);
        model.set(Behaviour::HangUp);
        assert!(ask(&model, "a").is_err());
        model.set(Behaviour::Delay(Duration::from_millis(200)));
        let began = Instant::now();
        assert_eq!(
            ask(&model, "yahoo.com").unwrap().json()["is_malicious"],
            "legit"
        );
        assert!(began.elapsed() >= Duration::from_millis(200));
        assert_eq!(model.requests(), 5);
    }

    #[test]
    fn serves_several_requests_on_one_connection_and_ends_promptly() {
        let model = FakeModel::start().unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", model.port())).unwrap();
        let request = "GET /apply?host=cnn.com HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(request.repeat(2).as_bytes()).unwrap();
        crate::eventually(Duration::from_secs(5), || match model.requests() {
            2 => Ok(()),
            other => Err(format!("{other} requests")),
        });
        model.set(Behaviour::Delay(Duration::from_secs(1000)));
        stream.write_all(request.as_bytes()).unwrap();
        crate::eventually(Duration::from_secs(5), || match model.requests() {
            3 => Ok(()),
            other => Err(format!("{other} requests")),
        });
        let began = Instant::now();
        let url = model.url();
        drop(model);
        assert!(began.elapsed() < Duration::from_secs(5));
        assert!(http::get(&url).is_err());
    }
}
