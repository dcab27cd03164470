//! `in` and `not in`.

use alidade_event::Value;

use super::Checker;
use super::facts::{Facts, alike};
use super::quirks::{called, recased};
use crate::syntax::{Expr, Kind, Span};
use crate::{Diagnostic, Severity, Types, operators};

impl Checker<'_> {
    pub(super) fn membership(
        &mut self,
        member_tree: &Expr,
        negated: bool,
        container_tree: &Expr,
        span: Span,
    ) -> Facts {
        let member = self.facts(member_tree);
        let container = self.facts(container_tree);
        if self.is_swallowed(container_tree) {
            // What else there is to say about that comparison is of no use to anyone.
            let place = container_tree.span.range();
            let is_kept =
                |finding: &Diagnostic| finding.severity == Severity::Error || finding.span != place;
            self.findings.retain(is_kept);
            self.warn_of_swallowed_comparison(span, container_tree);
        }
        if let (Some(member), Some(container)) = (&member.constant, &container.constant) {
            return Facts::constant(Value::Bool(
                operators::contains(container, member) != negated,
            ));
        }
        if member.constant.is_none()
            && let Some(value) = &container.constant
        {
            match value {
                Value::Str(text) => self.warn_of_part(member_tree, &member, text, span),
                Value::List(members) => {
                    self.look_into_list(member_tree, &member, members, span, negated);
                }
                _ => {}
            }
        }
        self.warn_of_no_container(&container, container_tree, negated);
        Facts::of(Types::BOOLEAN)
    }

    /// `action in 'TCP_DENIED'` asks whether the field is a part of the literal.
    fn warn_of_part(&mut self, tree: &Expr, member: &Facts, text: &str, span: Span) {
        if !member.types.intersects(Types::TEXT) {
            return;
        }
        let shown = match self.quote(tree.span) {
            Some(member) if text.len() <= 40 && !text.contains(['\'', '\\', '\n']) => {
                let listed: Vec<String> = text
                    .split([',', ';', '|', ' '])
                    .filter(|part| !part.is_empty())
                    .map(|part| format!("'{part}'"))
                    .collect();
                format!(
                    "write `{member} in [{}]`, or `'{text}' in {member}` for the other way round",
                    listed.join(", ")
                )
            }
            _ => "write a list, or turn the `in` around".to_owned(),
        };
        self.warn(
            Diagnostic::warning(
                "S227",
                span.range(),
                "`in` with a text asks whether the left side is a part of it",
                "holds for every part of the text, also the empty one",
            )
            .with_help(shown),
        );
    }

    fn look_into_list(
        &mut self,
        tree: &Expr,
        member: &Facts,
        members: &[Value],
        span: Span,
        negated: bool,
    ) {
        if members.is_empty() {
            return;
        }
        let label = match negated {
            true => "always true",
            false => "always false",
        };
        let found = members
            .iter()
            .fold(Types::NONE, |types, value| types.or(Types::of(value)));
        if !alike(found).intersects(member.types) {
            let present = member.types.without(Types::NULL);
            let finding = Diagnostic::warning(
                "S205",
                span.range(),
                format!("{present} is never in a list that holds only {found}"),
                label,
            );
            self.warn(finding.with_help(
                "members are compared strictly: convert with TO_STRING or TO_INTEGER, or mend the list",
            ));
            return;
        }
        let cased: Vec<Option<String>> = members
            .iter()
            .map(|value| value.as_str().and_then(|text| recased(tree, text)))
            .collect();
        if let (true, Some(Some(possible))) = (cased.iter().all(Option::is_some), cased.first()) {
            let finding = Diagnostic::warning(
                "S205",
                span.range(),
                format!(
                    "{} never gives any of these texts",
                    called(tree).unwrap_or_default()
                ),
                label,
            );
            self.warn(finding.with_help(format!("write them as '{possible}'")));
            return;
        }
        self.warn_of_widths(tree, members, span);
    }

    /// Whole numbers are found in a list only in the same width, and those of a message have another one than literals.
    fn warn_of_widths(&mut self, tree: &Expr, members: &[Value], span: Span) {
        let is_field =
            matches!(&*tree.kind, Kind::Variable(name) if !self.is_parameter(name) && name != "_");
        let is_long = called(tree) == Some("TO_LONG");
        let is_int = called(tree) == Some("TO_INTEGER");
        let ints = members.iter().any(|value| matches!(value, Value::Int(_)));
        let longs = members.iter().any(|value| matches!(value, Value::Long(_)));
        let is_other = (is_field && (ints || longs)) || (is_long && ints) || (is_int && longs);
        if !is_other || (ints && longs) {
            return;
        }
        let convert = if ints { "TO_INTEGER" } else { "TO_LONG" };
        let list = Span {
            start: tree.span.end,
            end: span.end,
        };
        let help = match (&*tree.kind, self.quote(list)) {
            (Kind::Variable(name), Some(list)) => format!("write `{convert}({name}) {list}`"),
            (Kind::Variable(name), None) => format!("write `{convert}({name})`"),
            _ => "give both sides one width: 5 has 32 bits, 5L has 64".to_owned(),
        };
        self.warn(
            Diagnostic::warning(
                "S207",
                span.range(),
                "`in` finds a whole number only in the same width, and a field may have either",
                match ints {
                    true => "finds numbers of 32 bits only",
                    false => "finds numbers of 64 bits only",
                },
            )
            .with_help(help),
        );
    }

    /// `x in 5` is an equality in disguise.
    fn warn_of_no_container(&mut self, container: &Facts, tree: &Expr, negated: bool) {
        let plain = Types::NUMBER.or(Types::BOOLEAN);
        if !container.types.within(plain) || container.types.is_none() {
            return;
        }
        if self.is_swallowed(tree) {
            return;
        }
        let message = format!("{} has no members", container.types);
        let operator = if negated { "!=" } else { "==" };
        self.warn(
            Diagnostic::warning("S227", tree.span.range(), message, "compared as a whole")
                .with_help(format!("write `{operator}`, or a list such as `[80, 443]`")),
        );
    }
}
