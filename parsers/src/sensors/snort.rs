//! Snort's alerts in CSV form.

use alidade_event::{Event, FieldName, Value, field};
use alidade_stellar::{ConfigProblem, config_code};
use jiff::tz::TimeZone;

use super::csv::Columns;
use super::{MessageParser, Run, Setup, bad_pattern, setting_problem};
use crate::charset::Charset;
use crate::dates::{JavaTimeFormat, strict_zone};
use crate::given::GivenFields;

const COLUMNS: [&str; 27] = [
    "timestamp",
    "sig_generator",
    "sig_id",
    "sig_rev",
    "msg",
    "protocol",
    "ip_src_addr",
    "ip_src_port",
    "ip_dst_addr",
    "ip_dst_port",
    "ethsrc",
    "ethdst",
    "ethlen",
    "tcpflags",
    "tcpseq",
    "tcpack",
    "tcplen",
    "tcpwindow",
    "ttl",
    "tos",
    "id",
    "dgmlen",
    "iplen",
    "icmptype",
    "icmpcode",
    "icmpid",
    "icmpseq",
];
const DEFAULT_DATE_FORMAT: &str = "MM/dd/yy-HH:mm:ss.SSSSSS";

#[derive(Debug)]
struct SnortParser {
    columns: Columns,
    date_format: JavaTimeFormat,
    charset: Charset,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    SnortParser::new(setup)
        .map(|parser| Box::new(parser) as Box<dyn MessageParser>)
        .map_err(|problem| vec![problem])
}

impl SnortParser {
    fn new(setup: &Setup<'_>) -> Result<Self, ConfigProblem> {
        let zone = match setup.text("timeZone")? {
            None => TimeZone::UTC,
            Some(name) => strict_zone(&name).ok_or_else(|| {
                setting_problem("timeZone", format!("there is no time zone `{name}`"))
                    .with_code(config_code::UNKNOWN_NAME)
                    .with_help("write for example UTC or America/New_York")
            })?,
        };
        let pattern = setup.text("dateFormat")?;
        let date_format =
            JavaTimeFormat::compile(pattern.as_deref().unwrap_or(DEFAULT_DATE_FORMAT), zone)
                .map_err(|reason| bad_pattern("dateFormat", reason))?;
        let columns = COLUMNS
            .iter()
            .enumerate()
            .map(|(at, name)| (FieldName::new_static(name), at));
        Ok(SnortParser {
            columns: Columns::new(columns.collect(), ','),
            date_format,
            charset: setup.charset()?,
        })
    }

    fn parse_line(&self, line: &str) -> Result<Event, String> {
        let mut event = self.columns.read(line)?;
        let time = self
            .date_format
            .parse(event.get_str(field::TIMESTAMP).unwrap_or_default())?;
        event.set(field::TIMESTAMP, Value::Long(time));
        event.set(field::ORIGINAL_STRING, line);
        event.set(field::IS_ALERT, "true");
        Ok(event)
    }
}

impl MessageParser for SnortParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let line = self.charset.decode(message);
        match self.parse_line(&line) {
            Ok(event) => run.event(event),
            Err(reason) => run.fail(format!("Unable to parse message: {line} ({reason})")),
        }
    }

    fn charset(&self) -> Charset {
        self.charset
    }

    fn fields(&self) -> GivenFields {
        let mut given = GivenFields::all(self.columns.names());
        given.names.push(FieldName::new_static(field::IS_ALERT));
        given
    }
}
