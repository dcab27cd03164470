//! The user for servers that refuse to run as root.

use std::path::Path;

use crate::LaunchError;

const PASSWD: &str = "/etc/passwd";

/// User and group id of `nobody` when we are root, else none: then we are fit ourselves.
pub(crate) fn other_than_root() -> Result<Option<(u32, u32)>, LaunchError> {
    if !is_root() {
        return Ok(None);
    }
    let users = std::fs::read_to_string(PASSWD)
        .map_err(|source| LaunchError::io("read", Path::new(PASSWD), source))?;
    let Some(ids) = ids_of("nobody", &users) else {
        return Err(LaunchError::MissingTool {
            tool: "nobody",
            remedy: "the system user that runs servers in root's place: add it, or run the tests \
                     as a user that is not root",
        });
    };
    Ok(Some(ids))
}

#[allow(unsafe_code)]
fn is_root() -> bool {
    // SAFETY: geteuid has no arguments, touches no memory and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

fn ids_of(name: &str, users: &str) -> Option<(u32, u32)> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        Some((fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_ids_of_a_user() {
        let users = "root:x:0:0:root:/root:/bin/sh\nnobody2:x:1:1::/:\nnobody:x:65534:100::/:\n";
        assert_eq!(ids_of("nobody", users), Some((65534, 100)));
        assert_eq!(ids_of("somebody", users), None);
        assert_eq!(ids_of("nobody", "nobody:x"), None);
    }
}
