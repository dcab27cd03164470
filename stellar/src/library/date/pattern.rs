/// A pattern of `SimpleDateFormat`, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DatePattern(pub Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Literal(String),
    /// A letter and how often it stands there.
    Field(char, usize),
}

const LETTERS: &str = "GyYMLdEuHkKhmsSzZXawWDF";
/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 1_000;

impl DatePattern {
    pub fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.len() > MAX_PATTERN {
            return Err(format!("the date format has more than {MAX_PATTERN} bytes"));
        }
        let mut pieces: Vec<Piece> = Vec::new();
        let mut characters = pattern.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\'' => quoted(&mut characters, &mut pieces)?,
                letter if letter.is_ascii_alphabetic() => {
                    if !LETTERS.contains(letter) {
                        return Err(format!("`{letter}` has no meaning in a date format"));
                    }
                    let mut count = 1;
                    while characters.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    if letter == 'X' && count > 3 {
                        return Err("a date format has at most three `X`".to_owned());
                    }
                    pieces.push(Piece::Field(letter, count));
                }
                other => literal(&mut pieces, other),
            }
        }
        Ok(DatePattern(pieces))
    }
}

/// Everything up to the next quote; two quotes are one.
fn quoted(
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    pieces: &mut Vec<Piece>,
) -> Result<(), String> {
    if characters.next_if_eq(&'\'').is_some() {
        literal(pieces, '\'');
        return Ok(());
    }
    loop {
        match characters.next() {
            None => return Err("a quote in the date format does not end".to_owned()),
            Some('\'') => {
                if characters.next_if_eq(&'\'').is_none() {
                    return Ok(());
                }
                literal(pieces, '\'');
            }
            Some(other) => literal(pieces, other),
        }
    }
}

fn literal(pieces: &mut Vec<Piece>, character: char) {
    match pieces.last_mut() {
        Some(Piece::Literal(text)) => text.push(character),
        _ => pieces.push(Piece::Literal(character.to_string())),
    }
}
