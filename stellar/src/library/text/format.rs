use super::decimal::Decimal;
use crate::EvalError;
use crate::character::Character;
use crate::convert::to_text;
use crate::library::date::format_conversion;
use crate::library::prelude::*;
use crate::text::{MAX_TEXT, text, too_long};

pub(super) const FORMAT: Function = Function::new(
    "FORMAT",
    "A text with values put into it, in the manner of Java's String.format.",
    &[
        required(
            "format",
            "Text with specifiers such as `%s`, `%05d`, `%.2f`, `%2$s`, `%n`, `%%`.",
        )
        .of_present(Types::ANY),
        repeated(
            "values",
            "What the specifiers stand for. Surplus values are ignored.",
        ),
    ],
    "the text",
    format,
)
.gives(Types::TEXT)
.prepared(|arguments| match arguments.first() {
    Some(Some(Value::Str(format))) => match parse(format) {
        Ok(pieces) => Ok(Some(Box::new(pieces))),
        Err(reason) => Err(Refused::at(0)(reason)),
    },
    _ => Ok(None),
})
.examples(&[
    (
        "FORMAT('%s originates from %s', '1.2.3.4', 'US')",
        "\"1.2.3.4 originates from US\"",
    ),
    ("FORMAT('%.2f', 5.126)", "\"5.13\""),
    (
        "FORMAT('%05d|%-5s|%,d', 42, 'ab', 1234567)",
        "\"00042|ab   |1,234,567\"",
    ),
    ("FORMAT('%2$s %1$s', 'a', 'b')", "\"b a\""),
    ("FORMAT('%x %X %o', 255, -1, 8)", "\"ff FFFFFFFF 10\""),
    (
        "FORMAT('%e %g', 12345.678, 0.5)",
        "\"1.234568e+04 0.500000\"",
    ),
    (
        "FORMAT('%08.3f|%+d|%(d|% d', -3.14159, 5, -5, 5)",
        "\"-003.142|+5|(5)| 5\"",
    ),
    ("FORMAT('%b %c %S %%', null, 65, 'x')", "\"false A X %\""),
    ("FORMAT('%tF %<tT', 0L)", "\"1970-01-01 00:00:00\""),
]);

/// Which value a specifier takes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Source {
    Next,
    Previous,
    Numbered(usize),
}

#[derive(Debug)]
enum Piece {
    Plain(String),
    Specifier(Specifier),
}

#[derive(Debug)]
struct Specifier {
    source: Source,
    flags: Flags,
    width: Option<usize>,
    precision: Option<usize>,
    conversion: char,
    upper: bool,
    /// What follows `%t`.
    date: char,
}

#[derive(Debug, Default, Clone, Copy)]
struct Flags {
    left: bool,
    alternate: bool,
    plus: bool,
    space: bool,
    zero: bool,
    group: bool,
    parentheses: bool,
}

fn parse(format: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        if at > 0 {
            pieces.push(Piece::Plain(rest[..at].to_owned()));
        }
        let (specifier, length) = Specifier::parse(&rest[at..])?;
        pieces.push(Piece::Specifier(specifier));
        rest = &rest[at + length..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Plain(rest.to_owned()));
    }
    Ok(pieces)
}

impl Specifier {
    /// Reads the specifier that `text` begins with, and its length in bytes.
    fn parse(text: &str) -> Result<(Specifier, usize), String> {
        let bad = || {
            let shown: String = text.chars().take(8).collect();
            format!("`{}` is not a format specifier", shown.escape_debug())
        };
        let mut at = 1;
        let number = |from: usize| {
            let digits = text[from..].bytes().take_while(u8::is_ascii_digit).count();
            (
                text[from..from + digits].parse::<usize>().ok(),
                from + digits,
            )
        };
        let mut source = Source::Next;
        if text[at..].starts_with('<') {
            source = Source::Previous;
            at += 1;
        } else if let (Some(index), end) = number(at)
            && text[end..].starts_with('$')
        {
            source = Source::Numbered(index);
            at = end + 1;
        }
        let mut flags = Flags::default();
        while let Some(flag) = text[at..].chars().next() {
            let given = match flag {
                '-' => &mut flags.left,
                '#' => &mut flags.alternate,
                '+' => &mut flags.plus,
                ' ' => &mut flags.space,
                '0' => &mut flags.zero,
                ',' => &mut flags.group,
                '(' => &mut flags.parentheses,
                _ => break,
            };
            if std::mem::replace(given, true) {
                return Err(format!("the flag `{flag}` stands twice in one specifier"));
            }
            at += 1;
        }
        let (width, end) = number(at);
        if end > at && width.is_none_or(|width| width > MAX_TEXT) {
            return Err(format!("a width of more than {MAX_TEXT}"));
        }
        at = end;
        let mut precision = None;
        if text[at..].starts_with('.') {
            let (digits, end) = number(at + 1);
            precision = Some(digits.ok_or_else(bad)?);
            if precision.is_some_and(|precision| precision > MAX_TEXT) {
                return Err(format!("a precision of more than {MAX_TEXT}"));
            }
            at = end;
        }
        let conversion = text[at..].chars().next().ok_or_else(bad)?;
        at += conversion.len_utf8();
        let mut date = ' ';
        if let 't' | 'T' = conversion {
            date = text[at..].chars().next().ok_or_else(bad)?;
            at += date.len_utf8();
        }
        if !"bBhHsScCdoxXeEfgGtT%n".contains(conversion) {
            return Err(bad());
        }
        let specifier = Specifier {
            source,
            flags,
            width,
            precision,
            conversion: conversion.to_ascii_lowercase(),
            upper: conversion.is_ascii_uppercase(),
            date,
        };
        specifier.check()?;
        Ok((specifier, at))
    }

    fn check(&self) -> Result<(), String> {
        let flags = self.flags;
        let conversion = self.conversion;
        if (flags.left || flags.zero) && self.width.is_none() {
            return Err(format!("`%{conversion}` with `-` or `0` needs a width"));
        }
        if (flags.left && flags.zero) || (flags.plus && flags.space) {
            return Err(format!("`%{conversion}` has flags that exclude each other"));
        }
        let signs = flags.plus || flags.space || flags.parentheses;
        for (flag, given, conversions) in [
            ('0', flags.zero, "doxefg"),
            (',', flags.group, "dfg"),
            ('#', flags.alternate, "oxef"),
            ('+', signs, "defg"),
        ] {
            if given && !conversions.contains(conversion) {
                return Err(match flag {
                    '+' => format!("`%{conversion}` takes no flags for signs"),
                    _ => format!("`%{conversion}` does not take the flag `{flag}`"),
                });
            }
        }
        if conversion == 'n' && (self.width.is_some() || flags.left) {
            return Err("`%n` takes no width".to_owned());
        }
        if self.precision.is_some() && "doxctn%".contains(conversion) {
            return Err(format!("`%{conversion}` takes no precision"));
        }
        Ok(())
    }
}

fn format(call: &mut Call) -> Outcome {
    let Some(format) = to_text(call.get(0)) else {
        return call.wrong(0, "text");
    };
    let parsed;
    let pieces = match call.prepared::<Vec<Piece>>() {
        Some(pieces) => pieces,
        None => match parse(&format) {
            Ok(pieces) => {
                parsed = pieces;
                &parsed
            }
            Err(reason) => return call.fail(reason),
        },
    };
    let mut out = String::new();
    let (mut next, mut previous) = (0, None);
    for piece in pieces {
        let specifier = match piece {
            Piece::Plain(plain) => {
                out.push_str(plain);
                continue;
            }
            Piece::Specifier(specifier) => specifier,
        };
        match specifier.conversion {
            'n' => {
                out.push('\n');
                continue;
            }
            '%' => {
                specifier.pad("%".to_owned(), &mut out)?;
                continue;
            }
            _ => {}
        }
        let index = match specifier.source {
            Source::Next => {
                next += 1;
                next
            }
            Source::Previous => previous.unwrap_or(0),
            Source::Numbered(index) => index,
        };
        previous = Some(index);
        if index == 0 || index >= call.len() {
            return call.fail(format_args!(
                "there is no value for `%{}`",
                specifier.conversion
            ));
        }
        let value = call.get(index);
        let written = specifier.write(value, &mut out);
        if let Err(error) = written {
            return call.fail(error);
        }
        if out.len() > MAX_TEXT {
            return Err(too_long());
        }
    }
    Ok(Value::Str(out.into()))
}

impl Specifier {
    fn write(&self, value: &Value, out: &mut String) -> Result<(), EvalError> {
        let shown = match self.conversion {
            's' => self.cut(text(value)?.to_string()),
            'b' => self.cut(
                match value {
                    Value::Null => "false",
                    Value::Bool(false) => "false",
                    _ => "true",
                }
                .to_owned(),
            ),
            _ if value.is_null() => self.cut("null".to_owned()),
            'c' => character(value).ok_or_else(|| self.mismatch(value))?,
            'h' => self.cut(format!("{:x}", hash_code(value)?)),
            'd' => self.decimal(value)?,
            'o' | 'x' => self.unsigned(value)?,
            'e' | 'f' | 'g' => self.floating(value)?,
            't' => format_conversion(self.date, value).ok_or_else(|| self.mismatch(value))?,
            _ => return Err(self.mismatch(value)),
        };
        self.pad(shown, out)
    }

    fn mismatch(&self, value: &Value) -> EvalError {
        EvalError::failed(format!(
            "`%{}` cannot show {}",
            self.conversion,
            crate::operators::described(value)
        ))
    }

    fn cut(&self, shown: String) -> String {
        match self.precision {
            Some(precision) => shown.chars().take(precision).collect(),
            None => shown,
        }
    }

    fn pad(&self, shown: String, out: &mut String) -> Result<(), EvalError> {
        let shown = if self.upper {
            shown.to_uppercase()
        } else {
            shown
        };
        let missing = self
            .width
            .unwrap_or(0)
            .saturating_sub(shown.chars().count());
        if out.len() + missing > MAX_TEXT {
            return Err(too_long());
        }
        let padding = " ".repeat(missing);
        if self.flags.left {
            out.push_str(&shown);
            out.push_str(&padding);
        } else {
            out.push_str(&padding);
            out.push_str(&shown);
        }
        Ok(())
    }

    fn decimal(&self, value: &Value) -> Result<String, EvalError> {
        let digits = match value {
            Value::Int(number) => number.to_string(),
            Value::Long(number) => number.to_string(),
            Value::BigInt(digits) => digits.to_string(),
            _ => return Err(self.mismatch(value)),
        };
        Ok(match digits.strip_prefix('-') {
            Some(magnitude) => self.signed(true, magnitude.to_owned()),
            None => self.signed(false, digits),
        })
    }

    fn unsigned(&self, value: &Value) -> Result<String, EvalError> {
        let digits = match (value, self.conversion) {
            (Value::Int(number), 'x') => format!("{number:x}"),
            (Value::Int(number), _) => format!("{number:o}"),
            (Value::Long(number), 'x') => format!("{number:x}"),
            (Value::Long(number), _) => format!("{number:o}"),
            _ => return Err(self.mismatch(value)),
        };
        let prefix = match (self.flags.alternate, self.conversion) {
            (false, _) => "",
            (true, 'x') => "0x",
            (true, _) => "0",
        };
        Ok(self.zeroed(prefix, digits, ""))
    }

    fn floating(&self, value: &Value) -> Result<String, EvalError> {
        let (number, decimal) = match value {
            Value::Double(number) => (*number, Decimal::of(*number)),
            Value::Float(number) => (f64::from(*number), Decimal::of_float(*number)),
            _ => return Err(self.mismatch(value)),
        };
        if number.is_nan() {
            return Ok("NaN".to_owned());
        }
        let negative = number.is_sign_negative();
        if number.is_infinite() {
            return Ok(match (negative, self.flags) {
                (
                    true,
                    Flags {
                        parentheses: true, ..
                    },
                ) => "(Infinity)",
                (true, _) => "-Infinity",
                (false, Flags { plus: true, .. }) => "+Infinity",
                (false, _) => "Infinity",
            }
            .to_owned());
        }
        let precision = self.precision.unwrap_or(6);
        let mut digits = match self.conversion {
            'f' => decimal.fixed(precision),
            'e' => decimal.scientific(precision),
            _ => general(decimal, precision.max(1)),
        };
        if self.flags.alternate && !digits.contains('.') {
            let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
            digits.insert(whole, '.');
        }
        Ok(self.signed(negative, digits))
    }

    /// Sign, groups and leading zeros around the digits of a magnitude.
    fn signed(&self, negative: bool, digits: String) -> String {
        let digits = if self.flags.group {
            grouped(&digits)
        } else {
            digits
        };
        let (before, after) = match (negative, self.flags) {
            (
                true,
                Flags {
                    parentheses: true, ..
                },
            ) => ("(", ")"),
            (true, _) => ("-", ""),
            (false, Flags { plus: true, .. }) => ("+", ""),
            (false, Flags { space: true, .. }) => (" ", ""),
            (false, _) => ("", ""),
        };
        self.zeroed(before, digits, after)
    }

    fn zeroed(&self, before: &str, digits: String, after: &str) -> String {
        let length = before.len() + digits.len() + after.len();
        let zeros = match self.flags.zero {
            true => self.width.unwrap_or(0).saturating_sub(length),
            false => 0,
        };
        format!("{before}{}{digits}{after}", "0".repeat(zeros))
    }
}

/// `%g`: as many significant digits as the precision says, scientific outside of 10^-4 to 10^precision.
fn general(mut decimal: Decimal, precision: usize) -> String {
    if decimal.is_zero() {
        return decimal.fixed(precision - 1);
    }
    let significant = precision as i64;
    decimal.round_to(significant);
    let exponent = i64::from(decimal.exponent());
    if exponent < -4 || exponent >= significant {
        return decimal.scientific(precision - 1);
    }
    decimal.fixed(usize::try_from(significant - 1 - exponent).unwrap_or(0))
}

/// Commas between groups of three digits of the whole part.
fn grouped(digits: &str) -> String {
    let (whole, fraction) = match digits.find('.') {
        Some(at) => digits.split_at(at),
        None => (digits, ""),
    };
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(fraction);
    out
}

fn character(value: &Value) -> Option<String> {
    if let Some(Character(character)) = Character::of(value) {
        return Some(character.to_string());
    }
    match value {
        Value::Int(number) => char::from_u32(u32::try_from(*number).ok()?).map(String::from),
        _ => None,
    }
}

/// Java's `hashCode` of texts, numbers and booleans.
fn hash_code(value: &Value) -> Result<i32, EvalError> {
    let fold = |bits: u64| (bits ^ (bits >> 32)) as u32 as i32;
    Ok(match value {
        Value::Int(number) => *number,
        Value::Long(number) => fold(*number as u64),
        Value::Double(number) => fold(number.to_bits()),
        Value::Float(number) => number.to_bits() as i32,
        Value::Bool(truth) => {
            if *truth {
                1231
            } else {
                1237
            }
        }
        Value::Str(text) => text.encode_utf16().fold(0i32, |hash, unit| {
            hash.wrapping_mul(31).wrapping_add(i32::from(unit))
        }),
        other => {
            return Err(EvalError::failed(format!(
                "`%h` cannot show {}",
                crate::operators::described(other)
            )));
        }
    })
}
