//! WebSphere DataPower, on top of a Grok pattern.

use alidade_event::{Event, FieldName, Value, field};
use alidade_stellar::ConfigProblem;

use super::grok::{GrokParser, GrokSettings, LineFailure};
use super::{MessageParser, Run, Setup, bad_pattern};
use crate::charset::utf8;
use crate::dates::{JavaDateFormat, lenient_zone, year_of};
use crate::given::GivenFields;
use jiff::tz::TimeZone;

#[derive(Debug)]
struct WebSphereParser {
    grok: GrokParser,
    time_field: String,
    time_format: JavaDateFormat,
    zone: TimeZone,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    WebSphereParser::new(setup)
        .map(|parser| Box::new(parser) as Box<dyn MessageParser>)
        .map_err(|problem| vec![problem])
}

impl WebSphereParser {
    fn new(setup: &mut Setup<'_>) -> Result<Self, ConfigProblem> {
        let or =
            |setting: Option<String>, default: &str| setting.unwrap_or_else(|| default.to_owned());
        let settings = GrokSettings {
            grok_path: or(setup.text("grokPath")?, "/patterns/websphere"),
            label: or(setup.text("patternLabel")?, "WEBSPHERE"),
            // The time has no year; it is read here.
            timestamp_field: None,
            date_format: or(setup.text("dateFormat")?, "yyyy MMM dd HH:mm:ss"),
        };
        let zone = setup
            .text("timeZone")?
            .map_or(TimeZone::UTC, |name| lenient_zone(&name));
        let time_format = JavaDateFormat::compile(&settings.date_format, zone.clone())
            .map_err(|reason| bad_pattern("dateFormat", reason))?;
        Ok(WebSphereParser {
            time_field: or(setup.text("timestampField")?, "timestamp_string"),
            grok: GrokParser::new(settings, setup)?,
            time_format,
            zone,
        })
    }

    fn parse_line(&self, line: &str, run: &mut Run<'_>) -> Result<Event, LineFailure> {
        let mut event = self.grok.parse_line(line, run.matches, run.now_ms)?;
        let dated = event.remove(&self.time_field).and_then(|time| {
            Some(format!(
                "{} {}",
                year_of(run.now_ms, &self.zone),
                time.as_str()?
            ))
        });
        let time = dated
            .and_then(|dated| self.time_format.parse(&dated, run.now_ms).ok())
            .unwrap_or(run.now_ms);
        event.set(field::TIMESTAMP, time);
        event.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
        if let Some(Value::Str(message)) = event.get("message").cloned() {
            read_message(&message, &mut event);
        }
        Ok(event)
    }
}

/// What the message's text tells.
fn read_message(message: &str, event: &mut Event) {
    if message.contains("logged into") {
        event.set("event_subtype", "login");
        put(event, "username", between(message, "user(", ")"));
        let after_colon = message.split_once(':').map_or(message, |(_, rest)| rest);
        put(event, field::IP_SRC_ADDR, between(after_colon, "[", "]"));
        event.remove("message");
    } else if message.contains("logged out") {
        event.set("event_subtype", "logout");
        put(event, field::IP_SRC_ADDR, between(message, "[", "]"));
        let mut quoted = message.split('\'').skip(1).step_by(2);
        put(event, "username", quoted.next());
        put(event, "security_domain", quoted.next());
        event.remove("message");
    } else {
        put(
            event,
            "process",
            message.split_once('(').map(|(process, _)| process),
        );
        if let Some((_, rest)) = message.split_once(": ") {
            event.set("message", rest);
        }
    }
}

fn put(event: &mut Event, name: &'static str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        event.set(FieldName::new_static(name), value);
    }
}

fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close).map(|(inside, _)| inside)
}

impl MessageParser for WebSphereParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let line = utf8(message);
        match self.parse_line(&line, run) {
            Ok(event) => run.event(event),
            Err(failure) => run.fail(self.grok.failure_text(&failure, &line)),
        }
    }

    fn is_valid(&self, event: &Event) -> bool {
        self.grok.is_valid(event)
    }

    fn fields(&self) -> GivenFields {
        let mut given = self.grok.fields();
        let told_by_the_message = [
            "event_subtype",
            "username",
            "security_domain",
            "process",
            field::IP_SRC_ADDR,
        ];
        given
            .names
            .extend(told_by_the_message.map(FieldName::new_static));
        given
    }
}
