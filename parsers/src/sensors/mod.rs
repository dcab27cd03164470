//! The parsers of the different kinds of messages, one file each.

mod asa;
mod bro;
mod cef;
mod csv;
mod fireeye;
mod grok;
mod header_time;
mod ise;
mod json_map;
mod json_path;
mod leef;
mod logstash;
mod palo_alto;
mod regular_expressions;
mod snort;
mod sourcefire;
mod stealthwatch;
mod syslog;
mod websphere;

use alidade_event::{Event, RawMessage, Str, field};
use alidade_stellar::{ConfigProblem, config_code};

use crate::charset::{self, Charset};
use crate::config::Settings;
use crate::given::GivenFields;
use crate::grok::PatternSource;
use crate::regex::MatchScratch;
use crate::sensor::DropReason;
use crate::transform::short_name;

/// Turns the bytes of one message into events and failures.
pub(crate) trait MessageParser: Send + Sync + std::fmt::Debug {
    /// Parses one message. Everything that it holds becomes an event, a failure or a drop with a reason.
    fn parse(&self, message: &[u8], run: &mut Run<'_>);

    /// Whether an event is complete after its transformations.
    fn is_valid(&self, event: &Event) -> bool {
        event.contains(field::ORIGINAL_STRING) && event.contains(field::TIMESTAMP)
    }

    /// The fields that events get from this parser. A parser whose messages name their fields themselves knows none.
    fn fields(&self) -> GivenFields {
        GivenFields::default()
    }

    /// How the message's bytes are read where an event has no `original_string`.
    fn charset(&self) -> Charset {
        Charset::Utf8
    }
}

/// What a parser works with and where its results go.
pub(crate) struct Run<'a> {
    /// The clock, in epoch milliseconds.
    pub now_ms: i64,
    pub matches: &'a mut MatchScratch,
    pub parsed: &'a mut Parsed,
}

impl Run<'_> {
    pub fn event(&mut self, event: Event) {
        self.parsed.events.push(event);
    }

    /// The whole message failed.
    pub fn fail(&mut self, cause: impl Into<String>) {
        self.parsed.failures.push(Failure {
            cause: cause.into(),
            part: None,
        });
    }

    /// A part of the message failed.
    pub fn fail_part(&mut self, part: &str, cause: impl Into<String>) {
        self.parsed.failures.push(Failure {
            cause: cause.into(),
            part: Some(RawMessage::Text(part.to_owned())),
        });
    }

    /// The message holds nothing that should become an event.
    pub fn drop(&mut self, reason: DropReason) {
        self.parsed.dropped.push(reason);
    }
}

/// What a parser made of one message.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub events: Vec<Event>,
    pub failures: Vec<Failure>,
    pub dropped: Vec<DropReason>,
}

/// Why a message or a part of it is no event.
#[derive(Debug)]
pub(crate) struct Failure {
    pub cause: String,
    /// Nothing when the whole message failed.
    pub part: Option<RawMessage>,
}

/// What a parser is made from.
pub(crate) struct Setup<'a> {
    pub settings: &'a Settings,
    pub patterns: &'a dyn PatternSource,
    pub warnings: &'a mut Vec<ConfigProblem>,
}

type Build = fn(&mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>>;

/// Every parser by the last part of its class name, with the function that makes it.
const PARSERS: &[(&str, Build)] = &[
    ("GrokParser", grok::build),
    ("CSVParser", csv::build),
    ("JSONMapParser", json_map::build),
    ("BasicSnortParser", snort::build),
    ("BasicBroParser", bro::build),
    ("Syslog3164Parser", syslog::build_3164),
    ("Syslog5424Parser", syslog::build_5424),
    ("BasicAsaParser", asa::build),
    ("CEFParser", cef::build),
    ("LEEFParser", leef::build),
    ("RegularExpressionsParser", regular_expressions::build),
    ("GrokWebSphereParser", websphere::build),
    ("BasicPaloAltoFirewallParser", palo_alto::build),
    ("BasicFireEyeParser", fireeye::build),
    ("BasicIseParser", ise::build),
    ("BasicLancopeParser", stealthwatch::build),
    ("BasicLogstashParser", logstash::build),
    ("BasicSourcefireParser", sourcefire::build),
];

/// Makes the parser of a class.
///
/// # Errors
/// When there is no such parser, or its settings are wrong.
pub(crate) fn build(
    class_name: &str,
    setup: &mut Setup<'_>,
) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    let short = short_name(class_name);
    if let Some((_, build)) = PARSERS.iter().find(|(name, _)| *name == short) {
        return build(setup);
    }
    let known: Vec<&str> = PARSERS.iter().map(|(name, _)| *name).collect();
    Err(vec![
        ConfigProblem::new(
            "/parserClassName",
            format!("there is no parser `{class_name}`"),
        )
        .with_code(config_code::UNKNOWN_NAME)
        .with_help(format!("one of {}", known.join(", "))),
    ])
}

impl Setup<'_> {
    /// A setting as text; numbers and booleans are converted. Absent and null are nothing.
    ///
    /// # Errors
    /// When it is a list or an object.
    pub fn text(&self, name: &str) -> Result<Option<String>, ConfigProblem> {
        match self.settings.get(name) {
            None | Some(serde_json::Value::Null) => Ok(None),
            Some(serde_json::Value::Array(_) | serde_json::Value::Object(_)) => {
                Err(setting_problem(name, "expected text").with_code(config_code::WRONG_TYPE))
            }
            Some(scalar) => Ok(Some(crate::lenient::plain_text(scalar))),
        }
    }

    /// As [`Setup::text`], for a setting that must be there.
    ///
    /// # Errors
    /// When it is missing or no text.
    pub fn required_text(&self, name: &str) -> Result<String, ConfigProblem> {
        self.text(name)?.ok_or_else(|| {
            setting_problem(name, "the setting is missing")
                .with_code(config_code::MISSING_KEY)
                .with_help("this parser cannot work without it")
        })
    }

    /// A switch: a boolean, or the texts `true` and `false`. Absent is false.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn switch(&self, name: &str) -> Result<bool, ConfigProblem> {
        match self.settings.get(name) {
            None | Some(serde_json::Value::Null) => Ok(false),
            Some(serde_json::Value::Bool(truth)) => Ok(*truth),
            Some(serde_json::Value::String(text)) => Ok(text.trim().eq_ignore_ascii_case("true")),
            Some(_) => {
                Err(setting_problem(name, "expected true or false")
                    .with_code(config_code::WRONG_TYPE))
            }
        }
    }

    /// The character set that `readCharset` names; UTF-8 without it.
    ///
    /// # Errors
    /// When there is no such set.
    pub fn charset(&self) -> Result<Charset, ConfigProblem> {
        let Some(name) = self.text("readCharset")? else {
            return Ok(Charset::Utf8);
        };
        Charset::by_name(&name).ok_or_else(|| {
            setting_problem("readCharset", format!("there is no character set `{name}`"))
                .with_code(config_code::UNKNOWN_NAME)
                .with_help(format!("one of {}", charset::NAMES))
        })
    }
}

/// A pattern in one entry of `parserConfig` that cannot be read.
pub(crate) fn bad_pattern(name: &str, reason: impl Into<String>) -> ConfigProblem {
    setting_problem(name, reason).with_code(config_code::BAD_PATTERN)
}

/// A problem with one entry of `parserConfig`.
pub(crate) fn setting_problem(name: &str, message: impl Into<String>) -> ConfigProblem {
    ConfigProblem::new(
        format!("/parserConfig/{}", crate::transform::escape_pointer(name)),
        message,
    )
}

/// Most bytes that the events of one record may carry as copies of the whole record.
pub(crate) const MAX_COPIES: usize = 64 << 20;

/// The text of a record that each of its events carries. It is cut when the record holds so many events that whole copies
/// would multiply it without bound.
pub(crate) fn shared_original(text: &str, events: usize) -> Str {
    let bound = MAX_COPIES / events.max(1);
    Str::new(
        text.get(..text.floor_char_boundary(bound))
            .unwrap_or_default(),
    )
}

/// The lines of a text, as Java's reader gives them: split at `\n`, `\r` and `\r\n`, without an empty one at the end.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after
            .strip_prefix("\r\n")
            .or_else(|| after.strip_prefix(['\n', '\r']))
            .unwrap_or(after);
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_a_record_are_bounded() {
        let text = "é".repeat(1000);
        assert_eq!(shared_original(&text, 10), text);
        let cut = shared_original(&text, MAX_COPIES / 101);
        assert!(cut.len() <= 101 && text.starts_with(cut.as_str()));
    }

    #[test]
    fn lines_end_as_java_has_them() {
        let split = |text| lines(text).collect::<Vec<_>>();
        assert_eq!(split("a\nb\r\nc\rd"), ["a", "b", "c", "d"]);
        assert_eq!(split("\n\na\n\n"), ["", "", "a", ""]);
        assert!(split("").is_empty());
    }
}
