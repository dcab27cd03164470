//! Constant arguments that work, but probably not as their author thinks.

use alidade_event::Value;
use ipnet::IpNet;

use super::Checker;
use super::facts::Facts;
use crate::Diagnostic;
use crate::syntax::Expr;

impl Checker<'_> {
    pub(super) fn look_at_patterns(&mut self, name: &str, arguments: &[Expr], facts: &[Facts]) {
        match name {
            "REGEXP_MATCH" => self.look_at_match(arguments, facts),
            "REGEXP_REPLACE" => self.look_at_replacement(arguments, facts),
            "IN_SUBNET" => {
                for (argument, facts) in arguments.iter().zip(facts).skip(1) {
                    self.look_at_network(argument, facts);
                }
            }
            "IS_IP" => self.look_at_address_type(arguments, facts),
            "GET" | "SUBSTRING" => self.look_at_places(name, arguments, facts),
            _ => {}
        }
    }

    /// A pattern must match the whole text.
    fn look_at_match(&mut self, arguments: &[Expr], facts: &[Facts]) {
        let [input, argument, ..] = arguments else {
            return;
        };
        let Some(pattern) = facts.get(1).and_then(Facts::text) else {
            return;
        };
        // Somebody tries patterns out.
        if facts.first().is_some_and(|input| input.constant.is_some()) {
            return;
        }
        let input = self.quote(input.span).unwrap_or("...");
        let shown = argument.span;
        let quoted = self.quote(shown).unwrap_or("'...'");
        let inner = quoted.get(1..quoted.len().max(2) - 1).unwrap_or_default();
        let (label, help) = if is_plain(pattern) {
            (
                "matches this text alone",
                format!(
                    "write `{input} == {quoted}`, or `{quoted} in {input}` to look for it anywhere"
                ),
            )
        } else if pattern.starts_with('^') && !pattern.ends_with(['$', '*', '+', '?', ')', '}']) {
            (
                "nothing may follow",
                format!(
                    "write `'{}.*'` for texts that begin so",
                    inner.trim_start_matches('^')
                ),
            )
        } else if pattern.ends_with('$')
            && !pattern.ends_with(r"\$")
            && !pattern.starts_with(['^', '.', '(', '[', '\\'])
        {
            (
                "nothing may stand before it",
                format!(
                    "write `'.*{}'` for texts that end so",
                    inner.trim_end_matches('$')
                ),
            )
        } else {
            return;
        };
        self.warn(
            Diagnostic::warning(
                "S213",
                shown.range(),
                "REGEXP_MATCH compares the whole text with the pattern, it does not search",
                label,
            )
            .with_help(help),
        );
    }

    fn look_at_replacement(&mut self, arguments: &[Expr], facts: &[Facts]) {
        let (Some(argument), Some("")) = (arguments.get(2), facts.get(2).and_then(Facts::text))
        else {
            return;
        };
        self.warn(
            Diagnostic::warning(
                "S222",
                argument.span.range(),
                "REGEXP_REPLACE with an empty replacement leaves the text as it is",
                "nothing is removed",
            )
            .with_help("keep what is to stay in a group, and replace all by it: `REGEXP_REPLACE(x, '(keep)drop', '$1')`"),
        );
    }

    fn look_at_network(&mut self, argument: &Expr, facts: &Facts) {
        let Some(Ok(network)) = facts.text().map(str::parse::<IpNet>) else {
            return;
        };
        let cut = network.trunc();
        if cut == network {
            return;
        }
        self.warn(
            Diagnostic::warning(
                "S215",
                argument.span.range(),
                "the network has bits behind its prefix",
                format!("read as {cut}"),
            )
            .with_help(format!("write '{cut}', or lengthen the prefix")),
        );
    }

    fn look_at_address_type(&mut self, arguments: &[Expr], facts: &[Facts]) {
        let Some((argument, facts)) = arguments.get(1).zip(facts.get(1)) else {
            return;
        };
        let help = match &facts.constant {
            None | Some(Value::Null) => return,
            Some(Value::Str(kind)) if matches!(&**kind, "IPV4" | "IPV6") => return,
            Some(Value::Str(kind)) if kind.eq_ignore_ascii_case("ipv4") => "write 'IPV4'",
            Some(Value::Str(kind)) if kind.eq_ignore_ascii_case("ipv6") => "write 'IPV6'",
            Some(_) => "write 'IPV4' or 'IPV6', or leave it out for both",
        };
        self.warn(
            Diagnostic::warning(
                "S223",
                argument.span.range(),
                "IS_IP knows the types 'IPV4' and 'IPV6' only; every other one stands for both",
                "accepts either",
            )
            .with_help(help),
        );
    }

    /// A negative place: there is no counting from the end.
    fn look_at_places(&mut self, name: &str, arguments: &[Expr], facts: &[Facts]) {
        for (argument, facts) in arguments.iter().zip(facts).skip(1) {
            let place = facts.constant.as_ref().and_then(Value::as_i64);
            if place.is_none_or(|place| place >= 0) {
                continue;
            }
            let message = format!("{name} does not count from the end");
            let finding =
                Diagnostic::error("S105", argument.span.range(), message, "every call fails");
            if name == "GET" {
                self.fails(
                    finding.with_help("the last member is GET_LAST(list); places count from 0"),
                );
                continue;
            }
            let finding = Diagnostic {
                label: "fails for every text that is not empty".to_owned(),
                ..finding
            };
            self.fails_when_reached(
                finding.with_help("places count from 0, the end is LENGTH(text)"),
            );
        }
    }
}

/// Whether a pattern is a text without any wildcard.
fn is_plain(pattern: &str) -> bool {
    !pattern.is_empty()
        && !pattern.contains([
            '\\', '.', '[', ']', '{', '}', '(', ')', '*', '+', '?', '^', '$', '|',
        ])
}
