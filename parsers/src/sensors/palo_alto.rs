//! Palo Alto's firewalls.

use alidade_event::{Event, FieldName, field};
use alidade_stellar::ConfigProblem;

use super::{MessageParser, Run, Setup};
use crate::charset::Charset;

#[derive(Debug)]
struct PaloAltoParser {
    charset: Charset,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    let charset = setup.charset().map_err(|problem| vec![problem])?;
    Ok(Box::new(PaloAltoParser { charset }))
}

/// Columns that every type has, from 0.
const COMMON: [&str; 7] = [
    "palo_alto_domain",
    "receive_time",
    "serial",
    "type",
    "subtype",
    "config_version",
    "time_generated",
];
/// Columns of THREAT and TRAFFIC, from 7.
const FLOW: [&str; 24] = [
    field::IP_SRC_ADDR,
    field::IP_DST_ADDR,
    "natsrc",
    "natdst",
    "rule",
    "srcuser",
    "dstuser",
    "app",
    "vsys",
    "from",
    "to",
    "inbound_if",
    "outbound_if",
    "log_action",
    "start",
    "sessionid",
    "repeatcnt",
    field::IP_SRC_PORT,
    field::IP_DST_PORT,
    "natsport",
    "natdport",
    "flags",
    field::PROTOCOL,
    "action",
];
/// An empty name is a column that is not kept.
const THREAT: [&str; 14] = [
    "url",
    "threatid",
    "category",
    "severity",
    "direction",
    "seqno",
    "actionflags",
    "srcloc",
    "dstloc",
    "",
    "contenttype",
    "pcap_id",
    "filedigest",
    "cloud",
];
const THREAT_61: [&str; 8] = [
    "url_idx",
    "user_agent",
    "filetype",
    "xff",
    "referer",
    "sender",
    "subject",
    "recipient",
];
const THREAT_70: [&str; 8] = [
    "reportid",
    "dg_hier_level_1",
    "dg_hier_level_2",
    "dg_hier_level_3",
    "dg_hier_level_4",
    "vsys_name",
    "device_name",
    "",
];
const THREAT_80: [&str; 10] = [
    "source_vm_uuid",
    "destination_vm_uuid",
    "http_method",
    "tunnel_id",
    "monitor_tag",
    "parent_session_id",
    "parent_session_start_time",
    "tunnel_type",
    "threat_category",
    "content_version",
];
const TRAFFIC: [&str; 15] = [
    "bytes",
    "bytes_sent",
    "bytes_received",
    "packets",
    "start",
    "elapsed",
    "category",
    "",
    "seqno",
    "actionflags",
    "srcloc",
    "dstloc",
    "",
    "pkts_sent",
    "pkts_received",
];
const TRAFFIC_61: [&str; 1] = ["session_end_reason"];
const TRAFFIC_70: [&str; 7] = [
    "dg_hier_level_1",
    "dg_hier_level_2",
    "dg_hier_level_3",
    "dg_hier_level_4",
    "vsys_name",
    "device_name",
    "action_source",
];
const TRAFFIC_80: [&str; 7] = [
    "source_vm_uuid",
    "destination_vm_uuid",
    "tunnel_id",
    "monitor_tag",
    "parent_session_id",
    "parent_session_start_time",
    "tunnel_type",
];
const CONFIG: [&str; 9] = [
    "host",
    "vsys",
    "command",
    "admin",
    "client",
    "result",
    "configuration_path",
    "seqno",
    "actionflags",
];
const CONFIG_DETAILS: [&str; 2] = ["before_change_detail", "after_change_detail"];
const SYSTEM: [&str; 10] = [
    "vsys",
    "event_id",
    "object",
    "",
    "",
    "module",
    "severity",
    "description",
    "seqno",
    "actionflags",
];
const DEVICE: [&str; 6] = [
    "dg_hier_level_1",
    "dg_hier_level_2",
    "dg_hier_level_3",
    "dg_hier_level_4",
    "vsys_name",
    "device_name",
];

/// Columns whose quotes stay.
const QUOTES_STAY: [&str; 4] = ["bytes", "bytes_sent", "bytes_received", "packets"];

/// The version of a type by its number of columns (0 where it is not known), and the columns after the common ones.
fn layout(kind: &str, columns: usize) -> Option<(i32, Vec<&'static [&'static str]>)> {
    Some(match kind {
        "THREAT" => {
            let version = match columns {
                45 => 60,
                53 => 61,
                61 => 70,
                72 => 80,
                _ => 0,
            };
            let later: [(i32, &'static [&'static str]); 3] =
                [(61, &THREAT_61), (70, &THREAT_70), (80, &THREAT_80)];
            (version, with_later(vec![&FLOW, &THREAT], &later, version))
        }
        "TRAFFIC" => {
            let version = match columns {
                46 => 60,
                47 => 61,
                54 => 70,
                61 => 80,
                _ => 0,
            };
            let later: [(i32, &'static [&'static str]); 3] =
                [(61, &TRAFFIC_61), (70, &TRAFFIC_70), (80, &TRAFFIC_80)];
            (version, with_later(vec![&FLOW, &TRAFFIC], &later, version))
        }
        "CONFIG" => match columns {
            16 => (61, vec![&CONFIG]),
            18 => (61, vec![&CONFIG, &CONFIG_DETAILS]),
            22 => (80, vec![&CONFIG, &DEVICE]),
            24 => (80, vec![&CONFIG, &CONFIG_DETAILS, &DEVICE]),
            _ => (0, vec![&CONFIG]),
        },
        "SYSTEM" => match columns {
            17 => (61, vec![&SYSTEM]),
            23 => (80, vec![&SYSTEM, &DEVICE]),
            _ => (0, vec![&SYSTEM]),
        },
        _ => return None,
    })
}

fn with_later(
    mut columns: Vec<&'static [&'static str]>,
    later: &[(i32, &'static [&'static str])],
    version: i32,
) -> Vec<&'static [&'static str]> {
    columns.extend(
        later
            .iter()
            .filter(|(from, _)| *from <= version)
            .map(|(_, names)| *names),
    );
    columns
}

fn parse_message(text: &str, now_ms: i64) -> Result<Event, String> {
    let values = split(text);
    let kind = values.get(3).copied().map(unquoted).unwrap_or_default();
    let (version, parts) = layout(kind, values.len())
        .ok_or("column 4 is none of CONFIG, SYSTEM, THREAT and TRAFFIC")?;
    let names: Vec<&'static str> = COMMON
        .iter()
        .chain(parts.into_iter().flatten())
        .copied()
        .collect();
    if values.len() < names.len() {
        return Err(format!(
            "{kind} has {} columns, at least {} are needed",
            values.len(),
            names.len()
        ));
    }
    let mut event = Event::with_capacity(names.len() + 8);
    for (name, value) in names.into_iter().zip(&values) {
        if name.is_empty() || value.is_empty() {
            continue;
        }
        let value = if QUOTES_STAY.contains(&name) {
            value
        } else {
            unquoted(value)
        };
        event.set(FieldName::new_static(name), value);
    }
    if let Some(host) = event.get_str("url").and_then(host_of).map(str::to_owned) {
        event.set("host", host);
    }
    event.set("parser_version", version);
    if version == 0 {
        event.set(
            "tokens_seen",
            i32::try_from(values.len()).unwrap_or(i32::MAX),
        );
    }
    event.set(field::TIMESTAMP, now_ms);
    event.set(field::ORIGINAL_STRING, text);
    Ok(event)
}

/// The parts between commas outside quotes.
fn split(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    })
    .collect()
}

fn unquoted(text: &str) -> &str {
    text.trim_matches('"')
}

/// The host of an address that has a scheme.
fn host_of(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    if !["http", "https", "ftp"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    Some(host).filter(|host| !host.is_empty())
}

impl MessageParser for PaloAltoParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let text = self.charset.decode(message);
        match parse_message(&text, run.now_ms) {
            Ok(event) => run.event(event),
            Err(reason) => run.fail(format!("Unable to parse {text}: {reason}")),
        }
    }

    fn charset(&self) -> Charset {
        self.charset
    }
}
