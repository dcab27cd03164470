use super::encode_text::text_and_encoding;
use crate::library::prelude::*;

pub(super) const DECODE: Function = Function::new(
    "DECODE",
    "The text that an encoded text stands for.",
    &[
        required("input", "The encoded text.")
            .of(Types::TEXT)
            .null_gives("null"),
        required(
            "encoding",
            "One of those of GET_SUPPORTED_ENCODINGS, in any case.",
        )
        .of(Types::TEXT)
        .null_gives("null"),
        optional(
            "verify",
            "Whether to give back the input when it is not in the encoding.",
        )
        .of(Types::BOOLEAN)
        .defaults_to("false"),
    ],
    "the text; the input when it is not HEX or BINARY; null when either is null or empty",
    decode,
)
.gives(Types::TEXT.or(Types::NULL))
.exact()
.examples(&[
    ("DECODE('bWV0cm9u', 'BASE64')", "\"metron\""),
    ("DECODE('6D6574726F6E', 'HEX')", "\"metron\""),
    ("DECODE('zz', 'HEX')", "\"zz\""),
    ("DECODE('0110001001100001', 'BINARY')", "\"ab\""),
    ("DECODE('not base64!', 'BASE64', true)", "\"not base64!\""),
]);

fn decode(call: &mut Call) -> Outcome {
    let verify = match call.get(2) {
        Value::Null => false,
        Value::Bool(verify) => *verify,
        _ => return call.wrong(2, "true or false"),
    };
    let Some((text, encoding)) = text_and_encoding(call)? else {
        return Ok(Value::Null);
    };
    if verify && !encoding.fits(&text) {
        return Ok(Value::Str(text));
    }
    Ok(match encoding.decode(&text) {
        Some(bytes) => Value::str(&String::from_utf8_lossy(&bytes)),
        None => Value::Str(text),
    })
}
