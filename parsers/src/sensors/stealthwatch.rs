//! Lancope's StealthWatch, its syslog lines wrapped in JSON.

use alidade_event::{Event, field};
use alidade_stellar::ConfigProblem;
use jiff::tz::TimeZone;

use super::{MessageParser, Run, Setup};
use crate::charset::Charset;
use crate::dates::JavaDateFormat;
use crate::json;

#[derive(Debug)]
struct LancopeParser {
    time: JavaDateFormat,
    charset: Charset,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    let charset = setup.charset().map_err(|problem| vec![problem])?;
    let time = JavaDateFormat::compile("yyyy-MM-dd'T'HH:mm:ss", TimeZone::UTC)
        .map_err(|reason| vec![super::bad_pattern("dateFormat", reason)])?;
    Ok(Box::new(LancopeParser { time, charset }))
}

impl LancopeParser {
    fn parse_message(&self, text: &str, now_ms: i64) -> Result<Event, String> {
        let mut event = json::read_event(text, json::SIMPLE)?;
        let message = event
            .remove("message")
            .and_then(|value| value.as_str().map(str::to_owned))
            .ok_or("there is no text in the field message")?;
        let words: Vec<&str> = message.split(' ').collect();
        let word = |at: usize| {
            words.get(at).copied().ok_or_else(|| {
                format!(
                    "the message has {} words, at least 8 are needed",
                    words.len()
                )
            })
        };
        event.set(field::IP_SRC_ADDR, word(6)?);
        event.set(field::IP_DST_ADDR, word(7)?);
        event.set(field::TIMESTAMP, self.time.parse(word(5)?, now_ms)?);
        event.remove("@timestamp");
        event.set(field::ORIGINAL_STRING, message);
        Ok(event)
    }
}

impl MessageParser for LancopeParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let text = self.charset.decode(message);
        match self.parse_message(&text, run.now_ms) {
            Ok(event) => run.event(event),
            Err(reason) => run.fail(format!("Unable to parse {text}: {reason}")),
        }
    }

    fn charset(&self) -> Charset {
        self.charset
    }
}
