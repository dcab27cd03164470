//! New inputs from old ones.

use std::ops::Range;

use crate::Random;

/// Longest input that is made by altering.
const MAX_LENGTH: usize = 1 << 15;

/// Numbers at which things break.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "7",
    "31",
    "64",
    "127",
    "255",
    "256",
    "1024",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "-2147483648",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551616",
    "1e308",
    "1e-320",
    "1e400",
    "0.1",
    "-0.0",
    "99999999999999999999999999999999999999",
];

const BRACKETS: &[(&str, &str)] = &[("(", ")"), ("[", "]"), ("{", "}"), ("'", "'"), ("\"", "\"")];

/// Bytes that readers treat specially, or that are no UTF-8.
const BYTES: &[u8] = b"\0\t\n\r\x0b\x1b '\"\\/%$<>=|,:;.-+*?^[](){}0e\x7f\x80\xbf\xc3\xe2\xf0\xff";

/// Alters `input` some times. `other` is another input of the corpus, `words` are what the target's language knows.
pub fn mutate(input: &[u8], other: &[u8], words: &[String], random: &mut Random) -> Vec<u8> {
    let mut altered = input.to_vec();
    for _ in 0..=random.below(4) {
        altered = alter(altered, other, words, random);
        altered.truncate(MAX_LENGTH);
    }
    altered
}

fn alter(mut input: Vec<u8>, other: &[u8], words: &[String], random: &mut Random) -> Vec<u8> {
    let pieces = pieces(&input);
    let piece = |random: &mut Random| random.pick(&pieces).cloned().unwrap_or(0..0);
    let several = |random: &mut Random| {
        let first = piece(random);
        let second = piece(random);
        first.start.min(second.start)..first.end.max(second.end)
    };
    match random.below(14) {
        0 => {
            input.drain(piece(random));
        }
        1 => {
            input.drain(several(random));
        }
        2 => {
            let range = several(random);
            let copy = input.get(range.clone()).unwrap_or_default().to_vec();
            input.splice(range.end..range.end, copy);
        }
        3 => {
            // Often enough to show work that grows faster than the input.
            let range = piece(random);
            let times = 1 << random.below(12);
            let copy = input.get(range.clone()).unwrap_or_default().repeat(times);
            input.splice(range.end..range.end, copy);
        }
        4 | 5 => {
            let theirs = crate::mutate::pieces(other);
            let piece_of = random.pick(&theirs).cloned().unwrap_or(0..0);
            let copy = other.get(piece_of).unwrap_or_default().to_vec();
            input.splice(piece(random), copy);
        }
        6 => {
            let theirs = crate::mutate::pieces(other);
            let from = random.pick(&theirs).map_or(0, |piece| piece.start);
            let to = random.pick(&theirs).map_or(0, |piece| piece.end);
            let copy = other.get(from..to).unwrap_or_default().to_vec();
            let at = piece(random).start;
            input.splice(at..at, copy);
        }
        7 | 8 => {
            let word = random.pick(words).map_or("", String::as_str);
            let range = piece(random);
            let range = if random.one_in(2) {
                range.start..range.start
            } else {
                range
            };
            input.splice(range, word.bytes());
        }
        9 => {
            let range = several(random);
            let (open, close) = random.pick(BRACKETS).copied().unwrap_or_default();
            let times = if random.one_in(8) {
                1 << random.below(11)
            } else {
                1
            };
            input.splice(range.end..range.end, close.repeat(times).bytes());
            input.splice(range.start..range.start, open.repeat(times).bytes());
        }
        10 => {
            let number = random.word(NUMBERS);
            let digits = pieces
                .iter()
                .filter(|range| input.get(range.start).is_some_and(u8::is_ascii_digit));
            let digits: Vec<_> = digits.cloned().collect();
            let range = random
                .pick(&digits)
                .cloned()
                .unwrap_or_else(|| piece(random));
            input.splice(range, number.bytes());
        }
        11 => {
            let first = piece(random);
            let second = piece(random);
            let (first, second) = match first.end <= second.start {
                true => (first, second),
                false => (second, first),
            };
            if first.end <= second.start {
                let late = input.get(second.clone()).unwrap_or_default().to_vec();
                let early: Vec<u8> = input.splice(first.clone(), late.iter().copied()).collect();
                let moved = (second.start + late.len()).saturating_sub(early.len());
                let moved = moved..(second.end + late.len()).saturating_sub(early.len());
                input.splice(moved, early);
            }
        }
        12 => {
            let at = random.below(input.len());
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        _ => {
            let at = random.below(input.len() + 1);
            let byte = random.pick(BYTES).copied().unwrap_or_default();
            input.insert(at, byte);
        }
    }
    input
}

/// The words, runs of blanks and single signs of an input.
fn pieces(input: &[u8]) -> Vec<Range<usize>> {
    let class = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => 1,
        b' ' | b'\t' | b'\n' | b'\r' => 2,
        _ => 0,
    };
    let mut pieces: Vec<Range<usize>> = Vec::new();
    let mut before = 0;
    for (at, byte) in input.iter().enumerate() {
        let class = class(*byte);
        match pieces.last_mut() {
            Some(piece) if class != 0 && class == before => piece.end = at + 1,
            _ => pieces.push(at..at + 1),
        }
        before = class;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn altering_survives_everything_and_changes_most_inputs() {
        let words = vec!["word".to_owned()];
        let mut random = Random::new(1);
        for input in [
            &b""[..],
            b"a",
            b"LENGTH(x) + 12",
            "é, 'ü'".as_bytes(),
            b"\xff\xfe",
        ] {
            let rounds = 2_000;
            let changed = (0..rounds)
                .filter(|_| mutate(input, b"f(1, 2)", &words, &mut random) != input)
                .count();
            assert!(changed > rounds / 2, "{changed}");
        }
    }

    #[test]
    fn pieces_are_words_blanks_and_signs() {
        let input = b"ab1 \t((c";
        assert_eq!(pieces(input), [0..3, 3..5, 5..6, 6..7, 7..8]);
    }
}
