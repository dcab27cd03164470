//! Syslog by RFC 3164 and RFC 5424.

use alidade_event::{Event, FieldName, Str, Value, field};
use alidade_stellar::{ConfigProblem, config_code};
use jiff::tz::TimeZone;

use super::header_time;
use super::{MessageParser, Run, Setup, lines, setting_problem, shared_original};
use crate::charset::Charset;
use crate::dates::{month_at, strict_zone};
use crate::sensor::DropReason;

#[derive(Debug)]
struct SyslogParser {
    format: Format,
    zone: TimeZone,
    charset: Charset,
}

#[derive(Debug)]
enum Format {
    Rfc3164,
    Rfc5424(NilPolicy),
}

/// What becomes of a field that holds `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NilPolicy {
    Omit,
    Dash,
    Null,
}

pub(crate) fn build_3164(
    setup: &mut Setup<'_>,
) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    build(setup, Format::Rfc3164).map_err(|problem| vec![problem])
}

pub(crate) fn build_5424(
    setup: &mut Setup<'_>,
) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    nil_policy(setup)
        .and_then(|policy| build(setup, Format::Rfc5424(policy)))
        .map_err(|problem| vec![problem])
}

fn build(setup: &Setup<'_>, format: Format) -> Result<Box<dyn MessageParser>, ConfigProblem> {
    Ok(Box::new(SyslogParser {
        format,
        zone: device_zone(setup)?,
        charset: setup.charset()?,
    }))
}

/// The zone of `deviceTimeZone`; UTC without it.
///
/// # Errors
/// When there is no such zone.
pub(crate) fn device_zone(setup: &Setup<'_>) -> Result<TimeZone, ConfigProblem> {
    let Some(name) = setup.text("deviceTimeZone")? else {
        return Ok(TimeZone::UTC);
    };
    strict_zone(&name).ok_or_else(|| {
        setting_problem("deviceTimeZone", format!("there is no time zone `{name}`"))
            .with_code(config_code::UNKNOWN_NAME)
            .with_help("write for example UTC or America/New_York")
    })
}

fn nil_policy(setup: &Setup<'_>) -> Result<NilPolicy, ConfigProblem> {
    match setup.text("nilPolicy")?.as_deref() {
        None | Some("" | "OMIT") => Ok(NilPolicy::Omit),
        Some("DASH") => Ok(NilPolicy::Dash),
        Some("NULL") => Ok(NilPolicy::Null),
        Some(other) => Err(
            setting_problem("nilPolicy", format!("there is no policy `{other}`"))
                .with_code(config_code::UNKNOWN_NAME)
                .with_help("one of OMIT, DASH, NULL"),
        ),
    }
}

impl SyslogParser {
    fn parse_line(&self, line: &str, original: &Str, now_ms: i64) -> Result<Event, String> {
        let mut event = Event::with_capacity(20);
        let rest = put_priority(line, &mut event)?;
        let time = match self.format {
            Format::Rfc3164 => read_3164(rest, &mut event)?,
            Format::Rfc5424(policy) => read_5424(rest, policy, &mut event)?,
        };
        let time = match time {
            Some(text) => header_time::parse(text, &self.zone, now_ms)?,
            None => now_ms,
        };
        event.set(field::TIMESTAMP, time);
        event.set(field::ORIGINAL_STRING, original.clone());
        Ok(event)
    }
}

/// `<number>`, which may be missing.
fn put_priority<'l>(line: &'l str, event: &mut Event) -> Result<&'l str, String> {
    let Some(rest) = line.strip_prefix('<') else {
        return Ok(line);
    };
    let (digits, rest) = rest.split_once('>').ok_or("the priority is not closed")?;
    let priority: u32 = digits
        .parse()
        .ok()
        .filter(|_| digits.len() <= 3 && !digits.starts_with('+'))
        .ok_or_else(|| format!("`{digits}` is not a priority"))?;
    event.set("syslog.header.pri", digits);
    event.set("syslog.header.facility", (priority >> 3).to_string());
    event.set("syslog.header.severity", (priority & 7).to_string());
    Ok(rest)
}

fn read_3164<'l>(rest: &'l str, event: &mut Event) -> Result<Option<&'l str>, String> {
    let (time, rest) = split_time(rest).ok_or("there is no time after the priority")?;
    let rest = rest
        .strip_prefix(' ')
        .ok_or("there is no blank after the time")?;
    let (host, message) = rest
        .split_once(' ')
        .ok_or("there is no message after the host")?;
    if host.is_empty() {
        return Err("there is no host after the time".to_owned());
    }
    event.set("syslog.header.timestamp", time);
    event.set("syslog.header.hostName", host);
    event.set("syslog.message", message);
    Ok(Some(time))
}

/// The time at the start: ISO 8601 up to a blank, or `Mon d HH:MM:SS` with a day of one or two digits.
fn split_time(text: &str) -> Option<(&str, &str)> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(text.split_at(text.find(' ').unwrap_or(text.len())));
    }
    month_at(text).filter(|(_, used)| *used == 3)?;
    let mut at = 3;
    for _ in 0..2 {
        let rest = text.get(at..)?;
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        if blanks == 0 {
            return None;
        }
        let word = rest.get(blanks..)?;
        at += blanks + word.find(' ').unwrap_or(word.len());
    }
    let (time, rest) = text.split_at(at);
    let is_clock = time
        .rsplit(' ')
        .next()
        .is_some_and(|clock| clock.matches(':').count() == 2);
    is_clock.then_some((time, rest))
}

fn read_5424<'l>(
    rest: &'l str,
    policy: NilPolicy,
    event: &mut Event,
) -> Result<Option<&'l str>, String> {
    let missing = || "the header has too few fields".to_owned();
    let mut rest = rest;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    if (1..=3).contains(&digits)
        && rest
            .get(digits..)
            .is_some_and(|after| after.starts_with(' '))
    {
        event.set(
            "syslog.header.version",
            rest.get(..digits).unwrap_or_default(),
        );
        rest = rest.get(digits + 1..).unwrap_or_default();
    }
    let (time, mut rest) = rest.split_once(' ').ok_or_else(missing)?;
    let has_time = time.starts_with(|c: char| c.is_ascii_digit());
    if !has_time && time != "-" {
        return Err(format!("`{time}` is not a time"));
    }
    put_header("syslog.header.timestamp", time, policy, event);
    for name in [
        "syslog.header.hostName",
        "syslog.header.appName",
        "syslog.header.procId",
        "syslog.header.msgId",
    ] {
        let (value, after) = rest.split_once(' ').ok_or_else(missing)?;
        if value.is_empty() {
            return Err(missing());
        }
        put_header(name, value, policy, event);
        rest = after;
    }
    let after = match rest.strip_prefix('-') {
        Some(after) => after,
        None => put_structured_data(rest, event)?,
    };
    match after.strip_prefix(' ') {
        // The byte order mark only says that the message is UTF-8.
        Some(message) => {
            event.set(
                "syslog.message",
                message.strip_prefix('\u{feff}').unwrap_or(message),
            );
        }
        None if after.is_empty() => {}
        None => return Err("there is no blank after the structured data".to_owned()),
    }
    Ok(has_time.then_some(time))
}

fn put_header(name: &'static str, value: &str, policy: NilPolicy, event: &mut Event) {
    let value = match (value, policy) {
        ("-", NilPolicy::Omit) => return,
        ("-", NilPolicy::Null) => Value::Null,
        (value, _) => Value::str(value),
    };
    event.set(FieldName::new_static(name), value);
}

/// `[id name="value" ...]`, once or several times. Values keep their backslashes, as upstream does.
fn put_structured_data<'l>(text: &'l str, event: &mut Event) -> Result<&'l str, String> {
    let broken = || "the structured data are broken".to_owned();
    let mut rest = text;
    if !rest.starts_with('[') {
        return Err(broken());
    }
    while let Some(body) = rest.strip_prefix('[') {
        let end = body.find([' ', ']']).ok_or_else(broken)?;
        let (id, mut params) = body.split_at(end);
        if id.is_empty() {
            return Err(broken());
        }
        rest = loop {
            if let Some(after) = params.strip_prefix(']') {
                break after;
            }
            let param = params.trim_start_matches(' ');
            if let Some(after) = param.strip_prefix(']') {
                break after;
            }
            let (name, value) = param.split_once("=\"").ok_or_else(broken)?;
            if name.contains([' ', ']']) {
                return Err(broken());
            }
            let close = closing_quote(value).ok_or_else(broken)?;
            let text = value.get(..close).unwrap_or_default();
            event.set(
                FieldName::from(format!("syslog.structuredData.{id}.{name}")),
                text,
            );
            params = value.get(close + 1..).unwrap_or_default();
        };
    }
    Ok(rest)
}

/// The first quote without a backslash before it.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == '"' && !escaped {
            return Some(at);
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

impl MessageParser for SyslogParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let record = self.charset.decode(message);
        if record.trim().is_empty() {
            run.drop(DropReason::EmptyMessage);
            return;
        }
        let original = shared_original(&record, lines(&record).count());
        for line in lines(&record) {
            match self.parse_line(line, &original, run.now_ms) {
                Ok(event) => run.event(event),
                Err(reason) => run.fail_part(line, reason),
            }
        }
    }

    fn charset(&self) -> Charset {
        self.charset
    }
}
