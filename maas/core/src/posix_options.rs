//! Command line options the way upstream's tools read them.
//!
//! Upstream's parser takes short names of several letters after one dash (`-zq X`), long names after one dash or two
//! (`--zk_quorum X`, `--zk_quorum=X`, `-mode LIST`), and a value glued to a one-letter name (`-m512`). It knows no
//! abbreviations, passes over stray words, keeps the first value of an option given twice, and takes one double quote off
//! each end of a value. Its oddity stays too: `-mo=ADD` reads as `-m` with the value `o=ADD`.

use std::fmt::Write as _;

/// Whether an option takes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    None,
    Required,
    Optional,
}

/// One option of a tool.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// Name after one dash; an empty text for an option that has only its long name.
    pub short: &'static str,
    pub long: &'static str,
    pub argument: Argument,
    /// The tool refuses to run without it, unless help is asked for.
    pub required: bool,
    /// What the usage text says of it.
    pub help: &'static str,
}

impl OptionSpec {
    /// An option without a value.
    pub const fn flag(short: &'static str, long: &'static str, help: &'static str) -> Self {
        Self {
            short,
            long,
            argument: Argument::None,
            required: false,
            help,
        }
    }

    /// An option with a value.
    pub const fn value(short: &'static str, long: &'static str, help: &'static str) -> Self {
        Self {
            short,
            long,
            argument: Argument::Required,
            required: false,
            help,
        }
    }

    /// The same option, without which the tool does not run.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same option, whose value may be left out.
    pub const fn optional_value(mut self) -> Self {
        self.argument = Argument::Optional;
        self
    }

    fn is_called(&self, name: &str) -> bool {
        !name.is_empty() && (self.short == name || self.long == name)
    }
}

/// What to do with an option that the table does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownOptions {
    Fail,
    Ignore,
}

/// Why a command line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    #[error("Unrecognized option: {0}")]
    Unrecognized(String),
    #[error("Missing argument for option: {0}")]
    MissingArgument(String),
    #[error("Missing required option{}: {}", if .0.len() == 1 { "" } else { "s" }, .0.join(", "))]
    MissingOptions(Vec<String>),
}

/// The options of one tool, in the order in which its usage text lists them.
#[derive(Debug, Clone, Copy)]
pub struct PosixOptions {
    /// Name in the usage text.
    pub name: &'static str,
    pub options: &'static [OptionSpec],
    pub unknown: UnknownOptions,
    /// Whether values lose a double quote at each end, as upstream's do.
    pub unquotes: bool,
}

/// The width of upstream's usage texts.
const USAGE_WIDTH: usize = 74;
const COLUMN_GAP: usize = 3;

impl PosixOptions {
    pub const fn new(name: &'static str, options: &'static [OptionSpec]) -> Self {
        Self {
            name,
            options,
            unknown: UnknownOptions::Fail,
            unquotes: true,
        }
    }

    /// The same table, taking values as they are: for tools that upstream does not have.
    pub const fn keeping_quotes(mut self) -> Self {
        self.unquotes = false;
        self
    }

    /// The same table, passing over options that it does not have.
    pub const fn ignoring_unknown(mut self) -> Self {
        self.unknown = UnknownOptions::Ignore;
        self
    }

    /// Reads a command line, without the program's name.
    ///
    /// # Errors
    /// For an option that the table does not have (unless those are ignored), an option without its value, and a missing
    /// required option (unless `-h` is there).
    pub fn parse<S: AsRef<str>>(&self, arguments: &[S]) -> Result<ParsedOptions, OptionsError> {
        let tokens = self.flatten(arguments);
        let mut parsed = ParsedOptions::default();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            let Some(spec) = token.names_option.then(|| self.find(&token.text)).flatten() else {
                if token.is_dashed() && self.unknown == UnknownOptions::Fail {
                    return Err(OptionsError::Unrecognized(token.text.clone()));
                }
                if token.text == "--" {
                    let rest = tokens[at..].iter().map(|token| token.text.clone());
                    parsed.positionals.extend(rest.filter(|text| text != "--"));
                    break;
                }
                if !token.is_dashed() {
                    parsed.positionals.push(token.text.clone());
                }
                continue;
            };
            let value = match (spec.argument, tokens.get(at)) {
                (Argument::None, _) => None,
                (_, Some(next)) if !next.names_option => {
                    at += 1;
                    let unquotes = self.unquotes;
                    Some(
                        if unquotes {
                            unquoted(&next.text)
                        } else {
                            &next.text
                        }
                        .to_owned(),
                    )
                }
                (Argument::Optional, _) => None,
                (Argument::Required, _) => {
                    return Err(OptionsError::MissingArgument(spec.key().to_owned()));
                }
            };
            parsed.given.push((*spec, value));
        }
        self.check_required(&parsed)?;
        Ok(parsed)
    }

    fn check_required(&self, parsed: &ParsedOptions) -> Result<(), OptionsError> {
        if parsed.has("help") || parsed.has("h") {
            return Ok(());
        }
        let missing: Vec<String> = self
            .options
            .iter()
            .filter(|spec| spec.required && !parsed.has(spec.long))
            .map(|spec| spec.key().to_owned())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(OptionsError::MissingOptions(missing))
    }

    fn find(&self, token: &str) -> Option<&'static OptionSpec> {
        let name = token
            .strip_prefix("--")
            .or_else(|| token.strip_prefix('-'))?;
        self.options.iter().find(|spec| spec.is_called(name))
    }

    /// Splits `--name=value` and `-mvalue`, and finds out which words name options.
    fn flatten<S: AsRef<str>>(&self, arguments: &[S]) -> Vec<Token> {
        let mut tokens = Vec::with_capacity(arguments.len());
        for argument in arguments.iter().map(AsRef::as_ref) {
            if argument.starts_with("--") {
                match argument.split_once('=') {
                    Some((name, value)) if self.find(name).is_some() => {
                        tokens.push(Token::option(name));
                        tokens.push(Token::word(value));
                    }
                    _ if self.find(argument).is_some() => tokens.push(Token::option(argument)),
                    _ => tokens.push(Token::word(argument)),
                }
            } else if !argument.starts_with('-') || argument == "-" {
                tokens.push(Token::word(argument));
            } else if self.find(argument).is_some() {
                tokens.push(Token::option(argument));
            } else {
                self.burst(argument, &mut tokens);
            }
        }
        tokens
    }

    /// Reads `-m512` as `-m 512` and `-hc` as `-h -c`; a letter that is no option ends the reading.
    fn burst(&self, argument: &str, tokens: &mut Vec<Token>) {
        for (at, letter) in argument.char_indices().skip(1) {
            let name = format!("-{letter}");
            let Some(spec) = self.find(&name) else {
                tokens.push(Token::word(argument));
                return;
            };
            tokens.push(Token::option(&name));
            let rest = &argument[at + letter.len_utf8()..];
            if spec.argument != Argument::None && !rest.is_empty() {
                tokens.push(Token::word(rest));
                return;
            }
        }
    }

    /// The usage text, in upstream's columns.
    pub fn usage(&self) -> String {
        let heads: Vec<String> = self.options.iter().map(usage_head).collect();
        let widest = heads.iter().map(String::len).max().unwrap_or(0);
        let column = widest + COLUMN_GAP;
        let mut text = format!("usage: {}\n", self.name);
        for (spec, head) in self.options.iter().zip(&heads) {
            let lines = wrap(spec.help, USAGE_WIDTH.saturating_sub(column).max(20));
            let mut start = head.as_str();
            for line in &lines {
                let full = format!("{start:<column$}{line}");
                let _ = writeln!(text, "{}", full.trim_end());
                start = "";
            }
        }
        text
    }
}

impl OptionSpec {
    fn key(&self) -> &'static str {
        if self.short.is_empty() {
            self.long
        } else {
            self.short
        }
    }
}

fn usage_head(spec: &OptionSpec) -> String {
    let mut head = match (spec.short, spec.long) {
        ("", long) => format!("    --{long}"),
        (short, "") => format!(" -{short}"),
        (short, long) => format!(" -{short},--{long}"),
    };
    if spec.argument != Argument::None {
        head.push_str(" <arg>");
    }
    head
}

/// Breaks a text at blanks into lines of up to `width` characters; a longer word stands alone.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        let Some(line) = lines.last_mut() else {
            break;
        };
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    lines
}

/// Takes one double quote off each end, whether or not the other end has one.
fn unquoted(value: &str) -> &str {
    let value = value.strip_prefix('"').unwrap_or(value);
    value.strip_suffix('"').unwrap_or(value)
}

#[derive(Debug, PartialEq, Eq)]
struct Token {
    text: String,
    /// It is an option of the table, and so never the value of another.
    names_option: bool,
}

impl Token {
    fn option(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            names_option: true,
        }
    }

    fn word(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            names_option: false,
        }
    }

    fn is_dashed(&self) -> bool {
        self.text.starts_with('-') && self.text != "-" && self.text != "--"
    }
}

/// A command line that has been read.
#[derive(Debug, Clone, Default)]
pub struct ParsedOptions {
    given: Vec<(OptionSpec, Option<String>)>,
    positionals: Vec<String>,
}

impl ParsedOptions {
    /// Whether an option is there, by its short or long name.
    pub fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(spec, _)| spec.is_called(name))
    }

    /// The value of an option; the first where it is given more than once.
    pub fn value(&self, name: &str) -> Option<&str> {
        let named = self.given.iter().filter(|(spec, _)| spec.is_called(name));
        named.filter_map(|(_, value)| value.as_deref()).next()
    }

    /// All values of an option, in the order given.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let named = self.given.iter().filter(|(spec, _)| spec.is_called(name));
        named.filter_map(|(_, value)| value.as_deref()).collect()
    }

    /// All options with their values, in the order given.
    pub fn given(&self) -> impl Iterator<Item = (&OptionSpec, Option<&str>)> {
        let given = self.given.iter();
        given.map(|(spec, value)| (spec, value.as_deref()))
    }

    /// Words that belong to no option.
    pub fn positionals(&self) -> &[String] {
        &self.positionals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: PosixOptions = PosixOptions::new(
        "Tool",
        &[
            OptionSpec::flag("h", "help", "This screen"),
            OptionSpec::flag(
                "c",
                "create",
                "Flag to indicate whether to create the domain specified with -domain.",
            ),
            OptionSpec::value("m", "memory", "Memory for container"),
            OptionSpec::value("mo", "mode", "ADD, LIST or REMOVE").required(),
            OptionSpec::value("zq", "zk_quorum", "Zookeeper Quorum"),
            OptionSpec::value("e", "shell_env", "Environment").optional_value(),
            OptionSpec::value("", "launcher", "Where models run"),
        ],
    );

    fn parse(line: &str) -> Result<ParsedOptions, OptionsError> {
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        TABLE.parse(&words)
    }

    #[test]
    fn all_forms_of_an_option_are_read() {
        for line in [
            "-zq h:1 -mo ADD",
            "--zk_quorum h:1 -mode ADD",
            "--zk_quorum=h:1 --mode ADD",
            "-zk_quorum h:1 --mo=ADD",
            "stray -zq h:1 more -mo ADD words",
            "-zq \"h:1\" -mo ADD -zq other:2",
            "-zq h:1\" -mo \"ADD",
        ] {
            let parsed = parse(line).unwrap();
            assert_eq!(parsed.value("zq"), Some("h:1"), "{line}");
            assert_eq!(parsed.value("mode"), Some("ADD"), "{line}");
        }
    }

    #[test]
    fn quotes_may_be_kept() {
        let parsed = TABLE.keeping_quotes().parse(&["-mo", "x=\"a\""]).unwrap();
        assert_eq!(parsed.value("mo"), Some("x=\"a\""));
    }

    #[test]
    fn a_value_may_be_glued_to_a_letter() {
        let parsed = parse("-mo ADD -m512 -hc").unwrap();
        assert_eq!(parsed.value("memory"), Some("512"));
        assert!(parsed.has("h") && parsed.has("create"));
    }

    #[test]
    fn the_oddity_of_a_glued_two_letter_name_stays() {
        let parsed = parse("-mo LIST -mo=ADD").unwrap();
        assert_eq!(parsed.value("m"), Some("o=ADD"));
        assert_eq!(parsed.value("mo"), Some("LIST"));
    }

    #[test]
    fn a_negative_number_is_a_value_but_an_option_is_not() {
        assert_eq!(parse("-mo ADD -m -5").unwrap().value("m"), Some("-5"));
        assert_eq!(parse("-mo ADD -m -512").unwrap().value("m"), Some("-512"));
        let error = parse("-mo ADD -m -zq h").unwrap_err();
        assert_eq!(error, OptionsError::MissingArgument("m".to_owned()));
        let error = parse("-mo ADD -zq").unwrap_err();
        assert_eq!(error.to_string(), "Missing argument for option: zq");
    }

    #[test]
    fn an_optional_value_may_be_absent() {
        let parsed = parse("-mo ADD -e -c").unwrap();
        assert!(parsed.has("e"));
        assert_eq!(parsed.value("e"), None);
        let parsed = parse("-mo ADD -e a=b -e c=d").unwrap();
        assert_eq!(parsed.values("shell_env"), ["a=b", "c=d"]);
    }

    #[test]
    fn unknown_options_fail_or_are_passed_over() {
        let error = parse("-mo ADD -quorum x").unwrap_err();
        assert_eq!(error.to_string(), "Unrecognized option: -quorum");
        assert!(parse("-mo ADD --zk_q x").is_err(), "no abbreviations");
        assert!(parse("-mo ADD -zq=h:1").is_err());
        let lenient = TABLE.ignoring_unknown();
        let parsed = lenient
            .parse(&["-quorum", "x", "-mo", "ADD", "--nope"])
            .unwrap();
        assert_eq!(parsed.value("mo"), Some("ADD"));
        assert_eq!(parsed.positionals(), ["x"]);
    }

    #[test]
    fn required_options_are_missed_unless_help_is_asked_for() {
        assert_eq!(
            parse("").unwrap_err().to_string(),
            "Missing required option: mo"
        );
        assert!(parse("-h").unwrap().has("help"));
    }

    #[test]
    fn after_two_dashes_everything_is_a_word() {
        let parsed = parse("-mo ADD -- -m 5").unwrap();
        assert_eq!(parsed.value("m"), None);
        assert_eq!(parsed.positionals(), ["-m", "5"]);
    }

    #[test]
    fn an_option_without_a_short_name_has_its_long_one() {
        let parsed = parse("-mo ADD --launcher local").unwrap();
        assert_eq!(parsed.value("launcher"), Some("local"));
        assert_eq!(parsed.value(""), None);
    }

    #[test]
    fn the_usage_stands_in_columns() {
        let expected = "\
usage: Tool
 -h,--help               This screen
 -c,--create             Flag to indicate whether to create the domain
                         specified with -domain.
 -m,--memory <arg>       Memory for container
 -mo,--mode <arg>        ADD, LIST or REMOVE
 -zq,--zk_quorum <arg>   Zookeeper Quorum
 -e,--shell_env <arg>    Environment
    --launcher <arg>     Where models run
";
        assert_eq!(TABLE.usage(), expected);
    }
}
