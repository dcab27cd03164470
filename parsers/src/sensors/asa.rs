//! Cisco ASA firewalls.

use std::collections::HashMap;

use alidade_event::{Event, FieldName, Str, Value, field};
use alidade_stellar::ConfigProblem;
use jiff::tz::TimeZone;

use super::syslog::device_zone;
use super::{MessageParser, Run, Setup, header_time, setting_problem};
use crate::charset::utf8;
use crate::given::GivenFields;
use crate::grok::{BuiltInPatterns, Definitions, Grok, captured_value, load};
use crate::regex::MatchScratch;

/// Which pattern understands the body of which messages (the number at the end of the tag).
const BODIES: [(&str, &str); 40] = [
    ("106001", "CISCOFW106001"),
    ("106006", "CISCOFW106006_106007_106010"),
    ("106007", "CISCOFW106006_106007_106010"),
    ("106010", "CISCOFW106006_106007_106010"),
    ("106014", "CISCOFW106014"),
    ("106015", "CISCOFW106015"),
    ("106021", "CISCOFW106021"),
    ("106023", "CISCOFW106023"),
    ("106100", "CISCOFW106100"),
    ("110002", "CISCOFW110002"),
    ("302010", "CISCOFW302010"),
    ("302013", "CISCOFW302013_302014_302015_302016"),
    ("302014", "CISCOFW302013_302014_302015_302016"),
    ("302015", "CISCOFW302013_302014_302015_302016"),
    ("302016", "CISCOFW302013_302014_302015_302016"),
    ("302020", "CISCOFW302020_302021"),
    ("302021", "CISCOFW302020_302021"),
    ("305011", "CISCOFW305011"),
    ("305012", "CISCOFW305011"),
    ("313001", "CISCOFW313001_313004_313008"),
    ("313004", "CISCOFW313001_313004_313008"),
    ("313008", "CISCOFW313001_313004_313008"),
    ("313005", "CISCOFW313005"),
    ("402117", "CISCOFW402117"),
    ("402119", "CISCOFW402119"),
    ("419001", "CISCOFW419001"),
    ("419002", "CISCOFW419002"),
    ("500004", "CISCOFW500004"),
    ("602303", "CISCOFW602303_602304"),
    ("602304", "CISCOFW602303_602304"),
    ("710001", "CISCOFW710001_710002_710003_710005_710006"),
    ("710002", "CISCOFW710001_710002_710003_710005_710006"),
    ("710003", "CISCOFW710001_710002_710003_710005_710006"),
    ("710005", "CISCOFW710001_710002_710003_710005_710006"),
    ("710006", "CISCOFW710001_710002_710003_710005_710006"),
    ("713172", "CISCOFW713172"),
    ("733100", "CISCOFW733100"),
    ("106102", "CISCOFW106100"),
    ("302303", "CISCOFW302013_302014_302015_302016"),
    ("302304", "CISCOFW302013_302014_302015_302016"),
];

const SEVERITIES: [&str; 8] = [
    "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug",
];
/// By number; an empty name is unknown.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "", "authpriv",
    "ftp", "", "", "", "cron", "local0", "local1", "local2", "local3", "local4", "local5",
    "local6", "local7",
];

#[derive(Debug)]
struct AsaParser {
    envelope: Grok,
    bodies: HashMap<&'static str, Grok>,
    zone: TimeZone,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    AsaParser::new(setup)
        .map(|parser| Box::new(parser) as Box<dyn MessageParser>)
        .map_err(|problem| vec![problem])
}

impl AsaParser {
    fn new(setup: &Setup<'_>) -> Result<Self, ConfigProblem> {
        let refused = |reason: String| ConfigProblem::new("/parserClassName", reason);
        let mut definitions = Definitions::default();
        for path in ["/patterns/common", "/patterns/asa"] {
            // As upstream, only the built-in files: the names in them are part of this parser.
            let text =
                load(path, &BuiltInPatterns).map_err(|failure| refused(failure.to_string()))?;
            definitions.add_file(&text.unwrap_or_default());
        }
        let mut bodies = HashMap::new();
        for (_, pattern) in BODIES {
            if !bodies.contains_key(pattern) {
                bodies.insert(
                    pattern,
                    Grok::compile(&definitions, pattern).map_err(refused)?,
                );
            }
        }
        if let Some(label) = setup
            .text("patternLabel")?
            .filter(|label| label != "CISCO_TAGGED_SYSLOG")
        {
            return Err(setting_problem(
                "patternLabel",
                format!("this parser has no pattern `{label}`"),
            ));
        }
        Ok(AsaParser {
            envelope: Grok::compile(&definitions, "CISCO_TAGGED_SYSLOG").map_err(refused)?,
            bodies,
            zone: device_zone(setup)?,
        })
    }

    fn parse_line(
        &self,
        line: &str,
        matches: &mut MatchScratch,
        now_ms: i64,
    ) -> Result<Event, String> {
        let envelope = captures(&self.envelope, line, matches)?.ok_or_else(|| {
            format!("[Metron] Message '{line}' does not match pattern '%{{CISCO_TAGGED_SYSLOG}}'")
        })?;
        let envelope_text = |name: &str| envelope.get_str(name).filter(|text| !text.is_empty());
        let mut event = Event::with_capacity(16);
        let priority = envelope_text("syslog_pri")
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or(0);
        event.set("syslog_severity", SEVERITIES[(priority & 7) as usize]);
        event.set("syslog_facility", facility(priority));
        let time = envelope_text("timestamp").unwrap_or_default();
        event.set(
            field::TIMESTAMP,
            header_time::parse(time, &self.zone, now_ms)?,
        );
        for name in ["syslog_host", "syslog_prog"] {
            if let Some(value) = envelope_text(name) {
                event.set(FieldName::new_static(name), value);
            }
        }
        let tag = envelope_text("ciscotag").unwrap_or_default();
        event.set("ciscotag", tag);
        let number = tag.rsplit('-').next().unwrap_or_default();
        let pattern = BODIES.iter().find(|(known, _)| *known == number);
        if let Some(grok) = pattern.and_then(|(_, pattern)| self.bodies.get(pattern))
            && let Some(body) =
                captures(grok, envelope_text("message").unwrap_or_default(), matches)?
        {
            put_body(&body, &mut event);
        }
        event.set(field::ORIGINAL_STRING, line);
        Ok(event)
    }
}

fn facility(priority: u64) -> &'static str {
    usize::try_from(priority >> 3)
        .ok()
        .and_then(|at| FACILITIES.get(at))
        .filter(|name| !name.is_empty())
        .copied()
        .unwrap_or("unknown")
}

fn put_body(body: &Event, event: &mut Event) {
    let text = |name: &str| body.get_str(name).filter(|text| !text.is_empty());
    for name in [field::IP_SRC_ADDR, field::IP_DST_ADDR] {
        if let Some(address) = text(name) {
            event.set(name, address);
        }
    }
    for name in [field::IP_SRC_PORT, field::IP_DST_PORT] {
        if let Some(port @ Value::Int(_)) = text(name).map(captured_value) {
            event.set(name, port);
        }
    }
    for name in [field::PROTOCOL, "action"] {
        if let Some(word) = text(name) {
            event.set(name, word.to_lowercase());
        }
    }
}

/// The texts that a pattern captured.
fn captures(grok: &Grok, line: &str, matches: &mut MatchScratch) -> Result<Option<Event>, String> {
    let Some(found) = grok.find(line, matches)? else {
        return Ok(None);
    };
    let text = |group: usize| {
        let (start, end) = found.group(group)?;
        line.get(start..end)
    };
    Ok(Some(
        grok.fields()
            .iter()
            .filter_map(|captured| {
                Some((
                    captured.name.clone(),
                    Value::Str(Str::new(text(captured.group)?)),
                ))
            })
            .collect(),
    ))
}

impl MessageParser for AsaParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let line = utf8(message);
        match self.parse_line(&line, run.matches, run.now_ms) {
            Ok(event) => run.event(event),
            Err(reason) => run.fail(reason),
        }
    }

    fn fields(&self) -> GivenFields {
        let names = [
            "syslog_severity",
            "syslog_facility",
            "syslog_host",
            "syslog_prog",
            "ciscotag",
            "action",
            field::IP_SRC_ADDR,
            field::IP_DST_ADDR,
            field::IP_SRC_PORT,
            field::IP_DST_PORT,
            field::PROTOCOL,
        ];
        GivenFields::all(names.map(FieldName::new_static))
    }
}
