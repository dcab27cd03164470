//! What Solr answers. An update is taken or refused as a whole; which document was at fault is found by smaller updates.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use crate::{Cause, Outcome};

/// Longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1 << 20;

pub(super) struct SolrAnswer {
    pub(super) status: u16,
    pub(super) body: Bytes,
    pub(super) retry_after: Option<Duration>,
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "responseHeader")]
    header: Option<Header>,
    error: Option<Failure>,
}

#[derive(Deserialize)]
struct Header {
    status: i64,
}

#[derive(Deserialize)]
struct Failure {
    msg: Option<String>,
}

/// Sends a request and reads its answer, up to a limit.
pub(super) async fn read(request: reqwest::RequestBuilder) -> Result<SolrAnswer, reqwest::Error> {
    let mut response = request.send().await?;
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse().ok())
        .map(Duration::from_secs);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_ANSWER {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(SolrAnswer {
        status,
        body: body.into(),
        retry_after,
    })
}

/// What an answer to an update means for each of its `count` documents.
pub(super) fn outcome(answer: &SolrAnswer, count: usize) -> Outcome {
    let parsed: Option<Body> = serde_json::from_slice(&answer.body).ok();
    let reason = parsed
        .as_ref()
        .and_then(|body| body.error.as_ref())
        .and_then(|failure| failure.msg.clone())
        .unwrap_or_else(|| {
            let text = String::from_utf8_lossy(&answer.body);
            text.get(..text.floor_char_boundary(300))
                .unwrap_or_default()
                .to_owned()
        });
    let message = format!("the update failed with status {}: {reason}", answer.status);
    let code = parsed
        .and_then(|body| body.header)
        .map(|header| header.status);
    match answer.status {
        200 => match code {
            Some(0) => Outcome::Done,
            Some(_) => Outcome::Suspect(Cause::sensor(message)),
            None => Outcome::Retry(Cause::store(format!(
                "the answer is not understood: {reason}"
            ))),
        },
        400 | 409 | 413 if count == 1 => Outcome::Refuse(Cause::sensor(message)),
        400 | 409 | 413 | 500 => Outcome::Suspect(Cause::sensor(message)),
        _ => Outcome::Retry(Cause::store(message).with_wait(answer.retry_after)),
    }
}

/// Whether a listing of collections or aliases names a collection.
pub(super) fn names(listing: &SolrAnswer, collection: &str) -> bool {
    #[derive(Deserialize)]
    struct Listing {
        #[serde(default)]
        collections: Vec<String>,
        #[serde(default)]
        aliases: std::collections::BTreeMap<String, serde_json::Value>,
    }
    match serde_json::from_slice::<Listing>(&listing.body) {
        Ok(found) => {
            found.collections.iter().any(|name| name == collection)
                || found.aliases.contains_key(collection)
        }
        // Not understood: better wait than refuse.
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> SolrAnswer {
        SolrAnswer {
            status,
            body: body.to_owned().into(),
            retry_after: None,
        }
    }

    fn letter(status: u16, body: &str, count: usize) -> char {
        match outcome(&answer(status, body), count) {
            Outcome::Done => 'D',
            Outcome::Held => 'H',
            Outcome::Retry(_) => 'R',
            Outcome::Suspect(_) => 'S',
            Outcome::Refuse(_) => 'X',
        }
    }

    #[test]
    fn answers_are_judged_as_a_whole() {
        const OK: &str = r#"{"responseHeader":{"status":0,"QTime":3}}"#;
        const BAD: &str = r#"{"responseHeader":{"status":400},"error":{"msg":"ERROR: [doc=g] unknown field","code":400}}"#;
        for (status, body, one, many) in [
            (200, OK, 'D', 'D'),
            (200, r#"{"responseHeader":{"status":1}}"#, 'S', 'S'),
            (200, "<html>", 'R', 'R'),
            (200, "{}", 'R', 'R'),
            (400, BAD, 'X', 'S'),
            (409, BAD, 'X', 'S'),
            (413, "", 'X', 'S'),
            (500, "{}", 'S', 'S'),
            (401, "", 'R', 'R'),
            (403, "", 'R', 'R'),
            (429, "", 'R', 'R'),
            (502, "", 'R', 'R'),
            (503, "", 'R', 'R'),
            (504, "", 'R', 'R'),
        ] {
            assert_eq!(letter(status, body, 1), one, "{status} {body}");
            assert_eq!(letter(status, body, 7), many, "{status} {body}");
        }
        let Outcome::Refuse(cause) = outcome(&answer(400, BAD), 1) else {
            panic!("a wrong document is refused");
        };
        assert!(cause.message.ends_with("ERROR: [doc=g] unknown field"));
    }

    #[test]
    fn listings_are_searched() {
        assert!(names(
            &answer(200, r#"{"collections":["bro","squid"]}"#),
            "squid"
        ));
        assert!(!names(&answer(200, r#"{"collections":["bro"]}"#), "squid"));
        assert!(names(&answer(200, r#"{"aliases":{"squid":"a"}}"#), "squid"));
        assert!(!names(&answer(200, r#"{"aliases":{}}"#), "squid"));
        assert!(names(&answer(200, "garbage"), "squid"));
    }
}
