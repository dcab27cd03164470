//! QRadar's Log Event Extended Format.

use alidade_event::{Event, FieldName, field};
use alidade_stellar::ConfigProblem;
use jiff::tz::TimeZone;

use super::cef::{SyslogHeader, put_extensions, rename};
use super::header_time::LooseTime;
use super::{MessageParser, Run, Setup, lines};
use crate::charset::Charset;
use crate::dates::JavaDateFormat;
use crate::sensor::DropReason;

#[derive(Debug)]
struct LeefParser {
    times: LooseTime,
    charset: Charset,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    let charset = setup.charset().map_err(|problem| vec![problem])?;
    let times =
        LooseTime::new().map_err(|reason| vec![ConfigProblem::new("/parserClassName", reason)])?;
    Ok(Box::new(LeefParser { times, charset }))
}

/// What the version decides about the pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// As CEF has them.
    Zero,
    One,
    /// Names its separator.
    Two,
}

const MARKERS: [(&str, Version); 3] = [
    ("LEEF:1.0|", Version::One),
    ("LEEF:2.0|", Version::Two),
    ("LEEF:0|", Version::Zero),
];

impl LeefParser {
    fn parse_line(&self, line: &str, now_ms: i64) -> Result<Event, String> {
        let (at, length, version) = MARKERS
            .iter()
            .filter_map(|(marker, version)| {
                line.find(marker).map(|at| (at, marker.len(), *version))
            })
            .min_by_key(|(at, _, _)| *at)
            .ok_or("there is no LEEF header")?;
        let header = SyslogHeader::read(line.get(..at).unwrap_or_default());
        let parts: Vec<&str> = line
            .get(at + length..)
            .unwrap_or_default()
            .splitn(5, '|')
            .collect();
        let [vendor, product, device_version, event_id, rest] = parts.as_slice() else {
            return Err(format!("the LEEF header has {} fields, not 5", parts.len()));
        };
        let mut event = Event::with_capacity(24);
        for (key, value) in [
            ("DeviceVendor", vendor),
            ("DeviceProduct", product),
            ("DeviceVersion", device_version),
            ("DeviceEvent", event_id),
        ] {
            event.set(key, *value);
        }
        match version {
            Version::Zero => put_extensions(rest, &mut event)?,
            Version::One => put_pairs(rest, "\t", &mut event)?,
            Version::Two => {
                let (separator, pairs) = separator_of(rest);
                put_pairs(pairs, separator, &mut event)?;
            }
        }
        if let Some(host) = header.host {
            event.set("host", host);
        }
        rename(
            &mut event,
            &[("dst", field::IP_DST_ADDR), ("src", field::IP_SRC_ADDR)],
            &[
                ("dstPort", field::IP_DST_PORT),
                ("srcPort", field::IP_SRC_PORT),
            ],
        )?;
        let time = match event.get_str("devTime") {
            Some(time) => self
                .device_time(time, event.get_str("devTimeFormat"), now_ms)
                .ok_or("devTime field present in LEEF but cannot be parsed")?,
            None => header.time_or_now(now_ms)?,
        };
        event.set(field::TIMESTAMP, time);
        event.set(field::ORIGINAL_STRING, line);
        Ok(event)
    }

    fn device_time(&self, time: &str, format: Option<&str>, now_ms: i64) -> Option<i64> {
        let is_number = !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit());
        match format {
            Some(pattern) if !is_number => JavaDateFormat::compile(pattern, TimeZone::UTC)
                .ok()?
                .parse(time, now_ms)
                .ok(),
            _ => self.times.parse(time, now_ms),
        }
    }
}

/// The separator of version 2, tab where none is named, and the pairs.
fn separator_of(rest: &str) -> (&str, &str) {
    match rest.split_once('|') {
        Some((separator, pairs)) if !separator.contains('=') => (
            if separator.is_empty() {
                "\t"
            } else {
                separator
            },
            pairs,
        ),
        _ => ("\t", rest),
    }
}

fn put_pairs(text: &str, separator: &str, event: &mut Event) -> Result<(), String> {
    for pair in text.split(separator) {
        let mut sides = pair.split('=');
        let (Some(key), Some(value)) = (sides.next(), sides.next()) else {
            return Err(format!("`{pair}` is not key=value"));
        };
        event.set(FieldName::new(key), value);
    }
    Ok(())
}

impl MessageParser for LeefParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let text = self.charset.decode(message);
        let mut found = false;
        for line in lines(&text).filter(|line| !line.trim().is_empty()) {
            found = true;
            match self.parse_line(line, run.now_ms) {
                Ok(event) => run.event(event),
                Err(reason) => run.fail_part(line, reason),
            }
        }
        if !found {
            run.drop(DropReason::EmptyMessage);
        }
    }

    fn charset(&self) -> Charset {
        self.charset
    }
}
