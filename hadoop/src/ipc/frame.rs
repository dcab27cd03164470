//! Frames: four bytes of length, a header, and what belongs to it.

use bytes::Bytes;
use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::proto::common::rpc_request_header_proto::OperationProto;
use crate::proto::common::rpc_sasl_proto::SaslState;
use crate::proto::common::{
    RpcKindProto, RpcRequestHeaderProto, RpcResponseHeaderProto, RpcSaslProto,
};

/// One per client, the same for all its connections: servers know repeated calls by it.
pub(super) type ClientId = [u8; 16];

pub(super) const CALL_SASL: i32 = -33;
pub(super) const CALL_CONTEXT: i32 = -3;

/// A connection begins with this, and a byte that tells whether SASL follows.
const PREAMBLE: &[u8; 6] = b"hrpc\x09\x00";
const AUTH_NONE: u8 = 0;
const AUTH_SASL: u8 = 0xdf;

/// Read at once, at most; a frame may be announced as larger than it ever gets.
const CHUNK: usize = 64 << 10;

pub(super) fn preamble(is_sasl: bool) -> Vec<u8> {
    let mut bytes = PREAMBLE.to_vec();
    bytes.push(if is_sasl { AUTH_SASL } else { AUTH_NONE });
    bytes
}

/// A request of a call, the connection's context, or a SASL message: header and further messages, each with its length.
pub(super) fn request(
    call_id: i32,
    client_id: &[u8],
    retry_count: i32,
    payload: &[Vec<u8>],
) -> Vec<u8> {
    let header = RpcRequestHeaderProto {
        rpc_kind: Some(RpcKindProto::RpcProtocolBuffer.into()),
        rpc_op: Some(OperationProto::RpcFinalPacket.into()),
        call_id,
        client_id: client_id.to_vec(),
        retry_count: Some(retry_count),
        state_id: None,
        router_federated_state: None,
    };
    let header = header.encode_length_delimited_to_vec();
    let length = header.len() + payload.iter().map(Vec::len).sum::<usize>();
    let mut frame = Vec::with_capacity(4 + length);
    frame.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend_from_slice(&header);
    for message in payload {
        frame.extend_from_slice(message);
    }
    frame
}

pub(super) fn sasl_request(message: &RpcSaslProto) -> Vec<u8> {
    let payload = [message.encode_length_delimited_to_vec()];
    request(CALL_SASL, &[], -1, &payload)
}

/// A frame, or a part of one, inside of SASL's protection.
pub(super) fn wrapped(token: Vec<u8>) -> Vec<u8> {
    sasl_request(&RpcSaslProto {
        version: None,
        state: SaslState::Wrap.into(),
        token: Some(token),
        auths: Vec::new(),
    })
}

/// Why no frame came.
#[derive(Debug)]
pub(super) enum FrameError {
    /// The connection has ended or failed.
    Lost(String),
    /// What came is not a frame.
    Malformed(String),
}

/// Reads one frame, without its length.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    max_bytes: usize,
) -> Result<Bytes, FrameError> {
    let mut length = [0_u8; 4];
    read_exact(stream, &mut length).await?;
    let length = frame_length(length, max_bytes)?;
    // Grows with what really comes.
    let mut frame = Vec::new();
    while frame.len() < length {
        let start = frame.len();
        frame.resize(length.min(start + CHUNK), 0);
        read_exact(stream, &mut frame[start..]).await?;
    }
    Ok(frame.into())
}

async fn read_exact(
    stream: &mut (impl AsyncRead + Unpin),
    bytes: &mut [u8],
) -> Result<(), FrameError> {
    match stream.read_exact(bytes).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(FrameError::Lost("the server has closed it".to_owned()))
        }
        Err(error) => Err(FrameError::Lost(error.to_string())),
    }
}

pub(super) fn frame_length(bytes: [u8; 4], max_bytes: usize) -> Result<usize, FrameError> {
    if &bytes == b"HTTP" {
        let reason = "it answers with HTTP: this is a web port, not the port for clients";
        return Err(FrameError::Malformed(reason.to_owned()));
    }
    let announced = u32::from_be_bytes(bytes);
    match usize::try_from(announced) {
        Ok(length) if length <= max_bytes => Ok(length),
        _ => Err(FrameError::Malformed(format!(
            "it announces a message of {announced} bytes, where {max_bytes} are allowed"
        ))),
    }
}

/// An answer's header, and what follows it.
pub(super) struct Response {
    pub(super) header: RpcResponseHeaderProto,
    pub(super) payload: Bytes,
}

impl Response {
    pub(super) fn read(mut frame: Bytes) -> Result<Response, String> {
        let header = RpcResponseHeaderProto::decode_length_delimited(&mut frame)
            .map_err(|error| format!("the header of an answer cannot be read: {error}"))?;
        Ok(Response {
            header,
            payload: frame,
        })
    }

    /// Sent unsigned, meant signed: negative ids are not calls.
    pub(super) fn call_id(&self) -> i32 {
        self.header.call_id.cast_signed()
    }

    pub(super) fn sasl(self) -> Result<RpcSaslProto, String> {
        if self.call_id() != CALL_SASL {
            let id = self.call_id();
            return Err(format!(
                "call id {id} where a SASL message ({CALL_SASL}) is expected"
            ));
        }
        message(self.payload)
    }
}

/// A message that fills the rest of a frame.
pub(super) fn message<M: Message + Default>(mut payload: Bytes) -> Result<M, String> {
    let message = M::decode_length_delimited(&mut payload).map_err(|error| error.to_string())?;
    if !payload.is_empty() {
        let more = payload.len();
        return Err(format!("{more} bytes follow the message"));
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::proto::common::{
        IpcConnectionContextProto, RequestHeaderProto, UserInformationProto,
    };
    use crate::proto::yarn::{GetNewApplicationRequestProto, GetNewApplicationResponseProto};

    const PROTOCOL: &str = "org.apache.hadoop.yarn.api.ApplicationClientProtocolPB";
    const CLIENT: ClientId = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn frames_as_servers_have_taken_them() {
        assert_eq!(hex(&preamble(false)), "68727063090000");
        assert_eq!(hex(&preamble(true)), "687270630900df");

        let negotiate = sasl_request(&RpcSaslProto {
            version: None,
            state: SaslState::Negotiate.into(),
            token: None,
            auths: Vec::new(),
        });
        assert_eq!(hex(&negotiate), "0000000e0a08021000184122002801021001");

        let context = IpcConnectionContextProto {
            user_info: Some(UserInformationProto {
                effective_user: Some("alice".into()),
                real_user: None,
            }),
            protocol: Some(PROTOCOL.into()),
        };
        let context = request(
            CALL_CONTEXT,
            &CLIENT,
            -1,
            &[context.encode_length_delimited_to_vec()],
        );
        assert_eq!(
            hex(&context),
            "0000005d1a0802100018052210000102030405060708090a0b0c0d0e0f280141\
             12070a05616c6963651a366f72672e6170616368652e6861646f6f702e7961726e2e6170692e\
             4170706c69636174696f6e436c69656e7450726f746f636f6c5042"
        );

        let header = RequestHeaderProto {
            method_name: "getNewApplication".into(),
            declaring_class_protocol_name: PROTOCOL.into(),
            client_protocol_version: 1,
        };
        let payload = [
            header.encode_length_delimited_to_vec(),
            GetNewApplicationRequestProto {}.encode_length_delimited_to_vec(),
        ];
        assert_eq!(
            hex(&request(0, &CLIENT, 0, &payload)),
            "0000006a1a0802100018002210000102030405060708090a0b0c0d0e0f28004d\
             0a116765744e65774170706c69636174696f6e12366f72672e6170616368652e6861646f6f702e\
             7961726e2e6170692e4170706c69636174696f6e436c69656e7450726f746f636f6c5042180100"
        );
    }

    #[test]
    fn ids_of_answers_are_signed() {
        let header = RpcResponseHeaderProto {
            call_id: 4_294_967_263,
            ..Default::default()
        };
        let frame = header.encode_length_delimited_to_vec();
        let response = Response::read(frame.into()).unwrap();
        assert_eq!(response.call_id(), CALL_SASL);
    }

    #[tokio::test]
    async fn frames_that_are_too_long_or_too_short_are_refused() {
        let mut stream: &[u8] = &[0, 0, 0, 2, 7, 8];
        assert_eq!(read(&mut stream, 2).await.unwrap(), vec![7, 8]);
        let mut stream: &[u8] = &[0, 0, 0, 3, 7, 8, 9];
        let error = read(&mut stream, 2).await.unwrap_err();
        assert!(
            matches!(&error, FrameError::Malformed(reason) if reason.contains("3 bytes")),
            "{error:?}"
        );
        let mut stream: &[u8] = b"HTTP/1.1 404 Not Found";
        let error = read(&mut stream, usize::MAX).await.unwrap_err();
        assert!(
            matches!(&error, FrameError::Malformed(reason) if reason.contains("web port")),
            "{error:?}"
        );
        // Announced, but not sent: what is allocated is what came.
        let mut stream: &[u8] = &[0x7f, 0xff, 0xff, 0xff, 1];
        let error = read(&mut stream, usize::MAX).await.unwrap_err();
        assert!(matches!(error, FrameError::Lost(_)), "{error:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_refused(bytes: Vec<u8>) {
            if let Ok(response) = Response::read(bytes.clone().into()) {
                let _ = message::<GetNewApplicationResponseProto>(response.payload.clone());
                let _ = response.sasl();
            }
            let _ = message::<crate::proto::yarn::AllocateResponseProto>(bytes.into());
        }

        #[test]
        fn frames_read_back(call_id: i32, retry_count: i32, payload: Vec<u8>) {
            let bytes = request(call_id, &CLIENT, retry_count, std::slice::from_ref(&payload));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let mut stream: &[u8] = &bytes;
            let mut frame = runtime.block_on(read(&mut stream, bytes.len())).unwrap();
            let header = RpcRequestHeaderProto::decode_length_delimited(&mut frame).unwrap();
            prop_assert_eq!((header.call_id, header.retry_count), (call_id, Some(retry_count)));
            prop_assert_eq!(&frame[..], &payload[..]);
        }
    }
}
