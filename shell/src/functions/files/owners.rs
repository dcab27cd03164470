//! Names of users and groups, as the local files say.

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;

/// The most that is read of one file.
const MOST_BYTES: u64 = 4 << 20;

pub(super) struct Owners {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl Owners {
    pub(super) fn of_this_machine() -> Owners {
        Owners {
            users: names(&text("/etc/passwd")),
            groups: names(&text("/etc/group")),
        }
    }

    /// The name, or the number when it has none.
    pub(super) fn user(&self, id: u32) -> String {
        self.users
            .get(&id)
            .cloned()
            .unwrap_or_else(|| id.to_string())
    }

    pub(super) fn group(&self, id: u32) -> String {
        self.groups
            .get(&id)
            .cloned()
            .unwrap_or_else(|| id.to_string())
    }
}

/// What can be read of a file; names are a comfort only.
fn text(path: &str) -> String {
    let mut bytes = Vec::new();
    if let Ok(file) = fs::File::open(path) {
        let _ = file.take(MOST_BYTES).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Both files have the name first and the number third.
fn names(text: &str) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for line in text.lines() {
        let mut parts = line.split(':');
        if let (Some(name), Some(Ok(id))) = (parts.next(), parts.nth(1).map(str::parse)) {
            names.entry(id).or_insert_with(|| name.to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_a_number_counts() {
        let users =
            names("root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\n\nbroken\na:x:many:1\nb:x:7:7\n");
        let owners = Owners {
            users,
            groups: HashMap::new(),
        };
        assert_eq!(owners.user(0), "root");
        assert_eq!(owners.user(7), "b");
        assert_eq!(owners.user(8), "8");
        assert_eq!(owners.group(7), "7");
    }
}
