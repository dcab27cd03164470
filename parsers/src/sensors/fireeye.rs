//! FireEye's alerts.

use alidade_event::{Event, FieldName, Str, field};
use alidade_stellar::ConfigProblem;
use jiff::tz::TimeZone;

use super::{MessageParser, Run, Setup};
use crate::charset::Charset;
use crate::dates::{JavaDateFormat, year_of};
use crate::regex::{JavaRegex, MatchScratch, NamedGroups};

/// The time at the start of the line, followed by the sender's address.
const TIME: &str = r"[A-Za-z]{3}\s+\d+\s+\d+:\d+:\d+\s+\d+\.\d+\.\d+\.\d+";

#[derive(Debug)]
struct FireEyeParser {
    time: JavaRegex,
    time_format: JavaDateFormat,
    charset: Charset,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    let charset = setup.charset().map_err(|problem| vec![problem])?;
    let refused = |reason: String| vec![ConfigProblem::new("/parserClassName", reason)];
    Ok(Box::new(FireEyeParser {
        time: JavaRegex::find(TIME, &NamedGroups::none()).map_err(refused)?,
        time_format: JavaDateFormat::compile("yyyy MMM d HH:mm:ss", TimeZone::UTC)
            .map_err(refused)?,
        charset,
    }))
}

impl FireEyeParser {
    fn parse_message(
        &self,
        text: &str,
        matches: &mut MatchScratch,
        now_ms: i64,
    ) -> Result<Event, String> {
        let text = text.get(last_priority(text)..).unwrap_or(text);
        let words: Vec<&str> = text.trim_end_matches(' ').split(' ').collect();
        let id = words
            .get(4)
            .ok_or_else(|| format!("Index 4 out of bounds for length {}", words.len()))?;
        let mut event = Event::with_capacity(32);
        // An alert in several parts (`N.M.alert`) cannot be taken apart.
        if id.matches('.').count() == 1 {
            let line = words.get(1..words.len() - 1).unwrap_or_default().join(" ");
            put_fields(&line, &mut event);
        }
        event.set(field::ORIGINAL_STRING, text);
        for (from, to) in [
            ("dvc", field::IP_SRC_ADDR),
            ("src_port", field::IP_SRC_PORT),
            ("dst_ip", field::IP_DST_ADDR),
            ("dst_port", field::IP_DST_PORT),
        ] {
            if let Some(value) = event.get(from).cloned() {
                event.set(to, value);
            }
        }
        event.set(field::TIMESTAMP, self.time_of(text, matches, now_ms)?);
        Ok(event)
    }

    /// The time at the start in the current year; 0 when there is none.
    fn time_of(&self, text: &str, matches: &mut MatchScratch, now_ms: i64) -> Result<i64, String> {
        let found = self.time.captures(text, matches)?;
        let Some(time) = found
            .and_then(|found| found.group(0))
            .and_then(|(start, end)| text.get(start..end))
        else {
            return Ok(0);
        };
        let dated = format!("{} {time}", year_of(now_ms, &TimeZone::UTC));
        Ok(self.time_format.parse(&dated, now_ms).unwrap_or(0))
    }
}

/// Where the last `<number>` stands; the start when there is none.
fn last_priority(text: &str) -> usize {
    text.match_indices('<')
        .map(|(at, _)| at)
        .rfind(|at| {
            let rest = text.get(at + 1..).unwrap_or_default();
            let digits = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            digits > 0
                && !rest.starts_with('0')
                && rest
                    .get(digits..)
                    .is_some_and(|after| after.starts_with('>'))
        })
        .unwrap_or(0)
}

/// What upstream calls the fields. The replacements run over each other in this order.
const SUBSTITUTIONS: [(&str, &str); 10] = [
    ("cn3", "dst_port"),
    ("cs5", "cncHost"),
    ("proto", "protocol"),
    ("rt=", "timestamp="),
    ("cs1", "malware"),
    ("dst=", "dst_ip="),
    ("shost", "src_hostname"),
    ("dmac", "dst_mac"),
    ("smac", "src_mac"),
    ("spt", "src_port"),
];

fn put_fields(line: &str, event: &mut Event) {
    let mut text = line.to_owned();
    for (from, to) in SUBSTITUTIONS {
        text = text.replace(from, to);
    }
    let text = replace_word(&text, "src", "src_ip");
    let pairs = text.rsplit('|').next().unwrap_or_default();
    let mut values: Vec<(Str, String)> = Vec::new();
    for (key, value) in pairs_of(pairs) {
        match values.iter_mut().find(|(known, _)| known == key) {
            Some((_, joined)) => {
                joined.push(',');
                joined.push_str(value);
            }
            None => values.push((Str::new(key), value.to_owned())),
        }
    }
    for (key, value) in values {
        event.set(FieldName::from(key), value.trim());
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Replaces a text where it stands as a word of its own.
fn replace_word(text: &str, word: &str, with: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, after) = (
            rest.get(..at).unwrap_or_default(),
            rest.get(at + word.len()..).unwrap_or_default(),
        );
        out.push_str(before);
        let stands_alone = !out.ends_with(is_word) && !after.starts_with(is_word);
        out.push_str(if stands_alone { with } else { word });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// `key=value` pairs. A value ends at the blank before the next key, and keeps that blank; a pair that no blank ends is
/// left out, as upstream does.
fn pairs_of(text: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut signs = text.match_indices('=').map(|(at, _)| at).peekable();
    while let Some(sign) = signs.next() {
        let key_start = text
            .get(..sign)
            .map_or(0, |before| before.trim_end_matches(is_word).len());
        let key = text.get(key_start..sign).unwrap_or_default();
        let end = match signs.peek() {
            Some(next) => text
                .get(..*next)
                .map_or(0, |before| before.trim_end_matches(is_word).len()),
            None => text.len(),
        };
        let value = text.get(sign + 1..end).unwrap_or_default();
        if !key.is_empty() && value.ends_with(' ') {
            pairs.push((key, value));
        }
    }
    pairs
}

impl MessageParser for FireEyeParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let text = self.charset.decode(message);
        match self.parse_message(&text, run.matches, run.now_ms) {
            Ok(event) => run.event(event),
            Err(reason) => run.fail(format!("Unable to parse {text}: {reason}")),
        }
    }

    fn charset(&self) -> Charset {
        self.charset
    }
}
