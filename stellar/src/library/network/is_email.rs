use super::is_domain::is_domain;
use super::is_ip::{is_v4, is_v6};
use crate::library::all_texts::all;
use crate::library::prelude::*;

pub(super) const IS_EMAIL: Function = Function::new(
    "IS_EMAIL",
    "Whether all values are mail addresses at a domain with a known top level.",
    &[repeated("addresses", "The values, by their texts.").null_gives("false")],
    "true or false; false for null and for no values",
    |call| all(call, is_email),
)
.gives(Types::BOOLEAN)
.examples(&[
    ("IS_EMAIL('user.name+tag@sub.metron.io')", "true"),
    ("IS_EMAIL('\"a b\"@metron.io')", "true"),
    ("IS_EMAIL('a b@metron.io')", "false"),
    ("IS_EMAIL('a@localhost')", "false"),
    ("IS_EMAIL('@metron.io')", "false"),
]);

fn is_email(text: &str) -> bool {
    let text = text.trim();
    let Some((user, domain)) = text.rsplit_once('@') else {
        return false;
    };
    !text.ends_with('.') && is_user(user) && is_mail_domain(domain)
}

fn is_mail_domain(domain: &str) -> bool {
    match domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(address) => is_v4(address) || is_v6(address),
        None => is_domain(domain),
    }
}

/// Words with dots between them; a word is bare, or in quotes and then free.
fn is_user(user: &str) -> bool {
    if user.is_empty() || user.len() > 64 {
        return false;
    }
    let mut characters = user.chars().peekable();
    loop {
        if characters.peek() == Some(&'"') {
            characters.next();
            loop {
                match characters.next() {
                    Some('\\') => drop(characters.next()),
                    Some('"') => break,
                    Some(_) => {}
                    None => return false,
                }
            }
        } else {
            let mut length = 0;
            while let Some(character) = characters.next_if(|c| *c != '.') {
                let escaped = character == '\\' && characters.next().is_some();
                if !escaped && !is_bare(character) {
                    return false;
                }
                length += 1;
            }
            if length == 0 {
                return false;
            }
        }
        match characters.next() {
            None => return true,
            Some('.') => {}
            Some(_) => return false,
        }
    }
}

fn is_bare(character: char) -> bool {
    !character.is_whitespace() && !character.is_control() && !"()<>@,;:\\\".[]".contains(character)
}
