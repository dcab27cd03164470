//! One HTTP exchange and what it yields.

use alidade_event::{NumberStyle, Value, read_value};
use reqwest::{Client, Url, header};

use crate::health::Fault;

/// Why an exchange gave no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    Connect(reqwest::Error),
    TimedOut,
    Broken(reqwest::Error),
    Status(u16),
    TooLarge,
    NotAnObject,
    /// The instance's address and the path make no URL.
    NoUrl,
    /// Every instance is set aside.
    SetAside,
    /// The time for the whole batch is over.
    OutOfTime,
}

impl Failure {
    /// The value of the `outcome` label.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Failure::Connect(_) => "connect",
            Failure::TimedOut => "timeout",
            Failure::Broken(_) => "broken",
            Failure::Status(_) => "status",
            Failure::TooLarge => "too_large",
            Failure::NotAnObject => "not_an_object",
            Failure::NoUrl => "no_url",
            Failure::SetAside => "set_aside",
            Failure::OutOfTime => "out_of_time",
        }
    }

    /// What it says of the instance's health; nothing when the request is to blame.
    pub(crate) fn fault(&self) -> Option<Fault> {
        match self {
            Failure::Connect(_) => Some(Fault::Gone),
            Failure::Status(status) if *status < 500 => None,
            Failure::TimedOut | Failure::Broken(_) | Failure::Status(_) | Failure::NotAnObject => {
                Some(Fault::Doubtful)
            }
            Failure::TooLarge | Failure::NoUrl | Failure::SetAside | Failure::OutOfTime => None,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Connect(error) => write!(formatter, "nobody answers: {}", root_of(error)),
            Failure::TimedOut => formatter.write_str("it took too long"),
            Failure::Broken(error) => {
                write!(formatter, "the exchange broke off: {}", root_of(error))
            }
            Failure::Status(status) => {
                write!(formatter, "it answered with status {status}, not 200")
            }
            Failure::TooLarge => formatter.write_str("its answer is too large"),
            Failure::NotAnObject => formatter.write_str("its answer is not a JSON object"),
            Failure::NoUrl => {
                formatter.write_str("there is no valid http URL to call, or it is too long")
            }
            Failure::SetAside => formatter.write_str("every instance is set aside after failures"),
            Failure::OutOfTime => formatter.write_str("the time for the batch was over"),
        }
    }
}

/// The innermost reason: the outer ones repeat the URL, which may hold what should not be logged.
fn root_of(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// An answer and the length of its text.
pub(crate) struct HttpAnswer {
    pub(crate) value: Value,
    pub(crate) bytes: usize,
}

/// Asks once. Only status 200 with a JSON object counts.
pub(crate) async fn ask(client: &Client, url: Url, limit: usize) -> Result<HttpAnswer, Failure> {
    let request = client.get(url).header(header::ACCEPT, "application/json");
    let mut response = request.send().await.map_err(classify)?;
    let status = response.status().as_u16();
    let too_large = |length: usize| length > limit;
    if status != 200 {
        return Err(Failure::Status(status));
    }
    let mut body: Vec<u8> = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(classify)? {
        if too_large(body.len() + chunk.len()) {
            return Err(Failure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    match read_value(&body, NumberStyle::Jackson) {
        Ok(value @ Value::Map(_)) => Ok(HttpAnswer {
            value,
            bytes: body.len(),
        }),
        _ => Err(Failure::NotAnObject),
    }
}

fn classify(error: reqwest::Error) -> Failure {
    if error.is_connect() {
        return Failure::Connect(error.without_url());
    }
    if error.is_timeout() {
        return Failure::TimedOut;
    }
    Failure::Broken(error.without_url())
}
