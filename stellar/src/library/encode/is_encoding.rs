use super::encode_text::text_and_encoding;
use crate::library::prelude::*;

pub(super) const IS_ENCODING: Function = Function::new(
    "IS_ENCODING",
    "Whether a text has only the characters of an encoding.",
    &[
        required("input", "The text.")
            .of(Types::TEXT)
            .null_gives("false"),
        required(
            "encoding",
            "One of those of GET_SUPPORTED_ENCODINGS, in any case.",
        )
        .of(Types::TEXT)
        .null_gives("false"),
    ],
    "true or false; false when either is null or empty",
    |call| {
        let fits = text_and_encoding(call)?.is_some_and(|(text, encoding)| encoding.fits(&text));
        Ok(Value::Bool(fits))
    },
)
.gives(Types::BOOLEAN)
.exact()
.examples(&[
    ("IS_ENCODING('a b', 'BASE64')", "true"),
    ("IS_ENCODING('not base64!', 'BASE64')", "false"),
    ("IS_ENCODING('6d6', 'HEX')", "false"),
    ("IS_ENCODING(null, 'HEX')", "false"),
]);
