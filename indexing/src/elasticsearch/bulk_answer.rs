//! The answer to a bulk request, item by item.

use std::borrow::Cow;

use serde::Deserialize;

use super::Answer;
use crate::{Cause, Outcome};

#[derive(Deserialize)]
struct BulkAnswer<'a> {
    errors: bool,
    #[serde(borrow, default)]
    items: Vec<BulkItem<'a>>,
}

/// One item's answer, under the name of what was asked for.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum BulkItem<'a> {
    #[serde(borrow)]
    Index(ItemAnswer<'a>),
    #[serde(borrow)]
    Create(ItemAnswer<'a>),
}

#[derive(Deserialize)]
struct ItemAnswer<'a> {
    status: u16,
    #[serde(borrow)]
    error: Option<ItemError<'a>>,
}

#[derive(Deserialize)]
struct ItemError<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    caused_by: Option<InnerCause<'a>>,
}

#[derive(Deserialize)]
struct InnerCause<'a> {
    #[serde(borrow, default)]
    reason: Option<Cow<'a, str>>,
}

/// The outcomes of `count` items.
pub(super) fn outcomes(answer: &Answer, count: usize) -> Vec<Outcome> {
    if answer.status != 200 {
        return vec![whole_request(answer, count); count];
    }
    let parsed: BulkAnswer<'_> = match serde_json::from_slice(&answer.body) {
        Ok(parsed) => parsed,
        Err(error) => {
            let cause = Cause::store(format!(
                "the answer to a bulk request is not understood: {error}"
            ));
            return vec![Outcome::Retry(cause); count];
        }
    };
    if parsed.items.len() != count {
        let cause = Cause::store(format!(
            "the answer to a bulk request tells of {} items, {count} were sent",
            parsed.items.len()
        ));
        return vec![Outcome::Retry(cause); count];
    }
    if !parsed.errors {
        return vec![Outcome::Done; count];
    }
    parsed.items.iter().map(item_outcome).collect()
}

/// What a status other than 200 means for the whole request.
fn whole_request(answer: &Answer, count: usize) -> Outcome {
    let text = String::from_utf8_lossy(&answer.body);
    let text = text
        .get(..text.floor_char_boundary(500))
        .unwrap_or_default();
    let message = format!(
        "the bulk request failed with status {}: {text}",
        answer.status
    );
    match answer.status {
        // Something in it is not acceptable: an id, or the size.
        400 | 413 if count == 1 => Outcome::Refuse(Cause::sensor(message)),
        400 | 413 | 500 => Outcome::Suspect(Cause::sensor(message)),
        _ => Outcome::Retry(Cause::store(message).with_wait(answer.retry_after)),
    }
}

fn item_outcome(item: &BulkItem<'_>) -> Outcome {
    let (BulkItem::Index(answer) | BulkItem::Create(answer)) = item;
    let Some(error) = &answer.error else {
        return match answer.status {
            200..=299 => Outcome::Done,
            status => judge(status, "", format!("status {status} without a reason")),
        };
    };
    let kind = error.kind.as_deref().unwrap_or_default();
    let mut message = error.reason.as_deref().unwrap_or(kind).to_owned();
    let inner = error.caused_by.as_ref();
    if let Some(reason) = inner.and_then(|inner| inner.reason.as_deref()) {
        message.push_str(": ");
        message.push_str(reason);
    }
    judge(answer.status, kind, message)
}

/// What a failed item's status and kind of error mean. A pure function; its table is in the tests.
///
/// What a sender can bring about with a document (its fields, its size, the name of its sensor) is refused, so that no
/// sender can hold up others. What only the cluster's state brings about is tried again.
pub(super) fn judge(status: u16, kind: &str, message: String) -> Outcome {
    const OVERLOADED: [&str; 6] = [
        "es_rejected_execution_exception",
        "rejected_execution_exception",
        "circuit_breaking_exception",
        "unavailable_shards_exception",
        "process_cluster_event_timeout_exception",
        // A full disk makes indices read-only; with status 403 or 429.
        "cluster_block_exception",
    ];
    let cause = Cause::sensor(message);
    if OVERLOADED.contains(&kind) {
        return Outcome::Retry(cause);
    }
    match status {
        200..=299 => Outcome::Done,
        429 | 502 | 503 | 504 => Outcome::Retry(cause),
        // The cluster's limit of shards is reported as if the document were wrong.
        400 if cause.message.contains("maximum") && cause.message.contains("shards open") => {
            Outcome::Suspect(cause)
        }
        500..=599 => Outcome::Suspect(cause),
        _ => Outcome::Refuse(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            body: body.to_owned().into(),
            retry_after: None,
        }
    }

    /// One letter for the kind of an outcome.
    fn letter(outcome: &Outcome) -> char {
        match outcome {
            Outcome::Done => 'D',
            Outcome::Held => 'H',
            Outcome::Retry(_) => 'R',
            Outcome::Suspect(_) => 'S',
            Outcome::Refuse(_) => 'X',
        }
    }

    fn letters(answer: &Answer, count: usize) -> String {
        outcomes(answer, count).iter().map(letter).collect()
    }

    #[test]
    fn items_are_judged_by_status_and_kind() {
        for (status, kind, expected) in [
            (200, "", 'D'),
            (201, "", 'D'),
            (400, "mapper_parsing_exception", 'X'),
            (400, "document_parsing_exception", 'X'),
            (400, "strict_dynamic_mapping_exception", 'X'),
            (400, "illegal_argument_exception", 'X'),
            (400, "invalid_index_name_exception", 'X'),
            (404, "index_not_found_exception", 'X'),
            (403, "security_exception", 'X'),
            (409, "version_conflict_engine_exception", 'X'),
            (429, "es_rejected_execution_exception", 'R'),
            (429, "anything", 'R'),
            (429, "circuit_breaking_exception", 'R'),
            (403, "cluster_block_exception", 'R'),
            (503, "unavailable_shards_exception", 'R'),
            (503, "process_cluster_event_timeout_exception", 'R'),
            (502, "", 'R'),
            (500, "exception", 'S'),
        ] {
            let outcome = judge(status, kind, "reason".to_owned());
            assert_eq!(letter(&outcome), expected, "{status} {kind}");
        }
        let full = "this action would add [2] shards, but this cluster currently has [1000]/[1000] maximum normal shards open";
        let outcome = judge(400, "validation_exception", full.to_owned());
        assert_eq!(letter(&outcome), 'S');
    }

    #[test]
    fn an_answer_of_200_may_hold_failures() {
        let body = r#"{"errors":true,"items":[{"index":{"status":201}},
            {"index":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"failed to parse field [a] of type [long]",
              "caused_by":{"type":"illegal_argument_exception","reason":"For input string: \"x\""}}}},
            {"index":{"status":400,"error":{"type":"illegal_argument_exception","reason":null}}},
            {"create":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"queue full"}}}]}"#;
        let found = outcomes(&answer(200, body), 4);
        assert_eq!(found[0], Outcome::Done);
        let expected = "failed to parse field [a] of type [long]: For input string: \"x\"";
        assert_eq!(found[1], Outcome::Refuse(Cause::sensor(expected)));
        assert_eq!(
            found[2],
            Outcome::Refuse(Cause::sensor("illegal_argument_exception"))
        );
        assert_eq!(found[3], Outcome::Retry(Cause::sensor("queue full")));
    }

    #[test]
    fn an_answer_that_makes_no_sense_settles_nothing() {
        for body in [
            "",
            "<html>",
            "null",
            "{}",
            r#"{"errors":false,"items":[{"index":{"status":201}}]}"#,
            r#"{"errors":false,"items":[]}"#,
            r#"{"errors":true,"items":[{"what":{"status":201}},{"index":{}}]}"#,
        ] {
            assert_eq!(letters(&answer(200, body), 2), "RR", "{body}");
        }
    }

    #[test]
    fn whole_failures_are_for_the_whole_request() {
        for (status, one, many) in [
            (400, "X", "SSS"),
            (413, "X", "SSS"),
            (500, "S", "SSS"),
            (401, "R", "RRR"),
            (403, "R", "RRR"),
            (404, "R", "RRR"),
            (429, "R", "RRR"),
            (502, "R", "RRR"),
            (503, "R", "RRR"),
            (504, "R", "RRR"),
            (307, "R", "RRR"),
        ] {
            assert_eq!(letters(&answer(status, "no"), 1), one, "{status}");
            assert_eq!(letters(&answer(status, "no"), 3), many, "{status}");
        }
    }

    #[test]
    fn what_the_server_asks_for_is_kept() {
        let mut busy = answer(429, "busy");
        busy.retry_after = Some(std::time::Duration::from_secs(3));
        let Outcome::Retry(cause) = outcomes(&busy, 1).remove(0) else {
            panic!("a busy server is asked again");
        };
        assert_eq!(cause.wait, Some(std::time::Duration::from_secs(3)));
        assert_eq!(cause.scope, crate::Scope::Store);
    }
}
