//! The session at a terminal.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use reedline::{
    Color, ColumnarMenu, EditCommand, Emacs, KeyCode, KeyModifiers, MenuBuilder, Reedline,
    ReedlineEvent, ReedlineMenu, Signal, default_emacs_keybindings,
};

use super::completer::Names;
use super::highlighter::Colours;
use super::hinter::Hints;
use super::history;
use super::plain::run_lines;
use super::prompt::{INDICATOR, StellarPrompt};
use super::session::{Answer, Outcome, Session};
use super::validator::WholeExpression;
use crate::ShellError;
use crate::printing::{harmless, on_screen};

const WELCOME: &str = "Stellar. ? tells what can be typed, ?FUNCTION explains a function, Tab completes, quit ends.\n";
const MENU: &str = "completions";
/// Lines that begin so are not kept in the history.
const SECRET_PREFIX: &str = " ";
const USUAL_WIDTH: usize = 80;

/// How the session looks.
#[derive(Debug, Clone, Default)]
pub struct TerminalOptions {
    pub colours: bool,
    /// Where the lines are kept; nowhere if there is none.
    pub history: Option<PathBuf>,
}

/// Runs a session with line editing until the person at the terminal ends it. Ctrl-C gives up a line or an evaluation.
///
/// # Errors
/// When the terminal cannot be written to.
pub fn run_terminal(session: &mut Session, options: &TerminalOptions) -> Result<(), ShellError> {
    session.cancellable = true;
    let screen = Screen {
        colours: options.colours,
    };
    screen.write(WELCOME)?;
    if !session.globals().is_empty() {
        screen.show(&session.answer("%globals"))?;
    }
    let (mut editor, note) = editor(session, options);
    if let Some(note) = note {
        screen.write(&format!("{note}\n"))?;
    }
    loop {
        match read_line(&mut editor) {
            Ok(Signal::Success(text)) => {
                let answer = session.answer(&text);
                // A history that cannot be kept is not worth ending the session.
                let _ = editor.sync_history();
                if answer.outcome == Outcome::End {
                    return Ok(());
                }
                screen.show(&answer)?;
            }
            Ok(Signal::CtrlD) => return Ok(()),
            Ok(_) => {}
            Err(reason) => {
                screen.write(&format!("{reason}; lines are read without editing\n"))?;
                session.cancellable = false;
                return run_lines(session, &mut io::stdin().lock(), &mut io::stdout(), true);
            }
        }
    }
}

/// A line, or why the editor cannot go on. A fault in it must not cost the variables of the session.
fn read_line(editor: &mut Reedline) -> Result<Signal, String> {
    match catch_unwind(AssertUnwindSafe(|| editor.read_line(&StellarPrompt))) {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(_) => {
            // The editor had no chance to do this. Should it fail, there is nothing else to try.
            let _ = crossterm::terminal::disable_raw_mode();
            Err("the line editor has a fault; please report it".to_owned())
        }
    }
}

fn editor(session: &Session, options: &TerminalOptions) -> (Reedline, Option<String>) {
    let library = session.library();
    let names = Names {
        library: library.clone(),
        services: session.services().clone(),
        globals: session.globals().clone(),
    };
    let mut keys = default_emacs_keybindings();
    keys.add_binding(
        KeyModifiers::NONE,
        KeyCode::Tab,
        ReedlineEvent::UntilFound(vec![
            ReedlineEvent::Menu(MENU.to_owned()),
            ReedlineEvent::MenuNext,
        ]),
    );
    keys.add_binding(
        KeyModifiers::SHIFT,
        KeyCode::BackTab,
        ReedlineEvent::MenuPrevious,
    );
    keys.add_binding(
        KeyModifiers::ALT,
        KeyCode::Enter,
        ReedlineEvent::Edit(vec![EditCommand::InsertNewline]),
    );
    // The marker stands where the indicator of the prompt stands without a menu.
    let menu = ColumnarMenu::default()
        .with_name(MENU)
        .with_marker(INDICATOR);
    let mut editor = Reedline::create()
        .with_completer(Box::new(names))
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_validator(Box::new(WholeExpression {
            library: library.clone(),
        }))
        .with_highlighter(Box::new(Colours {
            library: library.clone(),
        }))
        .with_history_exclusion_prefix(Some(SECRET_PREFIX.to_owned()))
        .with_ansi_colors(options.colours)
        .use_bracketed_paste(true);
    if options.colours {
        // Without colours a hint could not be told from what is typed.
        editor = editor.with_hinter(Box::new(Hints::new(library.clone())));
    }
    let (history, note) = history::open(options.history.as_deref());
    if let Some(history) = history {
        editor = editor.with_history(history);
    }
    (editor, note)
}

struct Screen {
    colours: bool,
}

impl Screen {
    fn show(&self, answer: &Answer) -> Result<(), ShellError> {
        if let Some(warnings) = &answer.warnings {
            self.write(&self.painted(Color::Yellow, &harmless(warnings)))?;
        }
        match &answer.outcome {
            Outcome::Nothing | Outcome::End => Ok(()),
            Outcome::Value(value) => self.write_lines(&on_screen(value, width())),
            Outcome::Text(text) => self.write_lines(&harmless(text)),
            Outcome::Failed(reason) => {
                let mark = self.painted(Color::Red, "[!]");
                self.write_lines(&format!("{mark} {}", harmless(reason)))
            }
        }
    }

    /// Tables and findings end their last line themselves.
    fn write_lines(&self, text: &str) -> Result<(), ShellError> {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        self.write(&format!("{text}{end}"))
    }

    fn painted(&self, colour: Color, text: &str) -> String {
        if self.colours {
            colour.normal().paint(text).to_string()
        } else {
            text.to_owned()
        }
    }

    fn write(&self, text: &str) -> Result<(), ShellError> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(ShellError::Output)
    }
}

/// The columns of the screen.
fn width() -> usize {
    crossterm::terminal::size().map_or(USUAL_WIDTH, |(columns, _)| usize::from(columns))
}
