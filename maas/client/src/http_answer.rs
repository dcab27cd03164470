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
    /// The answer to a batch is not an array with a member for each call.
    NotABatch,
    /// The instance's address and the path make no URL.
    NoUrl,
    /// The exchange failed in which it was made together with others.
    WithItsBatch,
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
            Failure::NotABatch => "not_a_batch",
            Failure::NoUrl => "no_url",
            Failure::WithItsBatch => "with_its_batch",
            Failure::SetAside => "set_aside",
            Failure::OutOfTime => "out_of_time",
        }
    }

    /// What it says of the instance's health; nothing when the request is to blame.
    pub(crate) fn fault(&self) -> Option<Fault> {
        match self {
            Failure::Connect(_) => Some(Fault::Gone),
            Failure::Status(status) if *status < 500 => None,
            Failure::TimedOut
            | Failure::Broken(_)
            | Failure::Status(_)
            | Failure::NotAnObject
            | Failure::NotABatch => Some(Fault::Doubtful),
            Failure::TooLarge
            | Failure::NoUrl
            | Failure::WithItsBatch
            | Failure::SetAside
            | Failure::OutOfTime => None,
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
            Failure::NotABatch => {
                formatter.write_str("its answer is not a JSON array with a member for each call")
            }
            Failure::NoUrl => {
                formatter.write_str("there is no valid http URL to call, or it is too long")
            }
            Failure::WithItsBatch => formatter.write_str("the batch failed that it was part of"),
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

/// Asks once, with GET, or with POST where there is a body. Only status 200 counts.
pub(crate) async fn ask(
    client: &Client,
    url: Url,
    body: Option<&str>,
    limit: usize,
) -> Result<Vec<u8>, Failure> {
    let request = match body {
        None => client.get(url),
        Some(body) => client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_owned()),
    };
    let request = request.header(header::ACCEPT, "application/json");
    let mut response = request.send().await.map_err(classify)?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(Failure::Status(status));
    }
    let mut body: Vec<u8> = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(classify)? {
        if body.len() + chunk.len() > limit {
            return Err(Failure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The answer to one call.
pub(crate) fn read_object(body: &[u8]) -> Result<HttpAnswer, Failure> {
    match read_value(body, NumberStyle::Jackson) {
        Ok(value @ Value::Map(_)) => Ok(HttpAnswer {
            value,
            bytes: body.len(),
        }),
        _ => Err(Failure::NotAnObject),
    }
}

/// The answers to the calls of a batch, in their order. A member that is no object is the failure of its call alone.
pub(crate) fn read_batch(
    body: &[u8],
    calls: usize,
) -> Result<Vec<Result<HttpAnswer, Failure>>, Failure> {
    let Ok(Value::List(members)) = read_value(body, NumberStyle::Jackson) else {
        return Err(Failure::NotABatch);
    };
    if members.len() != calls {
        return Err(Failure::NotABatch);
    }
    let bytes = body.len() / calls.max(1);
    let answers = members.iter().map(|member| match member {
        Value::Map(_) => Ok(HttpAnswer {
            value: member.clone(),
            bytes,
        }),
        _ => Err(Failure::NotAnObject),
    });
    Ok(answers.collect())
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
