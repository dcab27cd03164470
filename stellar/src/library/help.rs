//! What a person gets to read about a function.

use std::fmt::Write;

use super::spec::{Availability, FunctionSpec, OnNull, Parameter};
use crate::Types;

impl FunctionSpec {
    /// `NAME(first: text, second?: number) -> text|null`: the signature with the kinds of values.
    pub fn typed_signature(&self) -> String {
        let mut out = format!("{}(", self.name);
        for (at, parameter) in self.parameters.iter().enumerate() {
            let before = if at == 0 { "" } else { ", " };
            let (name, mark) = (parameter.name, parameter.mark());
            let kinds = short(parameter.accepts.without(Types::NULL));
            let _ = write!(out, "{before}{name}{mark}: {kinds}");
        }
        let _ = write!(out, ") -> {}", short(self.result));
        out
    }

    /// Whether the value depends on more than the arguments, and where the function can be called.
    pub fn purity(&self) -> String {
        match self.availability {
            Availability::Nowhere(reason) => return format!("It cannot be called yet: {reason}."),
            Availability::Shell => {
                return "It can be called only in the interactive shell.".to_owned();
            }
            Availability::Everywhere => {}
        }
        if self.remote {
            return "It asks a service: the same arguments may give another value next time."
                .to_owned();
        }
        if !self.deterministic {
            return "The value depends on more than the arguments.".to_owned();
        }
        match self.clock_below {
            0 => "The same arguments always give the same value.".to_owned(),
            1 => "Without an argument the value depends on the clock; else the same arguments always give the same value."
                .to_owned(),
            most => format!(
                "With fewer than {most} arguments the value may depend on the clock; else the same arguments always give the \
                 same value."
            ),
        }
    }

    /// All about the function as plain text, for a terminal.
    pub fn help(&self) -> String {
        let mut out = format!("{}\n{}\n", self.typed_signature(), self.description);
        if !self.parameters.is_empty() {
            out.push_str("\nArguments\n");
        }
        for parameter in self.parameters {
            let _ = writeln!(out, "  {} ({})", parameter.name, parameter.kinds());
            let _ = writeln!(out, "      {}", parameter.text());
        }
        let _ = writeln!(
            out,
            "\nValue\n  {}: {}",
            result_kinds(self.result),
            self.returns
        );
        let _ = writeln!(out, "  {}", self.purity());
        if !self.examples.is_empty() || !self.usage.is_empty() {
            out.push_str("\nExamples\n");
        }
        for (source, value) in self.examples {
            let _ = writeln!(out, "  {source}\n      {value}");
        }
        for source in self.usage {
            let _ = writeln!(out, "  {source}");
        }
        out
    }
}

impl Parameter {
    /// The kinds that it takes and whether it must be given, in a few words: `text or a list; may be left out`.
    pub fn kinds(&self) -> String {
        let place = match (self.repeated, self.optional) {
            (true, _) => "; any number of them",
            (false, true) => "; may be left out",
            (false, false) => "",
        };
        format!("{}{place}", self.accepts)
    }

    /// The description with what happens when the argument is left out or null.
    pub fn text(&self) -> String {
        let mut out = self.description.to_owned();
        if let Some(default) = self.default {
            let _ = write!(out, " When left out: {default}.");
        }
        match self.null {
            OnNull::Ordinary => {}
            OnNull::Gives(value) => {
                let _ = write!(out, " Null gives {value}.");
            }
            OnNull::Absent => out.push_str(" Null is as if left out."),
            OnNull::Fails => out.push_str(" Null is an error."),
        }
        out
    }
}

/// The kinds of a result; null is told.
pub(super) fn result_kinds(types: Types) -> String {
    let may_be_null = Types::NULL.within(types) && types != Types::ANY && types != Types::NULL;
    format!("{types}{}", if may_be_null { " or null" } else { "" })
}

/// The kinds without their articles, with bars between them.
fn short(types: Types) -> String {
    if types.without(Types::NULL) == Types::ANY.without(Types::NULL) {
        return "any".to_owned();
    }
    let words = types.without(Types::NULL).to_string();
    let bare = |word: &str| {
        let word = word.strip_prefix("a ").unwrap_or(word);
        word.strip_prefix("an ").unwrap_or(word).to_owned()
    };
    let mut kinds: Vec<String> = words.split(" or ").map(bare).collect();
    if types == Types::NULL {
        kinds = vec!["null".to_owned()];
    } else if Types::NULL.within(types) {
        kinds.push("null".to_owned());
    }
    kinds.join("|")
}
