//! `SHELL_EDIT`: a text in an editor.

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::Command;

use alidade_event::Value;
use alidade_stellar::HostCall;

use super::Bodies;
use super::arguments::text;
use super::body::{Outcome, body, fail};

/// The editor where no variable names another.
const DEFAULT_EDITOR: &str = "/bin/vi";

/// The longest text that is taken from an editor, in bytes.
const LONGEST_TEXT: u64 = 16 << 20;

pub(super) fn bodies() -> Bodies {
    vec![("SHELL_EDIT", body(|call| edit(call, &editor())))]
}

fn editor() -> String {
    ["EDITOR", "VISUAL"]
        .into_iter()
        .filter_map(|name| env::var(name).ok())
        .find(|editor| !editor.trim().is_empty())
        .unwrap_or_else(|| DEFAULT_EDITOR.to_owned())
}

/// Null when the editor cannot be started, ends with a failure, or leaves something that is no text.
fn edit(call: &mut dyn HostCall, editor: &str) -> Outcome {
    let before = text(call, 0)?.cloned().unwrap_or_default();
    let file = tempfile::Builder::new()
        .prefix("stellar_shell")
        .tempfile()
        .and_then(|mut file| file.write_all(before.as_bytes()).map(|()| file));
    let file = match file {
        // The handle is closed: an editor may put another file in its place.
        Ok(file) => file.into_temp_path(),
        Err(error) => return fail(format!("a temporary file cannot be written: {error}")),
    };
    match edited(editor, &file) {
        Ok(after) => Ok(Value::str(after.trim())),
        Err(error) => {
            tracing::error!("{editor}: {error}");
            Ok(Value::Null)
        }
    }
}

fn edited(editor: &str, file: &Path) -> io::Result<String> {
    // The variable may hold options, as other programs allow it.
    let status = Command::new("/bin/sh")
        .arg("-c")
        .arg(format!("{editor} \"$@\""))
        .arg(editor)
        .arg(file)
        .status()?;
    if !status.success() {
        return Err(io::Error::other(format!("the editor ends with {status}")));
    }
    let mut text = String::new();
    File::open(file)?
        .take(LONGEST_TEXT + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST_TEXT {
        let reason = format!("the text is longer than {LONGEST_TEXT} bytes");
        return Err(io::Error::other(reason));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;

    #[test]
    fn what_the_editor_saves_comes_back() {
        let script = "sed -i -e 's/a/b/'";
        let edited = call(&["\"  a\\n\""], |call| edit(call, script));
        assert_eq!(edited.text(), "b");
        let empty = call(&[], |call| edit(call, "true"));
        assert_eq!(empty.text(), "");
    }

    #[test]
    fn an_editor_that_fails_gives_null() {
        for editor in ["false", "/no/such/editor", "printf '\\377' >"] {
            let edited = call(&["\"a\""], |call| edit(call, editor));
            assert_eq!(edited.value(), "null", "{editor}");
        }
    }
}
