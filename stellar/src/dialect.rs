//! Which language a document is written in.

/// The only dialect: what upstream gives to an expression, except where `docs/differences.md` says otherwise.
pub const DIALECT: &str = "metron";

/// Key of the global configuration that names the dialect of all expressions; [`DIALECT`] where it is absent.
pub const DIALECT_KEY: &str = "stellar.dialect";

/// Refuses a dialect that is not known here: its expressions would be taken for something else than they mean.
///
/// # Errors
/// What is wrong, as a sentence without a full stop.
pub fn check_dialect(name: &str) -> Result<(), String> {
    if name == DIALECT {
        return Ok(());
    }
    Err(format!(
        "the dialect `{}` of Stellar is not known here, only `{DIALECT}`",
        name.escape_debug()
    ))
}

#[cfg(test)]
mod tests {
    use super::check_dialect;

    #[test]
    fn only_the_own_dialect_is_known() {
        assert!(check_dialect("metron").is_ok());
        for name in ["", "Metron", "metron ", "strict", "metron2"] {
            assert!(check_dialect(name).is_err(), "{name}");
        }
    }
}
