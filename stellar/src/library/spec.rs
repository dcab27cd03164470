//! What there is to know about a function without calling it.

use crate::Types;

/// One parameter of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    pub name: &'static str,
    pub description: &'static str,
    pub optional: bool,
    /// May be given any number of times.
    pub repeated: bool,
    /// The kinds of values with which a call may succeed; with any other, every call fails.
    pub accepts: Types,
    /// What is taken when the argument is left out, as an expression or in a few words.
    pub default: Option<&'static str>,
    pub null: OnNull,
}

/// What null does as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnNull {
    /// It is a value like any other; the description says what comes of it where that is not plain.
    Ordinary,
    /// The call gives this value, written as JSON.
    Gives(&'static str),
    /// As if the argument had been left out.
    Absent,
    /// Every call fails.
    Fails,
}

impl Parameter {
    pub const fn required(name: &'static str, description: &'static str) -> Self {
        Parameter {
            name,
            description,
            optional: false,
            repeated: false,
            accepts: Types::ANY,
            default: None,
            null: OnNull::Ordinary,
        }
    }

    /// May be left out.
    pub const fn optional(name: &'static str, description: &'static str) -> Self {
        Parameter {
            optional: true,
            ..Parameter::required(name, description)
        }
    }

    /// May be left out, and may be given several times.
    pub const fn repeated(name: &'static str, description: &'static str) -> Self {
        Parameter {
            repeated: true,
            ..Parameter::optional(name, description)
        }
    }

    /// Takes only values of these kinds, and null.
    pub const fn of(mut self, types: Types) -> Self {
        self.accepts = types.or(Types::NULL);
        self
    }

    /// Takes only values of these kinds: null makes a call fail.
    pub const fn of_present(mut self, types: Types) -> Self {
        self.accepts = types.without(Types::NULL);
        self.null = OnNull::Fails;
        self
    }

    /// What is taken when the argument is left out or null.
    pub const fn defaults_to(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self.null = OnNull::Absent;
        self
    }

    /// What is taken when the argument is left out, while null is another matter.
    pub const fn left_out(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// Null is as good as nothing.
    pub const fn null_is_absent(mut self) -> Self {
        self.null = OnNull::Absent;
        self
    }

    /// With null, a call gives this value, written as JSON.
    pub const fn null_gives(mut self, json: &'static str) -> Self {
        self.null = OnNull::Gives(json);
        self
    }
}

/// What there is to know about a function without calling it.
#[derive(Debug, Clone, Copy)]
pub struct FunctionSpec {
    pub name: &'static str,
    /// The group of functions that it belongs to, such as `Text`.
    pub area: &'static str,
    pub description: &'static str,
    pub parameters: &'static [Parameter],
    /// What the value is, in a few words.
    pub returns: &'static str,
    /// Expressions with the JSON of their values.
    pub examples: &'static [(&'static str, &'static str)],
    /// Expressions that show how it is called where its value depends on more than the expression.
    pub usage: &'static [&'static str],
    /// The same arguments always give the same value.
    pub deterministic: bool,
    /// With fewer arguments than this, the value depends on the clock; `usize::MAX` where it always does.
    pub clock_below: usize,
    /// The call goes to [`crate::RemoteCalls`].
    pub remote: bool,
    /// Surplus arguments are an error; otherwise they are ignored, as upstream does.
    pub exact: bool,
    /// The kinds of values that a call may give, null among them where it may.
    pub result: Types,
    pub availability: Availability,
}

/// Where a function can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// In every expression.
    Everywhere,
    /// Only where people type expressions: the interactive shell gives it a body.
    Shell,
    /// Nowhere yet, for this reason: what it needs does not exist here.
    Nowhere(&'static str),
}

impl FunctionSpec {
    /// `NAME(required, optional?, repeated...)`.
    pub fn signature(&self) -> String {
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|parameter| format!("{}{}", parameter.name, parameter.mark()))
            .collect();
        format!("{}({})", self.name, parameters.join(", "))
    }

    pub(crate) fn required(&self) -> usize {
        self.parameters.iter().filter(|p| !p.optional).count()
    }

    /// The most arguments that a call may have, if there is a bound.
    pub(crate) fn most(&self) -> Option<usize> {
        let bounded = self.exact && !self.parameters.iter().any(|p| p.repeated);
        bounded.then_some(self.parameters.len())
    }
}

impl Parameter {
    /// What stands behind the name in a signature.
    pub(super) fn mark(&self) -> &'static str {
        match (self.repeated, self.optional) {
            (true, _) => "...",
            (false, true) => "?",
            (false, false) => "",
        }
    }
}
