//! Events that Logstash wrote as JSON.

use alidade_event::{Event, field};
use alidade_stellar::ConfigProblem;
use jiff::tz::TimeZone;

use super::{MessageParser, Run, Setup};
use crate::charset::utf8;
use crate::dates::JavaDateFormat;
use crate::json;

const DROPPED: [&str; 4] = ["@version", "type", "host", "tags"];
const RENAMED: [(&str, &str); 5] = [
    ("message", field::ORIGINAL_STRING),
    ("src_ip", field::IP_SRC_ADDR),
    ("dst_ip", field::IP_DST_ADDR),
    ("src_port", field::IP_SRC_PORT),
    ("dst_port", field::IP_DST_PORT),
];

#[derive(Debug)]
struct LogstashParser {
    time: JavaDateFormat,
}

pub(crate) fn build(_: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    let time = JavaDateFormat::compile("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", TimeZone::UTC)
        .map_err(|reason| vec![super::bad_pattern("dateFormat", reason)])?;
    Ok(Box::new(LogstashParser { time }))
}

impl LogstashParser {
    fn parse_message(&self, text: &str, now_ms: i64) -> Result<Event, String> {
        let mut event = json::read_event(text, json::SIMPLE)?;
        for name in DROPPED {
            event.remove(name);
        }
        for (old, new) in RENAMED {
            if let Some(value) = event.remove(old) {
                event.set(new, value);
            }
        }
        let time = event
            .remove("@timestamp")
            .ok_or("there is no field @timestamp")?;
        let time = time.as_str().ok_or("the field @timestamp holds no text")?;
        event.set(field::TIMESTAMP, self.time.parse(time, now_ms)?);
        Ok(event)
    }
}

impl MessageParser for LogstashParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        if message.trim_ascii().is_empty() {
            run.drop(crate::sensor::DropReason::EmptyMessage);
            return;
        }
        let text = utf8(message);
        match self.parse_message(&text, run.now_ms) {
            Ok(event) => run.event(event),
            Err(reason) => run.fail(format!("Unable to parse {text}: {reason}")),
        }
    }
}
