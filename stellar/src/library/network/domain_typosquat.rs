use super::homoglyphs::lookalikes;
use super::keyboards::neighbours;
use super::punycode;
use crate::library::prelude::*;

pub(super) const DOMAIN_TYPOSQUAT: Function = Function::new(
    "DOMAIN_TYPOSQUAT",
    "Names that may be taken for a domain name: misspelt, mistyped, or written with characters that look alike.",
    &[optional("domain", "A domain name without subdomains and without its public suffix.").of(Types::TEXT).null_gives("null")],
    "the set of names; null for null",
    domain_typosquat,
)
.gives(Types::SET.or(Types::NULL))
.examples(&[
    ("'goggle' in DOMAIN_TYPOSQUAT('google')", "true"),
    ("'google' in DOMAIN_TYPOSQUAT('google')", "false"),
    ("LENGTH(DOMAIN_TYPOSQUAT('cnn.com'))", "216"),
    ("DOMAIN_TYPOSQUAT(null)", "null"),
]);

/// Longest name, in characters: the number of look-alikes grows with its square.
const MAX_LENGTH: usize = 100;

fn domain_typosquat(call: &mut Call) -> Outcome {
    let Some(domain) = call.text_or_null(0)? else {
        return Ok(Value::Null);
    };
    let name: Vec<char> = domain.chars().take(MAX_LENGTH + 1).collect();
    if name.len() > MAX_LENGTH {
        return call.fail(format_args!(
            "the name has more than {MAX_LENGTH} characters"
        ));
    }
    let mut found = Candidates {
        name: &name,
        set: Set::new(),
    };
    found.additions();
    found.bit_flips();
    found.insertions_between();
    found.neighbouring_keys();
    found.omissions_and_repetitions();
    found.transpositions();
    found.vowels();
    found.look_alikes();
    let mut set = found.set;
    set.remove(&Value::Str(domain.clone()));
    Ok(Value::set(set))
}

struct Candidates<'n> {
    name: &'n [char],
    set: Set,
}

impl Candidates<'_> {
    /// Adds the name with the characters `from..to` replaced.
    fn replace(&mut self, from: usize, to: usize, replacement: &[char]) {
        let (before, after) = (&self.name[..from], &self.name[to..]);
        let text: String = [before, replacement, after].concat().into_iter().collect();
        self.set.insert(Value::from(text));
    }

    fn additions(&mut self) {
        let end = self.name.len();
        for letter in 'a'..='z' {
            self.replace(end, end, &[letter]);
        }
    }

    /// Names that one flipped bit makes of it, as long as the character stays one of a name.
    fn bit_flips(&mut self) {
        for at in 0..self.name.len() {
            let Ok(byte) = u8::try_from(self.name[at]) else {
                continue;
            };
            for bit in 0..8 {
                let flipped = char::from(byte ^ (1 << bit));
                if matches!(flipped, 'a'..='z' | '0'..='9' | '-') {
                    self.replace(at, at + 1, &[flipped]);
                }
            }
        }
    }

    /// A hyphen or a dot in between.
    fn insertions_between(&mut self) {
        let is_mark = |character: char| matches!(character, '-' | '.');
        for at in 1..self.name.len() {
            self.replace(at, at, &['-']);
            if !is_mark(self.name[at - 1]) && !is_mark(self.name[at]) {
                self.replace(at, at, &['.']);
            }
        }
    }

    /// A key hit instead of its neighbour, or, away from the ends, together with it.
    fn neighbouring_keys(&mut self) {
        for at in 0..self.name.len() {
            let is_inner = at > 0 && at + 1 < self.name.len();
            for key in neighbours(self.name[at]) {
                self.replace(at, at + 1, &[key]);
                if is_inner {
                    self.replace(at, at, &[key]);
                    self.replace(at + 1, at + 1, &[key]);
                }
            }
        }
    }

    fn omissions_and_repetitions(&mut self) {
        for at in 0..self.name.len() {
            self.replace(at, at + 1, &[]);
            let character = self.name[at];
            if character.is_alphabetic() {
                self.replace(at, at, &[character]);
            }
        }
    }

    fn transpositions(&mut self) {
        for at in 1..self.name.len() {
            let (first, second) = (self.name[at - 1], self.name[at]);
            if first != second {
                self.replace(at - 1, at + 1, &[second, first]);
            }
        }
    }

    fn vowels(&mut self) {
        const VOWELS: [char; 5] = ['a', 'e', 'i', 'o', 'u'];
        for at in 0..self.name.len() {
            if VOWELS.contains(&self.name[at]) {
                for vowel in VOWELS {
                    self.replace(at, at + 1, &[vowel]);
                }
            }
        }
    }

    /// Every run of neighbouring occurrences of a letter, but never the whole name at once, with the letter replaced.
    fn look_alikes(&mut self) {
        for start in 0..self.name.len() {
            let letter = self.name[start];
            for end in start..self.name.len() {
                if self.name[end] != letter || end - start + 1 >= self.name.len() {
                    continue;
                }
                for lookalike in lookalikes(letter) {
                    let mut text: String = self.name[..start].iter().collect();
                    for character in &self.name[start..=end] {
                        match *character == letter {
                            true => text.push_str(lookalike),
                            false => text.push(*character),
                        }
                    }
                    text.extend(&self.name[end + 1..]);
                    if let Some(encoded) = encoded(&text) {
                        self.set.insert(Value::from(encoded));
                    }
                    self.set.insert(Value::from(text));
                }
            }
        }
    }
}

/// The form that name servers see, of a name that is not ASCII.
fn encoded(name: &str) -> Option<String> {
    if name.is_ascii() {
        return None;
    }
    let labels: Option<Vec<String>> = name
        .split('.')
        .map(|label| match label.is_ascii() {
            true => Some(label.to_owned()),
            false => {
                let folded: String = label.chars().flat_map(folded).collect();
                punycode::encode(&folded).map(|label| format!("xn--{label}"))
            }
        })
        .collect();
    Some(labels?.join("."))
}

/// A character as name servers see it: in lower case, and without the variants of the same letter. Scripts that got their
/// lower case after the rules were made have none.
fn folded(character: char) -> impl Iterator<Item = char> {
    let character = match character {
        'ϲ' => 'σ',
        'ϵ' => 'ε',
        other => other,
    };
    let has_case = !matches!(character, 'Ꭰ'..='Ᏽ' | 'Ⴀ'..='Ⴥ');
    let lower = character.to_lowercase();
    lower
        .filter(move |_| has_case)
        .chain((!has_case).then_some(character))
}
