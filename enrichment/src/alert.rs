use alidade_event::{Event, Value, field};
use alidade_stellar::conversion;

/// Whether an event that has been through both stages is an alert.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    Alert,
    /// `is_alert` is not there, and no threat intelligence either.
    NoAlert,
    /// `is_alert` is there and false: it is to be removed.
    Denied,
    /// `is_alert` is there and says neither. Counts as false.
    Unreadable(Value),
}

/// Upstream: `ThreatIntelUtils.java`, `ParallelEnricher` with the threat intelligence strategy. `is_alert` decides if it
/// is there; otherwise any field whose name starts with `threatintels`, but for the timing fields.
pub(crate) fn judge(event: &Event) -> Verdict {
    if let Some(claim) = event.get(field::IS_ALERT) {
        return match conversion::to_bool(claim) {
            Some(true) => Verdict::Alert,
            Some(false) => Verdict::Denied,
            None => Verdict::Unreadable(claim.clone()),
        };
    }
    let found = event
        .iter()
        .any(|(name, _)| name.starts_with("threatintels") && !name.ends_with(".ts"));
    if found {
        Verdict::Alert
    } else {
        Verdict::NoAlert
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alidade_event::NumberStyle;

    fn verdict(json: &str) -> Verdict {
        judge(&Event::read_json(json.as_bytes(), NumberStyle::Simple).unwrap())
    }

    #[test]
    fn is_alert_decides_when_it_is_there() {
        for claim in [
            "[\"true\",\"no\"]",
            "true",
            "\"true\"",
            "\"YES\"",
            "\"y\"",
            "\"on\"",
            "\"1\"",
            "1",
        ] {
            assert_eq!(
                verdict(&format!("{{\"is_alert\":{claim}}}")),
                Verdict::Alert,
                "{claim}"
            );
        }
        for claim in [
            "false",
            "\"False\"",
            "\"no\"",
            "\"n\"",
            "\"off\"",
            "\"0\"",
            "0",
        ] {
            let event = format!("{{\"is_alert\":{claim},\"threatintels.x\":\"alert\"}}");
            assert_eq!(verdict(&event), Verdict::Denied, "{claim}");
        }
        for claim in [
            "\"maybe\"",
            "\"  true \"",
            "-1",
            "{\"a\":1}",
            "\"\"",
            "2",
            "1.0",
            "\"t\"",
            "null",
            "[]",
            "{}",
        ] {
            let verdict = verdict(&format!("{{\"is_alert\":{claim}}}"));
            assert!(matches!(verdict, Verdict::Unreadable(_)), "{claim}");
        }
    }

    #[test]
    fn threat_intelligence_decides_otherwise() {
        assert_eq!(verdict("{\"a\":1}"), Verdict::NoAlert);
        assert_eq!(verdict("{\"threatintels\":\"\"}"), Verdict::Alert);
        assert_eq!(verdict("{\"threatintelsomething\":5}"), Verdict::Alert);
        assert_eq!(verdict("{\"threatintels.x.ts\":5}"), Verdict::NoAlert);
        assert_eq!(verdict("{\"x.threatintels\":5}"), Verdict::NoAlert);
    }
}
