use alidade_hadoop::{HadoopConf, HadoopError};

const PROPERTY: &str = "fs.permissions.umask-mode";
const EVERYTHING: u32 = 0o777;

/// The permissions that new files of this configuration do not have: `022`, or `u=rwx,g=rx,o=`, which names what they
/// have.
///
/// # Errors
/// When it is neither.
pub(super) fn umask(conf: &HadoopConf) -> Result<u32, HadoopError> {
    let text = conf.get_or(PROPERTY, "022")?;
    let octal = u32::from_str_radix(&text, 8).ok();
    let octal = octal.filter(|mask| *mask <= 0o1777);
    match octal.or_else(|| symbolic(&text)) {
        Some(mask) => Ok(mask & EVERYTHING),
        None => Err(HadoopError::Invalid(format!(
            "{PROPERTY} is {text:?} in the Hadoop configuration, and must be octal, such as 022, or of the form u=rwx,g=rx,o="
        ))),
    }
}

fn symbolic(text: &str) -> Option<u32> {
    let mut allowed = 0;
    for part in text.split(',') {
        let (who, what) = part.trim().split_once('=')?;
        let bits = what.chars().try_fold(0, |bits, letter| match letter {
            'r' => Some(bits | 0o4),
            'w' => Some(bits | 0o2),
            'x' => Some(bits | 0o1),
            _ => None,
        })?;
        for letter in who.chars() {
            allowed |= match letter {
                'u' => bits << 6,
                'g' => bits << 3,
                'o' => bits,
                'a' => bits << 6 | bits << 3 | bits,
                _ => return None,
            };
        }
    }
    Some(!allowed & EVERYTHING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_understood() {
        assert_eq!(umask(&HadoopConf::from_properties([])).unwrap(), 0o022);
        for (text, expected) in [
            ("077", Some(0o077)),
            ("0027", Some(0o027)),
            ("u=rwx,g=rx,o=", Some(0o027)),
            ("a=rx,u=rwx", Some(0o022)),
            ("0", Some(0)),
            ("99", None),
            ("77777", None),
            ("-1", None),
            ("u+rwx", None),
            ("x=r", None),
        ] {
            let conf = HadoopConf::from_properties([(PROPERTY, text)]);
            assert_eq!(umask(&conf).ok(), expected, "{text}");
        }
    }
}
