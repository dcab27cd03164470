use super::codec::Encoding;
use crate::library::prelude::*;
use crate::text::{MAX_TEXT, too_long};

pub(super) const ENCODE: Function = Function::new(
    "ENCODE",
    "A text in an encoding.",
    &[
        required("input", "The text.")
            .of(Types::TEXT)
            .null_gives("null"),
        required(
            "encoding",
            "One of those of GET_SUPPORTED_ENCODINGS, in any case.",
        )
        .of(Types::TEXT)
        .null_gives("null"),
        optional("verify", "Not used."),
    ],
    "the encoded text; null when either is null or empty",
    encode,
)
.gives(Types::TEXT.or(Types::NULL))
.exact()
.examples(&[
    ("ENCODE('metron', 'BASE64')", "\"bWV0cm9u\""),
    ("ENCODE('metron', 'base32')", "\"NVSXI4TPNY======\""),
    ("ENCODE('metron', 'HEX')", "\"6d6574726f6e\""),
    ("ENCODE('ab', 'BINARY')", "\"0110001001100001\""),
    ("ENCODE('', 'HEX')", "null"),
]);

pub(super) const GET_SUPPORTED_ENCODINGS: Function = Function::new(
    "GET_SUPPORTED_ENCODINGS",
    "The encodings that ENCODE, DECODE and IS_ENCODING know.",
    &[],
    "the list",
    |_| {
        Ok(Value::list(
            Encoding::NAMES
                .iter()
                .map(|(name, _)| Value::str(name))
                .collect(),
        ))
    },
)
.gives(Types::LIST)
.examples(&[(
    "GET_SUPPORTED_ENCODINGS()",
    "[\"BASE32\",\"BASE32HEX\",\"BASE64\",\"BINARY\",\"HEX\"]",
)]);

fn encode(call: &mut Call) -> Outcome {
    let Some((text, encoding)) = text_and_encoding(call)? else {
        return Ok(Value::Null);
    };
    if text.len() > MAX_TEXT / 8 {
        return Err(too_long());
    }
    Ok(Value::from(encoding.encode(text.as_bytes())))
}

/// The first two arguments; nothing when either is null or empty.
pub(super) fn text_and_encoding(call: &Call) -> Result<Option<(Str, Encoding)>, crate::EvalError> {
    let (Some(text), Some(name)) = (call.text_or_null(0)?, call.text_or_null(1)?) else {
        return Ok(None);
    };
    if text.is_empty() || name.is_empty() {
        return Ok(None);
    }
    match Encoding::named(name) {
        Some(encoding) => Ok(Some((text.clone(), encoding))),
        None => call.fail(format_args!("unknown encoding `{}`", name.escape_debug())),
    }
}
