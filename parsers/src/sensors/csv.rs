//! Comma separated values with configured columns.

use alidade_event::{Event, FieldName, Str, Value, field};
use alidade_stellar::{ConfigProblem, config_code};
use jiff::tz::TimeZone;

use super::{MessageParser, Run, Setup, bad_pattern, setting_problem};
use crate::charset::Charset;
use crate::csv_line;
use crate::dates::JavaDateFormat;
use crate::given::GivenFields;
use crate::lenient::plain_text;
use crate::sensor::DropReason;

/// Named columns of a separated line.
#[derive(Debug)]
pub(crate) struct Columns {
    columns: Vec<(FieldName, usize)>,
    separator: char,
}

#[derive(Debug)]
struct CsvParser {
    columns: Columns,
    timestamp_format: Option<JavaDateFormat>,
    charset: Charset,
}

/// A column beyond this is a mistake in the document.
const MAX_COLUMN: usize = 10_000;

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    CsvParser::new(setup)
        .map(|parser| Box::new(parser) as Box<dyn MessageParser>)
        .map_err(|problem| vec![problem])
}

impl CsvParser {
    fn new(setup: &Setup<'_>) -> Result<Self, ConfigProblem> {
        let separator = setup
            .text("separator")?
            .and_then(|text| text.chars().next());
        let timestamp_format = setup
            .text("timestampFormat")?
            .map(|pattern| JavaDateFormat::compile(&pattern, TimeZone::UTC))
            .transpose()
            .map_err(|reason| bad_pattern("timestampFormat", reason))?;
        Ok(CsvParser {
            columns: Columns::new(configured_columns(setup)?, separator.unwrap_or(',')),
            timestamp_format,
            charset: setup.charset()?,
        })
    }

    fn parse_line(&self, line: &str, now_ms: i64) -> Result<Event, String> {
        let mut event = self.columns.read(line)?;
        let time = match event.get(field::TIMESTAMP) {
            None => Some(now_ms),
            Some(Value::Str(text)) => match &self.timestamp_format {
                Some(format) => format.parse(text, now_ms).ok(),
                None => text.parse().ok(),
            },
            Some(_) => None,
        };
        if let Some(time) = time {
            event.set(field::TIMESTAMP, time);
        }
        event.set(field::ORIGINAL_STRING, line);
        Ok(event)
    }
}

impl MessageParser for CsvParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let line = self.charset.decode(message);
        if is_comment(&line) {
            run.drop(DropReason::Comment);
            return;
        }
        match self.parse_line(&line, run.now_ms) {
            Ok(event) => run.event(event),
            Err(reason) => run.fail(format!("Unable to parse {line}: {reason}")),
        }
    }

    fn charset(&self) -> Charset {
        self.charset
    }

    fn fields(&self) -> GivenFields {
        GivenFields::all(self.columns.names())
    }
}

/// Blank lines and lines that begin with `#` hold nothing.
fn is_comment(line: &str) -> bool {
    let text = line.trim();
    text.is_empty() || text.starts_with('#')
}

impl Columns {
    pub fn new(columns: Vec<(FieldName, usize)>, separator: char) -> Self {
        Columns { columns, separator }
    }

    pub fn names(&self) -> impl Iterator<Item = FieldName> {
        self.columns.iter().map(|(name, _)| name.clone())
    }

    /// The line's values under their names, all as trimmed text.
    ///
    /// # Errors
    /// When a quote is not closed or a column is missing.
    pub fn read(&self, line: &str) -> Result<Event, String> {
        let values = csv_line::split(line, self.separator)?;
        let mut event = Event::with_capacity(self.columns.len() + 6);
        for (name, at) in &self.columns {
            let Some(value) = values.get(*at) else {
                return Err(format!(
                    "Index {at} out of bounds for length {}",
                    values.len()
                ));
            };
            event.set(name.clone(), Str::new(value.trim()));
        }
        Ok(event)
    }
}

fn configured_columns(setup: &Setup<'_>) -> Result<Vec<(FieldName, usize)>, ConfigProblem> {
    let listed = |names: Vec<String>| -> Result<Vec<(FieldName, usize)>, ConfigProblem> {
        names
            .iter()
            .enumerate()
            .map(|(at, name)| named_column(name, at))
            .collect()
    };
    match setup.settings.get("columns") {
        Some(serde_json::Value::String(names)) => {
            listed(names.split(',').map(str::to_owned).collect())
        }
        Some(serde_json::Value::Array(names)) => listed(names.iter().map(plain_text).collect()),
        Some(serde_json::Value::Object(positions)) => positions
            .iter()
            .map(|(name, position)| {
                Ok((
                    FieldName::new(name.trim()),
                    position_of(&plain_text(position))?,
                ))
            })
            .collect(),
        _ => Err(setting_problem("columns", "the setting is missing")
            .with_code(config_code::MISSING_KEY)
            .with_help("a list of names, or a map from name to position (from 0)")),
    }
}

/// `name` at its place in the list, or `name:3`.
fn named_column(text: &str, at: usize) -> Result<(FieldName, usize), ConfigProblem> {
    match text.split_once(':') {
        Some((name, position)) => Ok((FieldName::new(name.trim()), position_of(position)?)),
        None => Ok((FieldName::new(text.trim()), at)),
    }
}

fn position_of(text: &str) -> Result<usize, ConfigProblem> {
    text.trim()
        .parse()
        .ok()
        .filter(|position| *position <= MAX_COLUMN)
        .ok_or_else(|| {
            setting_problem(
                "columns",
                format!("`{text}` is not a column's position (0 to {MAX_COLUMN})"),
            )
        })
}
