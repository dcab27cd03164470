//! `stellar`: expressions line by line, with variables that stay.

use std::io::IsTerminal;

use alidade_event::{Event, Value};
use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};
use alidade_stellar::Library;

use super::eval::{evaluate, read_variables, shown};
use super::{jsonl, parse, stage_options as shared};
use crate::{CliError, logging};

const OPTIONS: &[OptionSpec] = &[
    shared::HELP,
    OptionSpec::value("irc", "inputrc", "File with lines that are evaluated first"),
    OptionSpec::value("l", "log4j", "Accepted; ALIDADE_LOG steers logging"),
    OptionSpec::value("p", "properties", "Accepted, ignored"),
    OptionSpec::value("v", "variables", "File with a JSON map of variables"),
    OptionSpec::value(
        "z",
        "zookeeper",
        "ZooKeeper quorum, host:port[,host:port], whose global configuration functions see",
    ),
    OptionSpec::flag("na", "no_ansi", "Accepted; there are no colours"),
];

const TABLE: PosixOptions = PosixOptions::new("stellar [OPTIONS]", OPTIONS);

const PROMPT: &str = "[Stellar]>>> ";

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let parsed = TABLE
        .parse(arguments)
        .map_err(|error| CliError::Failed(format!("{error}\n{}", TABLE.usage())))?;
    if parsed.has("help") {
        return super::print(&TABLE.usage());
    }
    logging::install(Some("error"));
    let mut shell = Shell {
        library: Library::metron(),
        variables: Event::new(),
        global: Value::Null,
    };
    if let Some(quorum) = parsed.value("zookeeper") {
        shell.global = parse::offline_snapshot(Some(quorum), None, None)?
            .global
            .value
            .clone();
    }
    if let Some(path) = parsed.value("variables") {
        shell.variables = read_variables(path)?;
    }
    if let Some(path) = parsed.value("inputrc") {
        for line in jsonl::lines(path)? {
            if !shell.take(&line?)? {
                return Ok(());
            }
        }
    }
    let shows_prompt = std::io::stdin().is_terminal();
    if shows_prompt {
        super::print(
            "Stellar. An expression, NAME := EXPRESSION, ?FUNCTION, %functions, %vars, %globals, quit\n",
        )?;
    }
    let mut lines = jsonl::lines("-")?;
    loop {
        if shows_prompt {
            super::print(PROMPT)?;
        }
        let Some(line) = lines.next() else {
            return Ok(());
        };
        if !shell.take(&line?)? {
            return Ok(());
        }
    }
}

struct Shell {
    library: Library,
    variables: Event,
    /// The global configuration.
    global: Value,
}

impl Shell {
    /// Answers a line; false when it says to end.
    fn take(&mut self, line: &[u8]) -> Result<bool, CliError> {
        let Ok(line) = std::str::from_utf8(line) else {
            super::print("[!] the line is not valid UTF-8\n")?;
            return Ok(true);
        };
        match line.trim() {
            "quit" | "exit" => return Ok(false),
            "" => {}
            text if text.starts_with('#') => {}
            text => super::print(&format!("{}\n", self.answer(text)))?,
        }
        Ok(true)
    }

    fn answer(&mut self, text: &str) -> String {
        if let Some(name) = text.strip_prefix('?') {
            return self.help(name.trim());
        }
        if let Some(rest) = text.strip_prefix('%') {
            return self.special(rest.trim());
        }
        match assignment(text) {
            None => self
                .evaluated(text)
                .map_or_else(|error| format!("[!] {error}"), |value| shown(&value)),
            Some((name, source)) => match self.evaluated(source) {
                Ok(value) => {
                    let answer = shown(&value);
                    self.variables.set(name, value);
                    answer
                }
                Err(error) => format!("[!] {error}"),
            },
        }
    }

    fn evaluated(&self, source: &str) -> Result<Value, String> {
        evaluate(source, &self.variables, &self.global, &self.library)
    }

    fn special(&self, text: &str) -> String {
        let (name, filter) = text.split_once(' ').unwrap_or((text, ""));
        match name {
            "functions" => {
                let wanted = filter.trim().to_ascii_uppercase();
                let names: Vec<&str> = self
                    .library
                    .names()
                    .into_iter()
                    .filter(|name| name.contains(&wanted))
                    .collect();
                names.join(", ")
            }
            "vars" => {
                let lines: Vec<String> = self
                    .variables
                    .iter()
                    .map(|(name, value)| format!("{name} = {}", value.to_json()))
                    .collect();
                lines.join("\n")
            }
            "globals" => self.global.to_json(),
            other => format!(
                "[!] there is no %{other}; there are %functions [FILTER], %vars and %globals"
            ),
        }
    }

    fn help(&self, name: &str) -> String {
        let Some(spec) = self.library.spec(name) else {
            return format!("[!] there is no function {name}; %functions lists them");
        };
        let mut text = format!("{}\n  {}", spec.name, spec.description);
        for parameter in spec.parameters {
            text.push_str(&format!(
                "\n  {}: {}",
                parameter.name, parameter.description
            ));
        }
        text
    }
}

/// `name := expression`, with a name that can be a variable.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let (name, source) = text.split_once(":=")?;
    let name = name.trim();
    let is_name = name
        .starts_with(|letter: char| letter.is_ascii_alphabetic() || "_$".contains(letter))
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "_.:$".contains(letter));
    is_name.then_some((name, source.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_stays_and_an_error_is_told() {
        let mut shell = Shell {
            library: Library::metron(),
            variables: Event::new(),
            global: Value::Null,
        };
        assert!(shell.take(b"\xff").unwrap());
        assert!(!shell.take(b" quit ").unwrap());
        assert_eq!(shell.answer("x := 1 + 2"), "3");
        assert_eq!(shell.answer("x * 2"), "6");
        assert_eq!(shell.answer("%vars"), "x = 3");
        assert!(shell.answer("NO_SUCH(1)").starts_with("[!] "));
        assert!(shell.answer("?NO_SUCH").starts_with("[!] "));
        assert!(shell.answer("%functions url").contains("URL_TO_HOST"));
    }
}
