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

    /// What the value depends on besides the arguments, where the function can be called, and what becomes of surplus
    /// arguments where they are not ignored.
    pub fn purity(&self) -> String {
        let surplus = match self.most() {
            Some(_) => " More arguments are an error.",
            None => "",
        };
        format!("{}{surplus}", self.dependence())
    }

    /// The kinds of values that a call may give, in words; null is told.
    pub fn result_kinds(&self) -> String {
        let types = self.result;
        let may_be_null = Types::NULL.within(types) && types != Types::ANY && types != Types::NULL;
        format!(
            "{}{}",
            words(types),
            if may_be_null { " or null" } else { "" }
        )
    }

    /// What the value depends on besides the arguments, and where the function can be called.
    fn dependence(&self) -> String {
        match self.availability {
            Availability::Nowhere(reason) => return format!("It cannot be called yet: {reason}."),
            Availability::Shell => {
                return "It can be called only in the interactive shell.".to_owned();
            }
            Availability::Everywhere => {}
        }
        if self.remote {
            return "The value comes from a service or a database: the same arguments may give another one next time."
                .to_owned();
        }
        if !self.deterministic {
            return "The value depends on more than the arguments.".to_owned();
        }
        match self.clock_below {
            0 => "Deterministic.".to_owned(),
            usize::MAX => "The value depends on the clock.".to_owned(),
            1 => "Deterministic, unless without an argument: then the value depends on the clock."
                .to_owned(),
            most => format!(
                "Deterministic, unless with fewer than {most} arguments: then the value may depend on the clock."
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
        let _ = writeln!(out, "\nValue\n  {}: {}", self.result_kinds(), self.returns);
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
        format!("{}{place}", words(self.accepts))
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

/// The kinds in words. Of many, those are told that are missing.
fn words(types: Types) -> String {
    let missing = Types::ANY.without(Types::NULL).without(types);
    let named = |types: Types| types.to_string().split(" or ").count();
    if missing.is_none() || types.is_none() || named(missing) > 3 {
        return types.to_string();
    }
    format!("any value but {missing}")
}

/// The kinds without their articles, with bars between them.
fn short(types: Types) -> String {
    if words(types).starts_with("any value") {
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
