//! Lines understood by a Grok pattern.

use alidade_event::{Event, FieldName, Str, Value, field};
use alidade_stellar::{ConfigProblem, config_code};

use super::{MessageParser, Run, Setup, bad_pattern, lines, setting_problem};
use crate::charset::{Charset, utf8};
use crate::dates::{JavaDateFormat, lenient_zone};
use crate::given::GivenFields;
use crate::grok::{Definitions, Grok, captured_value, load};
use crate::regex::{Found, MatchScratch};
use crate::sensor::DropReason;

/// Definitions that every sensor starts from.
const COMMON_PATTERNS: &str = "/patterns/common";
/// Upstream's default of `dateFormat`.
const DEFAULT_DATE_FORMAT: &str = "yyyy-MM-dd HH:mm:ss.S z";

/// A Grok pattern with the rules for its times.
#[derive(Debug)]
pub(crate) struct GrokParser {
    grok: Grok,
    columns: Vec<Column>,
    label: String,
    grok_path: String,
    time_stamp: TimeStamp,
    date_format: JavaDateFormat,
    multi_line: bool,
    charset: Charset,
    /// No column is called `original_string`, so it can be added without looking.
    original_string_is_free: bool,
}

#[derive(Debug)]
struct Column {
    name: FieldName,
    group: usize,
    /// Listed in `timeFields`: becomes epoch milliseconds.
    is_time: bool,
}

/// Where `timestamp` comes from.
#[derive(Debug)]
enum TimeStamp {
    /// No `timestampField`: the pattern or a transformation gives it.
    Absent,
    Column(usize),
    /// The field that is configured but that the pattern does not have.
    Missing(String),
}

/// Where a pattern and its settings come from.
pub(crate) struct GrokSettings {
    pub grok_path: String,
    pub label: String,
    pub timestamp_field: Option<String>,
    pub date_format: String,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    let settings = GrokSettings {
        grok_path: setup
            .required_text("grokPath")
            .map_err(|problem| vec![problem])?,
        label: setup
            .required_text("patternLabel")
            .map_err(|problem| vec![problem])?,
        timestamp_field: setup
            .text("timestampField")
            .map_err(|problem| vec![problem])?,
        date_format: setup
            .text("dateFormat")
            .map_err(|problem| vec![problem])?
            .unwrap_or_else(|| DEFAULT_DATE_FORMAT.to_owned()),
    };
    let parser = GrokParser::new(settings, setup).map_err(|problem| vec![problem])?;
    Ok(Box::new(parser))
}

impl GrokParser {
    pub fn new(settings: GrokSettings, setup: &mut Setup<'_>) -> Result<Self, ConfigProblem> {
        let grok = compile_pattern(&settings, setup)?;
        let time_fields = time_fields(setup)?;
        let zone = setup.text("timeZone")?;
        if setup.settings.contains_key("timezone") && zone.is_none() {
            setup.warnings.push(
                ConfigProblem::warning(
                    config_code::NO_EFFECT,
                    "/parserConfig/timezone",
                    "this setting is not read",
                )
                .with_help("its name is `timeZone`"),
            );
        }
        let zone = zone.map_or(jiff::tz::TimeZone::UTC, |name| lenient_zone(&name));
        let date_format = JavaDateFormat::compile(&settings.date_format, zone)
            .map_err(|reason| bad_pattern("dateFormat", reason))?;
        let columns: Vec<Column> = grok
            .fields()
            .iter()
            .map(|captured| Column {
                name: captured.name.clone(),
                group: captured.group,
                is_time: time_fields.iter().any(|name| *name == captured.name),
            })
            .collect();
        if let Some(name) = &settings.timestamp_field
            && !columns.is_empty()
            && !columns.iter().any(|column| column.name == *name)
        {
            setup.warnings.push(
                ConfigProblem::warning(
                    config_code::UNKNOWN_FIELD,
                    "/parserConfig/timestampField",
                    format!("the pattern gives no field `{name}`, so that every line will fail"),
                )
                .with_help(format!(
                    "name one of {}",
                    columns
                        .iter()
                        .map(|column| column.name.as_str())
                        .collect::<Vec<_>>()
                        .join(", ")
                )),
            );
        }
        let time_stamp = match settings.timestamp_field {
            None => TimeStamp::Absent,
            Some(name) => columns
                .iter()
                .position(|column| column.name == name)
                .map_or(TimeStamp::Missing(name), TimeStamp::Column),
        };
        Ok(GrokParser {
            original_string_is_free: columns
                .iter()
                .all(|column| column.name != field::ORIGINAL_STRING),
            grok,
            columns,
            label: settings.label,
            grok_path: settings.grok_path,
            time_stamp,
            date_format,
            multi_line: setup.switch("multiLine")?,
            charset: setup.charset()?,
        })
    }

    /// One line as an event.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse_line(
        &self,
        line: &str,
        matches: &mut MatchScratch,
        now_ms: i64,
    ) -> Result<Event, LineFailure> {
        let found = self.grok.find(line, matches).map_err(LineFailure::Other)?;
        let Some(found) = found else {
            return Err(LineFailure::NoMatch);
        };
        let mut event = Event::with_capacity(self.columns.len() + 8);
        let mut time_stamp = None;
        for (at, column) in self.columns.iter().enumerate() {
            let mut value = match span(&found, column.group, line) {
                Some(text) => captured_value(text),
                None => Value::Null,
            };
            if column.is_time && !value.is_null() {
                value = self
                    .time_of(column, &value, now_ms)
                    .map_err(LineFailure::Other)?;
            }
            if matches!(self.time_stamp, TimeStamp::Column(wanted) if wanted == at) {
                let number = self
                    .time_stamp_of(column, &value)
                    .map_err(LineFailure::Other)?;
                if column.name == field::TIMESTAMP {
                    value = Value::Long(number);
                } else {
                    time_stamp = Some(number);
                }
            }
            event.push_unchecked(column.name.clone(), value);
        }
        if let TimeStamp::Missing(name) = &self.time_stamp {
            return Err(LineFailure::Other(self.missing(name)));
        }
        if let Some(number) = time_stamp {
            event.set(field::TIMESTAMP, number);
        }
        if self.original_string_is_free {
            event.push_unchecked(
                FieldName::new_static(field::ORIGINAL_STRING),
                Value::Str(Str::new(line)),
            );
        } else {
            event.set(field::ORIGINAL_STRING, line);
        }
        Ok(event)
    }

    fn time_of(&self, column: &Column, value: &Value, now_ms: i64) -> Result<Value, String> {
        let Value::Str(text) = value else {
            return Err(format!(
                "time field {} holds a number, not a date",
                column.name
            ));
        };
        self.date_format.parse(text, now_ms).map(Value::Long)
    }

    /// Numbers stand as they are; of text, the digits without dots.
    fn time_stamp_of(&self, column: &Column, value: &Value) -> Result<i64, String> {
        match value {
            Value::Int(number) => Ok(i64::from(*number)),
            Value::Long(number) => Ok(*number),
            Value::Str(text) => whole_number_without_dots(text),
            _ => Err(self.missing(&column.name)),
        }
    }

    fn missing(&self, name: &str) -> String {
        format!("{} pattern does not include field {name}", self.label)
    }

    pub fn failure_text(&self, failure: &LineFailure, line: &str) -> String {
        match failure {
            LineFailure::NoMatch => format!(
                "Grok statement produced a null message. Original message was: {line} and the parsed message was: {{}} . \
                 Check the pattern at: {}",
                self.grok_path
            ),
            LineFailure::Other(reason) => format!("Grok parser Error: {reason} on {line}"),
        }
    }

    fn parse_lines(&self, message: &[u8], run: &mut Run<'_>) {
        let text = self.charset.decode(message);
        if text.is_empty() {
            run.drop(DropReason::EmptyMessage);
            return;
        }
        let mut failed: Vec<&str> = Vec::new();
        for line in lines(&text) {
            match self.parse_line(line, run.matches, run.now_ms) {
                Ok(event) => run.event(event),
                // Upstream keeps errors by the text of the line.
                Err(_) if failed.contains(&line) => run.drop(DropReason::RepeatedFailure),
                Err(failure) => {
                    if failed.len() < MAX_REMEMBERED_FAILURES {
                        failed.push(line);
                    }
                    run.fail_part(line, self.failure_text(&failure, line));
                }
            }
        }
    }
}

/// Equal lines beyond so many different faulty ones of one record each get their own error.
const MAX_REMEMBERED_FAILURES: usize = 64;

/// Why a line is no event.
#[derive(Debug)]
pub(crate) enum LineFailure {
    NoMatch,
    Other(String),
}

impl MessageParser for GrokParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        if self.multi_line {
            return self.parse_lines(message, run);
        }
        let line = utf8(message);
        match self.parse_line(&line, run.matches, run.now_ms) {
            Ok(event) => run.event(event),
            Err(failure) => run.fail(self.failure_text(&failure, &line)),
        }
    }

    fn is_valid(&self, event: &Event) -> bool {
        matches!(event.get(field::TIMESTAMP), Some(Value::Long(time)) if *time > 0)
    }

    fn charset(&self) -> Charset {
        self.charset
    }

    fn fields(&self) -> GivenFields {
        GivenFields::all(self.columns.iter().map(|column| column.name.clone()))
    }
}

fn span<'l>(found: &Found<'_>, group: usize, line: &'l str) -> Option<&'l str> {
    let (start, end) = found.group(group)?;
    line.get(start..end)
}

fn whole_number_without_dots(text: &str) -> Result<i64, String> {
    let refused = |digits: &str| format!("For input string: \"{digits}\"");
    if !text.contains('.') {
        return text.parse().map_err(|_| refused(text));
    }
    let mut digits = [0u8; 24];
    let mut length = 0;
    for byte in text.bytes().filter(|byte| *byte != b'.') {
        let Some(slot) = digits.get_mut(length) else {
            return Err(refused(&text.replace('.', "")));
        };
        *slot = byte;
        length += 1;
    }
    digits
        .get(..length)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| refused(&text.replace('.', "")))
}

fn compile_pattern(settings: &GrokSettings, setup: &mut Setup<'_>) -> Result<Grok, ConfigProblem> {
    let mut definitions = Definitions::default();
    for path in [COMMON_PATTERNS, &settings.grok_path] {
        let text = load(path, setup.patterns)
            .map_err(|failure| {
                setting_problem(
                    "grokPath",
                    format!("pattern file `{path}` cannot be read: {failure}"),
                )
                .with_code(config_code::MISSING_FILE)
            })?
            .ok_or_else(|| {
                setting_problem("grokPath", format!("there is no pattern file `{path}`"))
                    .with_code(config_code::MISSING_FILE)
                    .with_help("put the file there, or name a built-in one such as /patterns/squid")
            })?;
        definitions.add_file(&text);
    }
    let grok = Grok::compile(&definitions, &settings.label).map_err(|reason| {
        bad_pattern(
            "patternLabel",
            format!("pattern {}: {reason}", settings.label),
        )
    })?;
    for name in grok.unknown_names() {
        setup.warnings.push(
            setting_problem(
                if *name == settings.label {
                    "patternLabel"
                } else {
                    "grokPath"
                },
                format!("no pattern is called `{name}`; it is taken for the text `null`"),
            )
            .with_code(config_code::UNDEFINED_PATTERN)
            .with_help(format!("define it in {}", settings.grok_path)),
        );
    }
    Ok(grok)
}

fn time_fields(setup: &Setup<'_>) -> Result<Vec<String>, ConfigProblem> {
    match setup.settings.get("timeFields") {
        None | Some(serde_json::Value::Null) => Ok(Vec::new()),
        Some(serde_json::Value::String(one)) => Ok(vec![one.clone()]),
        Some(serde_json::Value::Array(names)) => {
            Ok(names.iter().map(crate::lenient::plain_text).collect())
        }
        Some(_) => Err(setting_problem("timeFields", "expected a list of names")
            .with_code(config_code::WRONG_TYPE)),
    }
}
