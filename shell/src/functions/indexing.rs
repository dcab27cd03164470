//! `INDEXING_SET_*`: settings of a writer in an indexing document.

use alidade_config::Kind;
use alidade_event::Str;
use alidade_stellar::{EvalError, HostCall, conversion};
use serde_json::{Map, Value as Json};

use super::Bodies;
use super::arguments::{text, truth, whole_number};
use super::body::{Outcome, body, fail, wrong};
use super::transform::{Document, member};

pub(super) fn bodies() -> Bodies {
    vec![
        ("INDEXING_SET_BATCH", body(set_batch)),
        ("INDEXING_SET_ENABLED", body(set_enabled)),
        ("INDEXING_SET_INDEX", body(set_index)),
    ]
}

/// Sets both values, also the one that is not given.
fn set_batch(call: &mut dyn HostCall) -> Outcome {
    let size = match whole_number(call, 2)?.unwrap_or(1) {
        size @ 1..=MOST => size,
        size => {
            return fail(format!(
                "the batch size is {size}; it must be from 1 to {MOST}"
            ));
        }
    };
    let timeout = match whole_number(call, 3)?.unwrap_or(0) {
        timeout @ 0..=MOST => timeout,
        timeout => {
            return fail(format!(
                "the batch time-out is {timeout}; write seconds from 0 to {MOST}"
            ));
        }
    };
    edit(call, |settings| {
        settings.insert("batchSize".to_owned(), Json::from(size));
        settings.insert("batchTimeout".to_owned(), Json::from(timeout));
    })
}

const MOST: i64 = i32::MAX as i64;

fn set_enabled(call: &mut dyn HostCall) -> Outcome {
    let is_enabled = truth(call, 2)?.unwrap_or(true);
    edit(call, |settings| {
        settings.insert("enabled".to_owned(), Json::Bool(is_enabled));
    })
}

fn set_index(call: &mut dyn HostCall) -> Outcome {
    let index = named(call, 2, "the name of an index")?;
    edit(call, |settings| {
        settings.insert("index".to_owned(), Json::from(index.as_str()));
    })
}

/// Changes the settings of the writer that argument 2 names, which are made when there are none.
fn edit(call: &dyn HostCall, change: impl FnOnce(&mut Map<String, Json>)) -> Outcome {
    let Some(config) = text(call, 0)?.filter(|config| !config.is_empty()) else {
        return fail("there is no configuration: argument 1 is empty or null");
    };
    let mut document = Document::parse(Kind::Indexing, config)?;
    let writer = named(call, 1, "the name of a writer")?;
    let mut path = String::new();
    change(member(
        Kind::Indexing,
        &mut document.members,
        &mut path,
        &writer,
    )?);
    Ok(document.into_text())
}

fn named(call: &dyn HostCall, at: usize, what: &str) -> Result<Str, EvalError> {
    match conversion::to_text(call.argument(at)) {
        Some(name) if !name.trim().is_empty() => Ok(name),
        Some(_) => fail(format!("argument {} must be {what}, and is blank", at + 1)),
        None => wrong(call, at, what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::testing::call;

    #[test]
    fn batches() {
        let set = |arguments: &[&str]| call(arguments, set_batch).text();
        let expected = |size, timeout| {
            format!(
                "{{\n  \"hdfs\" : {{\n    \"batchSize\" : {size},\n    \"batchTimeout\" : {timeout}\n  }}\n}}"
            )
        };
        assert_eq!(set(&[r#""{}""#, r#""hdfs""#]), expected(1, 0));
        assert_eq!(set(&[r#""{}""#, r#""hdfs""#, "10"]), expected(10, 0));
        assert_eq!(set(&[r#""{}""#, r#""hdfs""#, "10", "2"]), expected(10, 2));
        // The time-out that is not given goes back to nothing.
        let before = r#""{\"hdfs\": {\"batchSize\": 5, \"batchTimeout\": 9}}""#;
        assert_eq!(set(&[before, r#""hdfs""#, "7"]), expected(7, 0));
    }

    #[test]
    fn whether_and_where() {
        let config = r#""{\"solr\": null, \"hdfs\": {\"x\": 1, \"enabled\": false}, \"a\": {}}""#;
        let text = call(&[config, r#""hdfs""#], set_enabled).text();
        assert_eq!(
            text,
            "{\n  \"solr\" : null,\n  \"hdfs\" : {\n    \"x\" : 1,\n    \"enabled\" : true\n  },\n  \"a\" : { }\n}"
        );
        let text = call(&[config, r#""hdfs""#, "false"], set_enabled).text();
        assert!(text.contains("\"enabled\" : false"), "{text}");
        let text = call(&[config, r#""solr""#, r#""foo""#], set_index).text();
        assert!(
            text.starts_with("{\n  \"solr\" : {\n    \"index\" : \"foo\"\n  },"),
            "{text}"
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (arguments, part) in [
            (
                vec!["null", r#""hdfs""#, "10"],
                "argument 1 is empty or null",
            ),
            (
                vec![r#""""#, r#""hdfs""#, "10"],
                "argument 1 is empty or null",
            ),
            (
                vec![r#""{}""#],
                "argument 2 must be the name of a writer, not null",
            ),
            (vec![r#""{}""#, r#""hdfs""#, "0"], "the batch size is 0"),
            (
                vec![r#""{}""#, r#""hdfs""#, "1", "-1"],
                "the batch time-out is -1",
            ),
            (
                vec![r#""{}""#, r#""hdfs""#, "[]"],
                "argument 3 must be a whole number",
            ),
            (vec![r#""{""#, r#""hdfs""#], "the document ends too early"),
            (
                vec![r#""{\"hdfs\": 1}""#, r#""hdfs""#],
                "/hdfs of the indexing configuration is no object",
            ),
        ] {
            let error = call(&arguments, set_batch).error();
            assert!(error.contains(part), "{error}");
        }
        let error = call(&[r#""{}""#, r#""hdfs""#, "10"], set_enabled).error();
        assert!(error.contains("argument 3 must be a boolean"), "{error}");
        for arguments in [
            vec![r#""{}""#, r#""hdfs""#],
            vec![r#""{}""#, r#""hdfs""#, "null"],
        ] {
            let error = call(&arguments, set_index).error();
            assert_eq!(error, "argument 3 must be the name of an index, not null");
        }
    }
}
