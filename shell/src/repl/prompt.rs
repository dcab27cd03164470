use std::borrow::Cow;

use reedline::{Color, Prompt, PromptEditMode, PromptHistorySearch, PromptHistorySearchStatus};

/// What stands before a line.
pub(super) const PROMPT: &str = "[Stellar]>>> ";
/// What stands before every further line of an expression.
const CONTINUED: &str = "         ... ";

/// The last part of the prompt. Not empty: with an empty one and an empty line, the editor's layout of a long menu fails.
pub(super) const INDICATOR: &str = " ";

pub(super) struct StellarPrompt;

impl Prompt for StellarPrompt {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        PROMPT.trim_end().into()
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        "".into()
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        INDICATOR.into()
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        CONTINUED.into()
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        let state = match search.status {
            PromptHistorySearchStatus::Passing => "",
            PromptHistorySearchStatus::Failing => "failed ",
        };
        format!("({state}search for `{}`) ", search.term).into()
    }

    fn get_prompt_color(&self) -> Color {
        Color::Green
    }

    fn get_prompt_multiline_color(&self) -> Color {
        Color::DarkGray
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_is_that_of_plain_lines() {
        let left = StellarPrompt.render_prompt_left();
        let indicator = StellarPrompt.render_prompt_indicator(PromptEditMode::Default);
        assert_eq!(format!("{left}{indicator}"), PROMPT);
        assert_eq!(CONTINUED.len(), PROMPT.len());
    }
}
