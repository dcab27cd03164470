//! Items and fake servers for the tests of this crate.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alidade_event::{Event, NumberStyle, Origin};

use crate::{GlobalIndexingSettings, Item, Now, Outcome, Pending, Writer, WriterSettings};

/// An item of the topic `indexing`, partition 0.
pub(crate) fn item(sensor: &str, offset: i64, json: &str) -> Item {
    Item {
        event: Event::read_json(json.as_bytes(), NumberStyle::Simple).unwrap(),
        origin: Origin {
            topic: "indexing".into(),
            partition: 0,
            offset,
            record_time_ms: 1_571_163_620_000 + offset,
            index: 0,
        },
        sensor: sensor.into(),
        bytes: json.len(),
    }
}

pub(crate) fn squid_item(offset: i64) -> Item {
    let json = format!(r#"{{"source.type":"squid","guid":"g{offset}","n":{offset}}}"#);
    item("squid", offset, &json)
}

pub(crate) fn pending(item: Item) -> Pending {
    Pending {
        item,
        first_tried_ms: 1_571_163_632_536,
        failures: 0,
    }
}

pub(crate) fn defaults(sensor: &str) -> WriterSettings {
    WriterSettings::default_for(sensor, &GlobalIndexingSettings::default())
}

/// Gives items straight to a writer.
pub(crate) async fn write(
    writer: &mut dyn Writer,
    items: &[Pending],
    settings: &WriterSettings,
    now: Now,
) -> Vec<Outcome> {
    let sensor = items[0].item.sensor.clone();
    writer
        .write(crate::Batch {
            sensor: &sensor,
            items,
            settings,
            now,
        })
        .await
}

/// What a fake server does with one request.
pub(crate) enum Reply {
    /// Status, headers with line ends, body.
    Answer(u16, &'static str, String),
    /// Reads the request and cuts the connection.
    Cut,
    /// Reads the request and says nothing for a while.
    Stall(Duration),
}

impl Reply {
    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Reply::Answer(status, "", body.into())
    }
}

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Method and path with its query.
    pub(crate) line: String,
    pub(crate) headers: String,
    pub(crate) body: String,
}

/// An HTTP server on a free port of the loopback interface, one request a connection at a time.
pub(crate) struct FakeServer {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl FakeServer {
    pub(crate) fn start(reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let reply = Arc::new(reply);
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (reply, log) = (Arc::clone(&reply), Arc::clone(&log));
                std::thread::spawn(move || serve(stream, reply.as_ref(), &log));
            }
        });
        FakeServer { port, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Bodies of the requests whose first line begins like this.
    pub(crate) fn bodies(&self, start: &str) -> Vec<String> {
        let seen = self.seen().into_iter();
        seen.filter(|seen| seen.line.starts_with(start))
            .map(|seen| seen.body)
            .collect()
    }
}

fn serve(mut stream: TcpStream, reply: &dyn Fn(&Seen) -> Reply, log: &Mutex<Vec<Seen>>) {
    while let Some(seen) = read_request(&mut stream) {
        log.lock().unwrap().push(seen.clone());
        match reply(&seen) {
            Reply::Answer(status, headers, body) => {
                let head = format!(
                    "HTTP/1.1 {status} x\r\ncontent-length: {}\r\n{headers}\r\n",
                    body.len()
                );
                if stream.write_all(head.as_bytes()).is_err()
                    || stream.write_all(body.as_bytes()).is_err()
                {
                    return;
                }
            }
            Reply::Cut => return,
            Reply::Stall(pause) => std::thread::sleep(pause),
        }
    }
}

fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).ok()?;
    let (line, headers) = head.split_once("\r\n")?;
    let length = headers
        .lines()
        .find_map(|header| {
            header
                .to_ascii_lowercase()
                .strip_prefix("content-length:")?
                .trim()
                .parse()
                .ok()
        })
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Seen {
        line: line.to_owned(),
        headers: headers.to_owned(),
        body: String::from_utf8(body).ok()?,
    })
}
