//! Lines understood by configured regular expressions: one for the header, one that tells the type of the record, and
//! some for each type.

use alidade_event::{Event, FieldName, field};
use alidade_stellar::{ConfigProblem, config_code};
use serde_json::Value as Json;

use super::{MessageParser, Run, Setup, bad_pattern, setting_problem};
use crate::charset::Charset;
use crate::given::GivenFields;
use crate::lenient::plain_text;
use crate::regex::{Group, JavaRegex, MatchScratch, NamedGroups, scan_groups};

#[derive(Debug)]
struct RegularExpressionsParser {
    headers: Vec<FieldsRegex>,
    record_type: FieldsRegex,
    by_type: Vec<(String, Vec<FieldsRegex>)>,
    charset: Charset,
}

/// An expression whose named groups are fields.
#[derive(Debug)]
struct FieldsRegex {
    regex: JavaRegex,
    fields: Vec<(FieldName, usize)>,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    RegularExpressionsParser::new(setup)
        .map(|parser| Box::new(parser) as Box<dyn MessageParser>)
        .map_err(|problem| vec![problem])
}

impl RegularExpressionsParser {
    fn new(setup: &Setup<'_>) -> Result<Self, ConfigProblem> {
        let underscores = setup.switch("convertCamelCaseToUnderScore")?;
        let source = setup
            .text("recordTypeRegex")?
            .filter(|source| !source.trim().is_empty())
            .ok_or_else(|| {
                setting_problem(
                    "recordTypeRegex",
                    "Invalid config :recordTypeRegex is missing in parserConfig",
                )
                .with_code(config_code::MISSING_KEY)
            })?;
        let record_type = FieldsRegex::find(&source, underscores)
            .map_err(|reason| bad_pattern("recordTypeRegex", reason))?;
        let mut headers = Vec::new();
        for source in texts(setup.settings.get("messageHeaderRegex")) {
            headers.push(
                FieldsRegex::find(&source, underscores)
                    .map_err(|reason| bad_pattern("messageHeaderRegex", reason))?,
            );
        }
        let Some(Json::Array(entries)) = setup.settings.get("fields") else {
            return Err(setting_problem("fields", "the setting is missing")
                .with_code(config_code::MISSING_KEY)
                .with_help("a list of {\"recordType\": ..., \"regex\": ...}"));
        };
        let mut by_type = Vec::with_capacity(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            by_type.push(fields_of_type(entry, at, underscores)?);
        }
        Ok(RegularExpressionsParser {
            headers,
            record_type,
            by_type,
            charset: setup.charset()?,
        })
    }

    fn parse_message(
        &self,
        text: &str,
        matches: &mut MatchScratch,
        now_ms: i64,
    ) -> Result<Event, String> {
        let mut event = Event::with_capacity(24);
        for header in &self.headers {
            if header.put(text, &mut event, matches)?.is_some() {
                break;
            }
        }
        let mut type_fields = Event::new();
        if let Some(whole) = self.record_type.put(text, &mut type_fields, matches)? {
            let record_type = whole.to_lowercase();
            let expressions = self.by_type.iter().find(|(name, _)| *name == record_type);
            for expression in expressions.iter().flat_map(|(_, expressions)| expressions) {
                if expression.put(text, &mut event, matches)?.is_some() {
                    break;
                }
            }
        }
        for (name, value) in type_fields {
            event.set(name, value);
        }
        event.set(field::ORIGINAL_STRING, text);
        event.set(field::TIMESTAMP, now_ms);
        Ok(event)
    }
}

impl FieldsRegex {
    fn find(source: &str, underscores: bool) -> Result<Self, String> {
        Self::new(source, underscores, JavaRegex::find)
    }

    fn new(
        source: &str,
        underscores: bool,
        compile: fn(&str, &NamedGroups) -> Result<JavaRegex, String>,
    ) -> Result<Self, String> {
        let groups = scan_groups(source);
        let kept = NamedGroups::keeping(source, &groups, |at| {
            groups.get(at).is_some_and(|group| group.name.is_some())
        });
        let regex =
            compile(source, &kept).map_err(|reason| format!("Invalid config : {reason}"))?;
        let named = |(at, group): (usize, &Group)| {
            Some((
                field_name(group.name.as_deref()?, underscores),
                kept.number(at)?,
            ))
        };
        Ok(FieldsRegex {
            regex,
            fields: groups.iter().enumerate().filter_map(named).collect(),
        })
    }

    /// Puts the groups that hold something, trimmed. Gives the whole match, or nothing when there is none.
    fn put<'t>(
        &self,
        text: &'t str,
        event: &mut Event,
        matches: &mut MatchScratch,
    ) -> Result<Option<&'t str>, String> {
        let Some(found) = self.regex.captures(text, matches)? else {
            return Ok(None);
        };
        let part = |group: usize| {
            found
                .group(group)
                .and_then(|(start, end)| text.get(start..end))
        };
        for (name, group) in &self.fields {
            if let Some(value) = part(*group)
                .map(str::trim)
                .filter(|value| !value.is_empty())
            {
                event.set(name.clone(), value);
            }
        }
        Ok(part(0))
    }
}

fn texts(setting: Option<&Json>) -> Vec<String> {
    match setting {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(members)) => members.iter().map(plain_text).collect(),
        Some(one) => vec![plain_text(one)],
    }
}

fn fields_of_type(
    entry: &Json,
    at: usize,
    underscores: bool,
) -> Result<(String, Vec<FieldsRegex>), ConfigProblem> {
    let problem = |member: &str, message: String| {
        ConfigProblem::new(format!("/parserConfig/fields/{at}/{member}"), message)
    };
    let record_type = entry
        .get("recordType")
        .filter(|name| !name.is_null())
        .map(plain_text)
        .ok_or_else(|| {
            problem(
                "recordType",
                "the entry does not name its record type".to_owned(),
            )
            .with_code(config_code::MISSING_KEY)
        })?;
    let mut expressions = Vec::new();
    for source in texts(entry.get("regex")) {
        let expression = FieldsRegex::new(&source, underscores, JavaRegex::full)
            .map_err(|reason| problem("regex", reason).with_code(config_code::BAD_PATTERN))?;
        // One without named groups gives nothing, so that the next one gets its turn.
        if !expression.fields.is_empty() {
            expressions.push(expression);
        }
    }
    Ok((record_type.to_lowercase(), expressions))
}

/// A group's name as a field's name: `ipSrcAddr` may become `ip_src_addr`.
fn field_name(group: &str, underscores: bool) -> FieldName {
    if !underscores || !group.contains(|c: char| c.is_ascii_uppercase()) {
        return FieldName::new(group);
    }
    let mut name = String::with_capacity(group.len() + 4);
    for c in group.chars() {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    FieldName::from(name)
}

impl MessageParser for RegularExpressionsParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let text = self.charset.decode(message);
        let trimmed = text.trim();
        if trimmed.is_empty() {
            // Upstream makes an event of nothing, which is invalid for lack of a time.
            run.event(Event::new());
            return;
        }
        match self.parse_message(trimmed, run.matches, run.now_ms) {
            Ok(event) => run.event(event),
            Err(reason) => run.fail(format!("Unable to parse {trimmed}: {reason}")),
        }
    }

    fn charset(&self) -> Charset {
        self.charset
    }

    fn fields(&self) -> GivenFields {
        let by_type = self.by_type.iter().flat_map(|(_, fields)| fields);
        let all = self
            .headers
            .iter()
            .chain([&self.record_type])
            .chain(by_type);
        GivenFields::all(all.flat_map(|regex| regex.fields.iter().map(|(name, _)| name.clone())))
    }
}
