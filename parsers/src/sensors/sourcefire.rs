//! Sourcefire's connection and intrusion lines.

use alidade_event::{Event, field};
use alidade_stellar::ConfigProblem;

use super::{MessageParser, Run, Setup};
use crate::charset::Charset;
use crate::regex::{JavaRegex, MatchScratch, NamedGroups, scan_groups};
use crate::sensor::DropReason;

/// Text, a signature such as `[1:2003:4]`, text.
const SIGNATURE: &str = r"(.*)(\[[0-9]+:[0-9]+:[0-9]\])(.*)$";

#[derive(Debug)]
struct SourcefireParser {
    signature: JavaRegex,
    charset: Charset,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    let charset = setup.charset().map_err(|problem| vec![problem])?;
    let groups = NamedGroups::keeping(SIGNATURE, &scan_groups(SIGNATURE), |_| true);
    let signature = JavaRegex::find(SIGNATURE, &groups)
        .map_err(|reason| vec![ConfigProblem::new("/parserClassName", reason)])?;
    Ok(Box::new(SourcefireParser { signature, charset }))
}

impl SourcefireParser {
    fn parse_message(
        &self,
        text: &str,
        run: &mut MatchScratch,
        now_ms: i64,
    ) -> Result<Event, String> {
        let at = text.rfind('{').ok_or("there is no {protocol}")?;
        let key = text.get(at..).unwrap_or_default();
        let (protocol, addresses) = key
            .get(1..)
            .and_then(|rest| rest.split_once('}'))
            .ok_or("the protocol's bracket is not closed")?;
        let (source, destination) = addresses
            .split_once("->")
            .ok_or("there is no `->` between two addresses")?;
        let mut event = Event::with_capacity(12);
        event.set("key", key);
        event.set(field::PROTOCOL, protocol.to_lowercase());
        put_address(&mut event, source, field::IP_SRC_ADDR, field::IP_SRC_PORT);
        put_address(
            &mut event,
            destination,
            field::IP_DST_ADDR,
            field::IP_DST_PORT,
        );
        let found = self.signature.captures(text, run)?;
        let part = |group: usize| {
            let (start, end) = found.as_ref()?.group(group)?;
            text.get(start..end)
        };
        match (part(1), part(2), part(3)) {
            (Some(before), Some(signature), Some(after)) => {
                event.set(
                    field::ORIGINAL_STRING,
                    format!("{before} {signature} {after}"),
                );
                event.set("signature_id", signature);
            }
            _ => {
                event.set(field::ORIGINAL_STRING, text);
                event.set("signature_id", "");
            }
        }
        event.set(field::TIMESTAMP, now_ms);
        Ok(event)
    }
}

fn put_address(event: &mut Event, text: &str, address: &'static str, port: &'static str) {
    let mut parts = text.trim().split(':');
    event.set(address, parts.next().unwrap_or_default());
    if let Some(number) = parts.next() {
        event.set(port, number);
    }
}

impl MessageParser for SourcefireParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let text = self.charset.decode(message);
        if text.trim().is_empty() {
            run.drop(DropReason::EmptyMessage);
            return;
        }
        match self.parse_message(&text, run.matches, run.now_ms) {
            Ok(event) => run.event(event),
            Err(reason) => run.fail(format!("Unable to parse {text}: {reason}")),
        }
    }

    fn charset(&self) -> Charset {
        self.charset
    }
}
