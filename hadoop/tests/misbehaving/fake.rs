//! A server that does what a test tells it to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use alidade_hadoop::proto::common::rpc_response_header_proto::RpcStatusProto;
use alidade_hadoop::proto::common::{
    RequestHeaderProto, RpcRequestHeaderProto, RpcResponseHeaderProto, RpcSaslProto,
};
use alidade_hadoop::proto::yarn::{
    ApplicationIdProto, GetNewApplicationRequestProto, GetNewApplicationResponseProto,
};
use alidade_hadoop::{HadoopError, Login, Repeat, RpcClient, RpcOptions, ServerAddress};
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Ends with the runtime of its test.
pub struct Fake {
    pub address: ServerAddress,
    connections: Arc<AtomicUsize>,
}

impl Fake {
    /// `serve` gets every connection, and its number from 0.
    pub async fn start<S, F>(serve: S) -> Fake
    where
        S: Fn(Peer, usize) -> F + Send + Sync + 'static,
        F: Future<Output = Option<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = ServerAddress::new("127.0.0.1", listener.local_addr().unwrap().port());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let peer = Peer {
                    stream,
                    is_sasl: false,
                };
                tokio::spawn(serve(peer, number));
            }
        });
        Fake {
            address,
            connections,
        }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// The server's end of a connection. Methods give none when the client has gone.
pub struct Peer {
    pub stream: TcpStream,
    is_sasl: bool,
}

pub struct Call {
    pub id: i32,
    pub retry_count: i32,
    pub method: String,
    /// The request, with its length.
    pub request: Vec<u8>,
}

impl Peer {
    /// Reads what a connection begins with.
    pub async fn greet(&mut self) -> Option<()> {
        let mut preamble = [0; 7];
        self.stream.read_exact(&mut preamble).await.ok()?;
        assert_eq!(preamble[..6], *b"hrpc\x09\x00");
        self.is_sasl = preamble[6] == 0xdf;
        if !self.is_sasl {
            self.context().await?;
        }
        Some(())
    }

    pub async fn context(&mut self) -> Option<()> {
        let (header, _) = self.frame().await?;
        assert_eq!(header.call_id, -3, "the context");
        Some(())
    }

    async fn frame(&mut self) -> Option<(RpcRequestHeaderProto, Vec<u8>)> {
        let length = self.stream.read_u32().await.ok()?;
        let mut frame = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut frame).await.ok()?;
        let mut rest = frame.as_slice();
        let header = RpcRequestHeaderProto::decode_length_delimited(&mut rest).unwrap();
        Some((header, rest.to_vec()))
    }

    pub async fn sasl_message(&mut self) -> Option<RpcSaslProto> {
        let (header, payload) = self.frame().await?;
        assert_eq!(header.call_id, -33);
        Some(RpcSaslProto::decode_length_delimited(payload.as_slice()).unwrap())
    }

    pub async fn call(&mut self) -> Option<Call> {
        let (header, payload) = self.frame().await?;
        let mut rest = payload.as_slice();
        let request = RequestHeaderProto::decode_length_delimited(&mut rest).unwrap();
        Some(Call {
            id: header.call_id,
            retry_count: header.retry_count(),
            method: request.method_name,
            request: rest.to_vec(),
        })
    }

    pub async fn send(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).await.ok()
    }

    /// A frame of these bytes, whatever they are.
    pub async fn send_frame(&mut self, frame: &[u8]) -> Option<()> {
        let length = u32::try_from(frame.len()).unwrap();
        self.send(&[&length.to_be_bytes(), frame].concat()).await
    }

    pub async fn send_sasl(&mut self, message: &RpcSaslProto) -> Option<()> {
        let header = header(-33, RpcStatusProto::Success);
        let frame = [
            header.encode_length_delimited_to_vec(),
            message.encode_length_delimited_to_vec(),
        ];
        self.send_frame(&frame.concat()).await
    }

    pub async fn send_answer(&mut self, call_id: i32, answer: &impl Message) -> Option<()> {
        self.send_encoded(call_id, &answer.encode_to_vec()).await
    }

    pub async fn send_encoded(&mut self, call_id: i32, answer: &[u8]) -> Option<()> {
        let mut frame = header(call_id, RpcStatusProto::Success).encode_length_delimited_to_vec();
        prost::encode_length_delimiter(answer.len(), &mut frame).unwrap();
        frame.extend_from_slice(answer);
        self.send_frame(&frame).await
    }

    /// Answers a `getNewApplication` with this number.
    pub async fn answer(&mut self, call_id: i32, number: i32) -> Option<()> {
        self.send_frame(&good_answer(call_id, number)).await
    }

    pub async fn refuse(
        &mut self,
        call_id: i32,
        status: RpcStatusProto,
        class: &str,
    ) -> Option<()> {
        let mut header = header(call_id, status);
        header.exception_class_name = Some(format!("org.apache.hadoop.{class}"));
        header.error_msg = Some("said the fake\n\tat a.stack.trace".into());
        self.send_frame(&header.encode_length_delimited_to_vec())
            .await
    }

    /// Says nothing, as long as the client stays.
    pub async fn stall(&mut self) -> Option<()> {
        let mut anything = [0; 1024];
        while self.stream.read(&mut anything).await.ok()? > 0 {}
        None
    }
}

fn header(call_id: i32, status: RpcStatusProto) -> RpcResponseHeaderProto {
    RpcResponseHeaderProto {
        call_id: call_id.cast_unsigned(),
        status: status.into(),
        ..RpcResponseHeaderProto::default()
    }
}

pub fn good_answer(call_id: i32, number: i32) -> Vec<u8> {
    let answer = GetNewApplicationResponseProto {
        application_id: Some(ApplicationIdProto {
            id: Some(number),
            cluster_timestamp: Some(1),
        }),
        maximum_capability: None,
    };
    let header = header(call_id, RpcStatusProto::Success);
    [
        header.encode_length_delimited_to_vec(),
        answer.encode_length_delimited_to_vec(),
    ]
    .concat()
}

/// Short enough for tests, long enough for a busy machine to do what is to be done.
pub fn options() -> RpcOptions {
    RpcOptions {
        connect_timeout: Duration::from_secs(1),
        call_timeout: Duration::from_secs(1),
        patience: Duration::from_millis(400),
        max_message_bytes: 100_000,
        ..RpcOptions::default()
    }
}

pub fn client_with(servers: &[&Fake], login: Login, options: RpcOptions) -> RpcClient {
    let servers = servers.iter().map(|fake| fake.address.clone()).collect();
    RpcClient::new("a.Protocol", servers, login, options).unwrap()
}

pub fn client(fake: &Fake) -> RpcClient {
    let login = Login::Simple {
        user: "alice".into(),
    };
    client_with(&[fake], login, options())
}

/// A call whose answer is a number.
pub async fn ask(client: &RpcClient, repeat: Repeat) -> Result<i32, HadoopError> {
    let request = GetNewApplicationRequestProto {};
    let answer: GetNewApplicationResponseProto =
        client.call("getNewApplication", &request, repeat).await?;
    Ok(answer.application_id.unwrap_or_default().id())
}
