//! `LOCAL_*` and `HDFS_*`: files of this machine and of HDFS.
//!
//! As upstream, a failure gives null, false or an empty table; the reason is logged. Only what is too large is an error.

mod hadoop;
mod listing;
mod local;
mod owners;
mod place;

use std::sync::Arc;
use std::time::Duration;

use alidade_event::{Str, Value};
use alidade_stellar::HostCall;

use super::Bodies;
use super::arguments::{text, truth};
use super::body::{Outcome, body, fail};
use crate::Services;
use listing::Entry;
use place::{Place, System};

/// The longest file that is read, in bytes: longer texts are not taken elsewhere in the language.
const MOST_BYTES: usize = 16 << 20;

/// The most lines that a list is made of.
const MOST_LINES: usize = 1_000_000;

/// The most entries of a folder that are listed.
const MOST_ENTRIES: usize = 20_000;

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Why a file could not be worked on.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("{0}")]
    Failed(String),
    #[error("{what} holds more than {most}; {remedy}")]
    TooLarge {
        what: String,
        most: String,
        remedy: &'static str,
    },
}

impl FileError {
    fn failed(reason: impl std::fmt::Display) -> FileError {
        FileError::Failed(reason.to_string())
    }

    fn too_long(path: &str) -> FileError {
        FileError::TooLarge {
            what: format!("the file {path}"),
            most: format!("{} MiB", MOST_BYTES >> 20),
            remedy: "read a part of it with other tools",
        }
    }

    fn too_many_entries(path: &str) -> FileError {
        FileError::TooLarge {
            what: format!("the folder {path}"),
            most: format!("{MOST_ENTRIES} entries"),
            remedy: "list a folder below it",
        }
    }
}

pub(super) fn bodies(services: &Arc<Services>) -> Bodies {
    type Code = fn(&mut dyn HostCall, &Services, System) -> Outcome;
    let codes: [(&'static str, System, Code); 10] = [
        ("HDFS_LS", System::Default, list),
        ("HDFS_READ", System::Default, read),
        ("HDFS_READ_LINES", System::Default, read_lines),
        ("HDFS_RM", System::Default, remove),
        ("HDFS_WRITE", System::Default, write),
        ("LOCAL_LS", System::Local, list),
        ("LOCAL_READ", System::Local, read),
        ("LOCAL_READ_LINES", System::Local, read_lines),
        ("LOCAL_RM", System::Local, remove),
        ("LOCAL_WRITE", System::Local, write),
    ];
    codes
        .into_iter()
        .map(|(name, system, code)| {
            let services = Arc::clone(services);
            (name, body(move |call| code(call, &services, system)))
        })
        .collect()
}

fn read(call: &mut dyn HostCall, services: &Services, system: System) -> Outcome {
    let content = content(call, services, system)?;
    Ok(content.map_or(Value::Null, |text| Value::str(&text)))
}

fn read_lines(call: &mut dyn HostCall, services: &Services, system: System) -> Outcome {
    let Some(content) = content(call, services, system)? else {
        return Ok(Value::Null);
    };
    let mut lines = Vec::new();
    for line in lines_of(&content) {
        if lines.len() == MOST_LINES {
            return fail(format!(
                "the file has more than {MOST_LINES} lines; read it as one text"
            ));
        }
        lines.push(Value::str(line));
    }
    Ok(Value::list(lines))
}

/// Lines as Java reads them: they end with a line feed, a carriage return, or both.
fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text).filter(|text| !text.is_empty());
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let (line, tail) = text.split_at(end);
        let tail = tail.strip_prefix("\r\n").unwrap_or_else(|| &tail[1..]);
        rest = Some(tail).filter(|tail| !tail.is_empty());
        Some(line)
    })
}

fn content(
    call: &dyn HostCall,
    services: &Services,
    system: System,
) -> Result<Option<String>, alidade_stellar::EvalError> {
    let Some(path) = text(call, 0)? else {
        return Ok(None);
    };
    let done = Place::of(path, system, call.global())
        .and_then(|place| within(services, async { place.read().await }));
    match done {
        Ok(bytes) => Ok(Some(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })),
        Err(error) => or_else("read", path, error, None),
    }
}

fn write(call: &mut dyn HostCall, services: &Services, system: System) -> Outcome {
    let (Some(content), Some(path)) = (text(call, 0)?, text(call, 1)?) else {
        return Ok(Value::Bool(false));
    };
    let content = content.as_bytes().to_vec();
    let done = Place::of(path, system, call.global())
        .and_then(|place| within(services, async { place.write(content).await }));
    match done {
        Ok(()) => Ok(Value::Bool(true)),
        Err(error) => or_else("write", path, error, Value::Bool(false)),
    }
}

fn remove(call: &mut dyn HostCall, services: &Services, system: System) -> Outcome {
    let Some(path) = text(call, 0)? else {
        return Ok(Value::Bool(false));
    };
    let is_recursive = truth(call, 1)?.unwrap_or(false);
    let done = Place::of(path, system, call.global()).and_then(|place| {
        if place.is_root() {
            return Err(FileError::failed(
                "the root of a file system is not removed",
            ));
        }
        within(services, async { place.remove(is_recursive).await })
    });
    match done {
        Ok(()) => Ok(Value::Bool(true)),
        Err(error) => or_else("remove", path, error, Value::Bool(false)),
    }
}

fn list(call: &mut dyn HostCall, services: &Services, system: System) -> Outcome {
    let path = match (call.count(), text(call, 0)?) {
        (0, _) => None,
        (_, Some(path)) => Some(path),
        (_, None) => return Ok(Value::str(&listing::table_of(Vec::new()))),
    };
    let place = match path {
        Some(path) => Place::of(path, system, call.global()),
        None => Place::home(system, call.global()),
    };
    let done: Result<Vec<Entry>, FileError> =
        place.and_then(|place| within(services, async { place.list().await }));
    let entries = match done {
        Ok(entries) => entries,
        Err(error) => {
            let home: Str = "the home folder".into();
            or_else("list", path.unwrap_or(&home), error, Vec::new())?
        }
    };
    Ok(Value::str(&listing::table_of(entries)))
}

fn within<T>(
    services: &Services,
    work: impl Future<Output = Result<T, FileError>>,
) -> Result<T, FileError> {
    services.runtime.block_on(async {
        match tokio::time::timeout(LIMIT, work).await {
            Ok(done) => done,
            Err(_) => Err(FileError::failed(format!("no answer within {LIMIT:?}"))),
        }
    })
}

/// What a failure gives.
fn or_else<T>(
    action: &str,
    path: &str,
    error: FileError,
    instead: T,
) -> Result<T, alidade_stellar::EvalError> {
    match error {
        FileError::TooLarge { .. } => fail(error.to_string()),
        FileError::Failed(reason) => {
            tracing::warn!("cannot {action} {path}: {reason}");
            Ok(instead)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_in_java() {
        let lines = |text| lines_of(text).collect::<Vec<_>>();
        assert_eq!(lines("foo\nbar"), ["foo", "bar"]);
        assert_eq!(lines("foo\r\nbar\n"), ["foo", "bar"]);
        assert_eq!(lines("a\rb\n\nc"), ["a", "b", "", "c"]);
        assert_eq!(lines("\n"), [""]);
        assert!(lines("").is_empty());
        assert_eq!(lines("é\u{2028}ü"), ["é\u{2028}ü"]);
    }
}
