use std::time::Duration;

use alidade_maas_core::posix_options::ParsedOptions;

use crate::DeployError;

/// Longest `--wait`, in seconds: a day.
const MAX_WAIT: u64 = 86_400;

/// The options of one mode, with errors that name it.
#[derive(Clone, Copy)]
pub(super) struct Arguments<'a> {
    parsed: &'a ParsedOptions,
    mode: &'a str,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(parsed: &'a ParsedOptions, mode: &'a str) -> Self {
        Self { parsed, mode }
    }

    pub(super) fn has(&self, option: &str) -> bool {
        self.parsed.has(option)
    }

    pub(super) fn value(&self, option: &str) -> Option<&'a str> {
        self.parsed.value(option)
    }

    /// A text without which the mode makes no sense.
    pub(super) fn text(&self, option: &str, what: &str) -> Result<String, DeployError> {
        match self.parsed.value(option) {
            Some(value) => Ok(value.to_owned()),
            None => Err(DeployError::Option(format!(
                "{} needs {what} (-{option})",
                self.mode
            ))),
        }
    }

    /// A whole number without which the mode makes no sense.
    pub(super) fn number(&self, option: &str, what: &str) -> Result<i32, DeployError> {
        let value = self.text(option, what)?;
        value.trim().parse::<i32>().map_err(|_| {
            DeployError::Option(format!(
                "{what} (-{option}) must be a whole number, not {value}"
            ))
        })
    }

    /// How long to wait for the effect of a request; nothing when nobody waits.
    pub(super) fn wait(&self) -> Result<Option<Duration>, DeployError> {
        let Some(text) = self.parsed.value("wait") else {
            return Ok(None);
        };
        let seconds = text.trim().parse::<u64>().ok();
        let seconds = seconds.filter(|seconds| (1..=MAX_WAIT).contains(seconds));
        let seconds = seconds.ok_or_else(|| {
            DeployError::Option(format!(
                "--wait must be a number of seconds from 1 to {MAX_WAIT}, not {text}"
            ))
        })?;
        Ok(Some(Duration::from_secs(seconds)))
    }
}
