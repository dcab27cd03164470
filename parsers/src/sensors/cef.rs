//! ArcSight's Common Event Format.

use alidade_event::{Event, FieldName, Str, field};
use alidade_stellar::ConfigProblem;
use jiff::tz::TimeZone;

use super::header_time::{self, LooseTime};
use super::{MessageParser, Run, Setup};
use crate::charset::Charset;
use crate::sensor::DropReason;

#[derive(Debug)]
struct CefParser {
    times: LooseTime,
    charset: Charset,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    let charset = setup.charset().map_err(|problem| vec![problem])?;
    let times =
        LooseTime::new().map_err(|reason| vec![ConfigProblem::new("/parserClassName", reason)])?;
    Ok(Box::new(CefParser { times, charset }))
}

/// Keys that get standard names.
const RENAMED: [(&str, &str); 4] = [
    ("dst", field::IP_DST_ADDR),
    ("src", field::IP_SRC_ADDR),
    ("act", "deviceAction"),
    ("app", field::PROTOCOL),
];
/// Keys that get standard names and become numbers.
const PORTS: [(&str, &str); 2] = [("dpt", field::IP_DST_PORT), ("spt", field::IP_SRC_PORT)];

impl CefParser {
    fn parse_message(&self, text: &str, now_ms: i64) -> Result<Event, String> {
        if text.contains(['\n', '\r']) {
            return Err("the event spans several lines".to_owned());
        }
        let (at, length) = find_marker(text).ok_or("there is no CEF header")?;
        let header = SyslogHeader::read(text.get(..at).unwrap_or_default());
        let parts: Vec<&str> = text
            .get(at + length..)
            .unwrap_or_default()
            .splitn(7, '|')
            .collect();
        let [vendor, product, version, id, name, severity, extensions] = parts.as_slice() else {
            return Err(format!("the CEF header has {} fields, not 7", parts.len()));
        };
        let mut event = Event::with_capacity(24);
        for (key, value) in [
            ("DeviceVendor", vendor),
            ("DeviceProduct", product),
            ("DeviceVersion", version),
            ("DeviceEvent", id),
            ("Name", name),
        ] {
            event.set(key, *value);
        }
        event.set("Severity", severity_number(severity)?);
        put_extensions(extensions, &mut event)?;
        if let Some(host) = header.host {
            event.set("host", host);
        }
        rename(&mut event, &RENAMED, &PORTS)?;
        event.set(field::TIMESTAMP, self.time_of(&event, &header, now_ms)?);
        event.set(field::ORIGINAL_STRING, text);
        Ok(event)
    }

    fn time_of(
        &self,
        event: &Event,
        header: &SyslogHeader<'_>,
        now_ms: i64,
    ) -> Result<i64, String> {
        if let Some(time) = event.get_str("rt") {
            return self
                .times
                .parse(time, now_ms)
                .ok_or_else(|| "rt field present in CEF but cannot be parsed".to_owned());
        }
        header.time_or_now(now_ms)
    }
}

/// The place of `CEF:0|` or `CEF: 0|`, and its length.
fn find_marker(text: &str) -> Option<(usize, usize)> {
    let at = |marker: &str| text.find(marker).map(|at| (at, marker.len()));
    match (at("CEF:0|"), at("CEF: 0|")) {
        (Some(tight), Some(spaced)) => Some(tight.min(spaced)),
        (tight, spaced) => tight.or(spaced),
    }
}

fn severity_number(text: &str) -> Result<i32, String> {
    if text.chars().count() <= 2 {
        return text
            .parse()
            .map_err(|_| format!("For input string: \"{text}\""));
    }
    Ok(match text.to_ascii_lowercase().as_str() {
        "low" => 2,
        "medium" => 5,
        "high" => 8,
        "very-high" => 10,
        _ => 0,
    })
}

/// `key=value` pairs between blanks. A value ends at the last blank before the next key. `xLabel=Name` names the value of
/// `x`.
///
/// # Errors
/// When there is not one pair.
pub(crate) fn put_extensions(text: &str, event: &mut Event) -> Result<(), String> {
    let mut labels: Vec<(FieldName, Str)> = Vec::new();
    let mut key: Option<&str> = None;
    let mut rest = text;
    while let Some(sign) = unescaped_sign(rest) {
        let before = rest.get(..sign).unwrap_or_default();
        rest = rest.get(sign + 1..).unwrap_or_default();
        let Some(current) = key else {
            key = Some(before);
            continue;
        };
        if let Some(blank) = before.rfind(' ').filter(|blank| *blank > 0) {
            put_extension(
                current,
                before.get(..blank).unwrap_or_default(),
                event,
                &mut labels,
            );
            key = Some(before.get(blank..).unwrap_or_default().trim());
        }
    }
    let Some(last) = key else {
        return Err("the extension has no key=value pair".to_owned());
    };
    put_extension(last, rest, event, &mut labels);
    for (name, label) in labels {
        if let Some(value) = event.remove(&name) {
            event.set(FieldName::from(label), value);
        }
    }
    Ok(())
}

fn put_extension(key: &str, value: &str, event: &mut Event, labels: &mut Vec<(FieldName, Str)>) {
    match key.strip_suffix("Label") {
        Some(name) => labels.push((FieldName::new(name), Str::new(value.trim()))),
        None => {
            event.set(FieldName::new(key), value.trim());
        }
    }
}

fn unescaped_sign(text: &str) -> Option<usize> {
    text.match_indices('=')
        .map(|(at, _)| at)
        .find(|at| !text.get(..*at).unwrap_or_default().ends_with('\\'))
}

/// Gives fields their standard names; ports become numbers.
///
/// # Errors
/// When a port is no number.
pub(crate) fn rename(
    event: &mut Event,
    names: &[(&str, &'static str)],
    ports: &[(&str, &'static str)],
) -> Result<(), String> {
    for (from, to) in names {
        if let Some(value) = event.remove(from) {
            event.set(*to, value);
        }
    }
    for (from, to) in ports {
        if let Some(value) = event.remove(from) {
            let text = value.as_str().unwrap_or_default();
            let number: i32 = text
                .parse()
                .map_err(|_| format!("For input string: \"{text}\""))?;
            event.set(*to, number);
        }
    }
    Ok(())
}

/// What stands before the header of CEF and LEEF.
pub(crate) struct SyslogHeader<'t> {
    time: Option<&'t str>,
    pub host: Option<&'t str>,
}

impl<'t> SyslogHeader<'t> {
    /// A time after the priority, or, where there is none, the first word in lower case.
    pub fn read(text: &'t str) -> Self {
        let rest = without_priority(text);
        if let Some(length) = header_time::length_at(rest) {
            return SyslogHeader {
                time: rest.get(..length),
                host: None,
            };
        }
        let end = rest
            .find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '\\' | ']' | '^'))
            .unwrap_or(rest.len());
        SyslogHeader {
            time: None,
            host: rest.get(..end).filter(|host| !host.is_empty()),
        }
    }

    /// The header's time in UTC, or the clock's.
    ///
    /// # Errors
    /// When the header names a time that does not exist.
    pub fn time_or_now(&self, now_ms: i64) -> Result<i64, String> {
        match self.time {
            Some(time) => header_time::parse(time, &TimeZone::UTC, now_ms),
            None => Ok(now_ms),
        }
    }
}

fn without_priority(text: &str) -> &str {
    text.strip_prefix('<')
        .and_then(|rest| rest.split_once('>'))
        .filter(|(digits, _)| {
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
        .map_or(text, |(_, rest)| rest)
}

impl MessageParser for CefParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let text = self.charset.decode(message);
        if text.is_empty() {
            run.drop(DropReason::EmptyMessage);
            return;
        }
        match self.parse_message(&text, run.now_ms) {
            Ok(event) => run.event(event),
            Err(reason) => run.fail(reason),
        }
    }

    fn charset(&self) -> Charset {
        self.charset
    }
}

#[cfg(test)]
mod tests {
    use alidade_event::Value;

    use super::*;

    #[test]
    fn extensions_may_hold_blanks_and_labels() {
        let mut event = Event::new();
        put_extensions("msg=a b c cs1Label=Rule cs1=x y k=v\\=w", &mut event).unwrap();
        assert_eq!(event.get("msg"), Some(&Value::str("a b c")));
        assert_eq!(event.get("Rule"), Some(&Value::str("x y")));
        assert_eq!(event.get("k"), Some(&Value::str("v\\=w")));
        assert_eq!(event.len(), 3);
        assert!(put_extensions("nothing", &mut event).is_err());
    }
}
