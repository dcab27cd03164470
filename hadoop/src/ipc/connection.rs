//! One connection: calls go out one after the other, answers come in any order.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::client::RpcOptions;
use super::frame::{self, FrameError, Response};
use super::handshake::Opened;
use super::sasl::SecurityLayer;
use crate::proto::common::rpc_response_header_proto::RpcStatusProto;
use crate::proto::common::rpc_sasl_proto::SaslState;
use crate::{HadoopError, RemoteError};

/// Frames that wait to be written; more make their callers wait.
const MAX_OUTGOING: usize = 16;

type Layer = Arc<Mutex<Box<dyn SecurityLayer>>>;

/// Ends when dropped.
pub(super) struct Connection {
    shared: Arc<Shared>,
    outgoing: mpsc::Sender<Vec<u8>>,
    reader: AbortHandle,
}

/// What callers and the two tasks share.
struct Shared {
    server: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: HashMap<i32, Waiting>,
    /// Why nothing goes any more.
    ended: Option<HadoopError>,
    /// Calls on their way may still be answered; new ones take another connection.
    is_retired: bool,
}

struct Waiting {
    method: &'static str,
    answer: oneshot::Sender<Result<Bytes, HadoopError>>,
}

/// A call that got no good answer.
pub(super) struct Failure {
    pub(super) error: HadoopError,
    /// Whether the server may have carried it out.
    pub(super) is_sent: bool,
}

impl Failure {
    pub(super) fn unsent(error: HadoopError) -> Self {
        Self {
            error,
            is_sent: false,
        }
    }
}

impl Connection {
    /// Starts the tasks that write and read.
    pub(super) fn start(server: String, opened: Opened, options: &RpcOptions) -> Connection {
        let shared = Arc::new(Shared {
            server,
            state: Mutex::default(),
        });
        let layer: Option<Layer> = opened.layer.map(|layer| Arc::new(Mutex::new(layer)));
        let (read_half, write_half) = opened.stream.into_split();
        let (outgoing, frames) = mpsc::channel(MAX_OUTGOING);
        let writer = Writer {
            shared: shared.clone(),
            stream: write_half,
            layer: layer.clone(),
            patience: options.call_timeout,
        };
        tokio::spawn(writer.run(opened.context, frames));
        let reader = Reader {
            shared: shared.clone(),
            stream: read_half,
            layer,
            max_bytes: options.max_message_bytes,
        };
        let reader = tokio::spawn(reader.run()).abort_handle();
        Connection {
            shared,
            outgoing,
            reader,
        }
    }

    pub(super) fn is_usable(&self) -> bool {
        let state = self.shared.state();
        state.ended.is_none() && !state.is_retired
    }

    pub(super) fn retire(&self) {
        self.shared.state().is_retired = true;
    }

    /// Sends a call and waits for what follows its answer's header.
    pub(super) async fn call(
        &self,
        call_id: i32,
        method: &'static str,
        request: Vec<u8>,
        patience: Duration,
    ) -> Result<Bytes, Failure> {
        let (answer, mut answered) = oneshot::channel();
        self.shared
            .expect(call_id, Waiting { method, answer })
            .map_err(Failure::unsent)?;
        let _forget = Forget {
            shared: &self.shared,
            call_id,
        };
        let mut is_sent = false;
        let outcome = timeout(patience, async {
            if self.outgoing.send(request).await.is_ok() {
                is_sent = true;
            }
            // When nothing can be sent the tasks have ended, and left the reason.
            (&mut answered).await
        })
        .await;
        match outcome {
            Ok(Ok(Ok(payload))) => Ok(payload),
            Ok(Ok(Err(error))) => Err(Failure { error, is_sent }),
            Ok(Err(_)) => Err(Failure {
                error: self.shared.why_ended(),
                is_sent,
            }),
            Err(_) => {
                // It may be half dead: nobody else shall wait for it.
                self.retire();
                let error = HadoopError::TimedOut {
                    server: self.shared.server.clone(),
                    what: method.to_owned(),
                    after: patience,
                };
                Err(Failure { error, is_sent })
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Nobody waits for the answer any more, whatever the reason.
struct Forget<'a> {
    shared: &'a Shared,
    call_id: i32,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.shared.state().waiting.remove(&self.call_id);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and the state is whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, call_id: i32, waiting: Waiting) -> Result<(), HadoopError> {
        let mut state = self.state();
        if let Some(error) = &state.ended {
            return Err(error.clone());
        }
        state.waiting.insert(call_id, waiting);
        Ok(())
    }

    /// Nothing goes any more: tells all that wait.
    fn end(&self, error: HadoopError) {
        let waiting = {
            let mut state = self.state();
            if state.ended.is_none() {
                state.ended = Some(error.clone());
            }
            std::mem::take(&mut state.waiting)
        };
        for (_, waiting) in waiting {
            // A caller that has gone away does not mind.
            let _ = waiting.answer.send(Err(error.clone()));
        }
    }

    fn why_ended(&self) -> HadoopError {
        let ended = self.state().ended.clone();
        ended.unwrap_or_else(|| self.lost("it has ended".to_owned()))
    }

    fn lost(&self, reason: String) -> HadoopError {
        HadoopError::ConnectionLost {
            server: self.server.clone(),
            reason,
        }
    }

    fn malformed(&self, reason: String) -> HadoopError {
        HadoopError::Protocol {
            server: self.server.clone(),
            reason,
        }
    }

    /// Gives an answer to who waits for it. An error is the end of the connection.
    fn settle(&self, frame: Bytes) -> Result<(), HadoopError> {
        let response = Response::read(frame).map_err(|reason| self.malformed(reason))?;
        let call_id = response.call_id();
        let header = response.header;
        let status = RpcStatusProto::try_from(header.status)
            .map_err(|_| self.malformed(format!("status {} is not known", header.status)))?;
        let refusal = |method: &str| {
            RemoteError::new(
                &self.server,
                method,
                header.exception_class_name.clone(),
                header.error_msg.clone(),
            )
        };
        if status == RpcStatusProto::Fatal || (status == RpcStatusProto::Error && call_id < 0) {
            return Err(refusal("the connection").into());
        }
        let Some(waiting) = self.state().waiting.remove(&call_id) else {
            tracing::debug!(server = %self.server, call_id, "answer to a call that nobody waits for");
            return Ok(());
        };
        let answer = match status {
            RpcStatusProto::Success => Ok(response.payload),
            _ => Err(refusal(waiting.method).into()),
        };
        // A caller that has gone away does not mind.
        let _ = waiting.answer.send(answer);
        Ok(())
    }
}

struct Writer<S> {
    shared: Arc<Shared>,
    stream: S,
    layer: Option<Layer>,
    patience: Duration,
}

impl<S: AsyncWrite + Unpin> Writer<S> {
    async fn run(mut self, context: Vec<u8>, mut frames: mpsc::Receiver<Vec<u8>>) {
        let mut next = Some(context);
        while let Some(frame) = next {
            if let Err(reason) = self.write(&frame).await {
                // What the server has said about it is better to know than that it does not listen.
                tokio::time::sleep(Duration::from_millis(50)).await;
                self.shared.end(self.shared.lost(reason));
                return;
            }
            next = frames.recv().await;
        }
    }

    async fn write(&mut self, frame: &[u8]) -> Result<(), String> {
        let protected = match &self.layer {
            None => Cow::Borrowed(frame),
            Some(layer) => Cow::Owned(protect(layer, frame)?),
        };
        match timeout(self.patience, self.stream.write_all(&protected)).await {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(_) => Err("the server takes no more bytes".to_owned()),
        }
    }
}

/// A frame inside of frames that the server takes apart.
fn protect(layer: &Layer, frame: &[u8]) -> Result<Vec<u8>, String> {
    let mut layer = layer.lock().unwrap_or_else(PoisonError::into_inner);
    let mut protected = Vec::new();
    for part in frame.chunks(layer.max_plain_bytes()) {
        protected.extend(frame::wrapped(layer.wrap(part)?));
    }
    Ok(protected)
}

struct Reader<S> {
    shared: Arc<Shared>,
    stream: S,
    layer: Option<Layer>,
    max_bytes: usize,
}

impl<S: AsyncRead + Unpin> Reader<S> {
    async fn run(mut self) {
        let mut plain = BytesMut::new();
        let error = loop {
            let outcome = match frame::read(&mut self.stream, self.max_bytes).await {
                Ok(frame) => self.take(frame, &mut plain),
                Err(FrameError::Lost(reason)) => Err(self.shared.lost(reason)),
                Err(FrameError::Malformed(reason)) => Err(self.shared.malformed(reason)),
            };
            if let Err(error) = outcome {
                break error;
            }
        };
        self.shared.end(error);
    }

    fn take(&self, frame: Bytes, plain: &mut BytesMut) -> Result<(), HadoopError> {
        let Some(layer) = &self.layer else {
            return self.shared.settle(frame);
        };
        let opened = open(layer, frame).map_err(|reason| self.shared.malformed(reason))?;
        plain.extend_from_slice(&opened);
        while let Some(frame) = self.next_inner(plain)? {
            self.shared.settle(frame)?;
        }
        Ok(())
    }

    /// The protected bytes are a stream of frames, cut anywhere.
    fn next_inner(&self, plain: &mut BytesMut) -> Result<Option<Bytes>, HadoopError> {
        let Some(length) = plain.first_chunk::<4>() else {
            return Ok(None);
        };
        let length = match frame::frame_length(*length, self.max_bytes) {
            Ok(length) => length,
            Err(FrameError::Lost(reason) | FrameError::Malformed(reason)) => {
                return Err(self.shared.malformed(reason));
            }
        };
        if plain.len() - 4 < length {
            return Ok(None);
        }
        plain.advance(4);
        Ok(Some(plain.split_to(length).freeze()))
    }
}

fn open(layer: &Layer, frame: Bytes) -> Result<Vec<u8>, String> {
    let message = Response::read(frame)?.sasl()?;
    if message.state() != SaslState::Wrap {
        return Err(format!(
            "{:?} where protected bytes are expected",
            message.state()
        ));
    }
    let mut layer = layer.lock().unwrap_or_else(PoisonError::into_inner);
    layer.unwrap(message.token())
}
