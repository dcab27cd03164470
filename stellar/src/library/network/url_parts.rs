use super::java_url::JavaUrl;
use crate::library::prelude::*;

const URL: Parameter = required(
    "url",
    "The URL. Of a scheme other than http, https, ftp, file, jar and mailto there are no parts.",
)
.of(Types::TEXT)
.null_gives("null");

pub(super) const URL_TO_HOST: Function = Function::new(
    "URL_TO_HOST",
    "The host of a URL.",
    &[URL],
    "the text; null when it is not a URL",
    |call| part(call, |url| Value::str(url.host)),
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    (
        "URL_TO_HOST('http://www.aliexpress.com/af/shoes.html')",
        "\"www.aliexpress.com\"",
    ),
    ("URL_TO_HOST('http://user@[::1]:80/')", "\"[::1]\""),
    ("URL_TO_HOST('tcp://www.aliexpress.com:443')", "null"),
    ("URL_TO_HOST('cnn.com:443')", "null"),
    ("URL_TO_HOST(null)", "null"),
]);

pub(super) const URL_TO_PORT: Function = Function::new(
    "URL_TO_PORT",
    "The port of a URL, or the usual one of its scheme.",
    &[URL],
    "the number; -1 when the scheme has no usual one; null when it is not a URL",
    |call| part(call, |url| Value::Int(port(url))),
)
.gives(Types::INTEGER.or(Types::NULL))
.examples(&[
    ("URL_TO_PORT('http://h:8080/')", "8080"),
    ("URL_TO_PORT('https://h/')", "443"),
    ("URL_TO_PORT('file:///x')", "-1"),
]);

pub(super) const URL_TO_PATH: Function = Function::new(
    "URL_TO_PATH",
    "The path of a URL, without query and fragment.",
    &[URL],
    "the text, which may be empty; null when it is not a URL",
    |call| part(call, |url| Value::str(&url.path())),
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    ("URL_TO_PATH('http://h/a/b?c=d#e')", "\"\\/a\\/b\""),
    ("URL_TO_PATH('http://h?q')", "\"\""),
]);

pub(super) const URL_TO_PROTOCOL: Function = Function::new(
    "URL_TO_PROTOCOL",
    "The scheme of a URL, in lower case.",
    &[URL],
    "the text; null when it is not a URL",
    |call| part(call, |url| Value::str(url.protocol)),
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[
    ("URL_TO_PROTOCOL('HTTPS://h')", "\"https\""),
    ("URL_TO_PROTOCOL('ssh://h')", "null"),
]);

fn part(call: &mut Call, part: fn(&JavaUrl) -> Value) -> Outcome {
    let Some(url) = call.text_or_null(0)? else {
        return Ok(Value::Null);
    };
    Ok(JavaUrl::parse(url).as_ref().map_or(Value::Null, part))
}

fn port(url: &JavaUrl) -> i32 {
    match (url.port, url.protocol) {
        (-1, "http") => 80,
        (-1, "https") => 443,
        (-1, "ftp") => 21,
        (port, _) => port,
    }
}
