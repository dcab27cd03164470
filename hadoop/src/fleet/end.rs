use std::fmt;

/// How many of the last lines of the diagnostics are shown, and how many characters of them.
const LINES: usize = 3;
const CHARACTERS: usize = 600;

/// The last signal's number.
const SIGNALS: i32 = 64;

/// How a container ended. Shown as one sentence, with the last words of the diagnostics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerEnd {
    /// The process's own from 0 to 255; YARN's reasons below 0 (`ContainerExitStatus`).
    pub exit_status: i32,
    /// In the words of YARN, with the end of the container's error output where it has ended by itself.
    pub diagnostics: String,
}

impl ContainerEnd {
    /// Whether it ended for a reason that lies in what it ran, or in how large it is: another container may fare the
    /// same. Not so when its node was lost, or when it was stopped from outside. A command that is to run for long and
    /// ends is to blame, whatever its exit code.
    pub fn blames_the_container(&self) -> bool {
        !matches!(self.exit_status, -102..=-100 | -108..=-105)
    }

    /// What the exit status means.
    fn reason(&self) -> String {
        let code = self.exit_status;
        let text = match code {
            -100 if self.says("lost") => "its node was lost (-100)",
            -100 if self.says("expired") => "it was not started in time (-100)",
            -100 if self.says("released by application") => "it was given back (-100)",
            -100 => "the cluster has given it up (-100)",
            -101 => "the disks of its node have failed (-101)",
            -102 => "the scheduler needed its room for others (-102)",
            -103 => "it used more virtual memory than its container has (exit code -103)",
            -104 => "it used more memory than its container has (exit code -104)",
            -105 => "it was stopped by its application master (-105)",
            -106 => "it was stopped by the resource manager (-106)",
            -107 => "it was stopped with its application (-107)",
            -108 => "it was stopped by the scheduler of its node (-108)",
            -109 => "it wrote more logs than it may (exit code -109)",
            -1000 => "it could not be prepared (exit code -1000)",
            129.. if code <= 128 + SIGNALS => {
                let signal = code - 128;
                return format!("it ended with exit code {code} (signal {signal})");
            }
            _ => return format!("it ended with exit code {code}"),
        };
        text.to_owned()
    }

    fn says(&self, words: &str) -> bool {
        self.diagnostics.contains(words)
    }

    /// The last lines that say something, on one line.
    fn last_words(&self) -> String {
        let all = self.diagnostics.lines().rev().map(without_control);
        let last: Vec<String> = all
            .filter(|line| says_something(line))
            .take(LINES)
            .collect();
        let text: Vec<&str> = last.iter().rev().map(String::as_str).collect();
        let text = text.join(" / ");
        let Some(surplus) = text.chars().count().checked_sub(CHARACTERS + 1) else {
            return text;
        };
        // One more, for the dots.
        let kept: String = text.chars().skip(surplus + 2).collect();
        format!("…{kept}")
    }
}

fn without_control(line: &str) -> String {
    let is_odd =
        |character: char| character.is_control() || matches!(character, '\u{2028}'..='\u{202e}');
    let line = line.replace(is_odd, " ");
    line.trim().to_owned()
}

/// YARN puts headings before what it quotes, and a date in front of nothing.
fn says_something(line: &str) -> bool {
    let is_heading =
        line.starts_with("Last ") && line.contains(" bytes of ") && line.ends_with(':');
    let is_date = line.starts_with('[') && line.ends_with(']');
    !(line.is_empty() || is_heading || is_date)
}

impl fmt::Display for ContainerEnd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason())?;
        let words = self.last_words();
        if words.is_empty() {
            return Ok(());
        }
        write!(formatter, ": {words}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn end(exit_status: i32, diagnostics: &str) -> ContainerEnd {
        ContainerEnd {
            exit_status,
            diagnostics: diagnostics.to_owned(),
        }
    }

    #[test]
    fn who_is_to_blame() {
        for code in [-100, -101, -102, -105, -106, -107, -108] {
            assert!(!end(code, "").blames_the_container(), "{code}");
        }
        for code in [0, 1, 137, 143, 255, -103, -104, -109, -1000, -1, -110] {
            assert!(end(code, "").blames_the_container(), "{code}");
        }
    }

    #[test]
    fn ends_are_sentences() {
        let diagnostics = "[2024-05-01 10:00:00.123]Exception from container-launch.\n\
            Container id: container_1_0001_01_000002\nExit code: 1\n\n\
            [2024-05-01 10:00:00.456]Container exited with a non-zero exit code 1. Error file: prelaunch.err.\n\
            Last 4096 bytes of prelaunch.err :\nLast 4096 bytes of stderr :\n\
            Traceback:\n  line 7\nValueError: \x1b[31mno\tmodel\n\n[2024-05-01 10:00:00.789]\n\n";
        let cases = [
            (
                end(1, diagnostics),
                "it ended with exit code 1: Traceback: / line 7 / ValueError:  [31mno model",
            ),
            (end(0, ""), "it ended with exit code 0"),
            (end(137, " \n"), "it ended with exit code 137 (signal 9)"),
            (end(255, ""), "it ended with exit code 255"),
            (
                end(-104, ""),
                "it used more memory than its container has (exit code -104)",
            ),
            (
                end(-100, "Container released on a *lost* node"),
                "its node was lost (-100): Container released on a *lost* node",
            ),
            (
                end(-100, "Container released by application"),
                "it was given back (-100): Container released by application",
            ),
            (end(-7, "?"), "it ended with exit code -7: ?"),
        ];
        for (end, expected) in cases {
            assert_eq!(end.to_string(), expected);
        }
    }

    #[test]
    fn long_last_words_lose_their_beginning() {
        let text = format!("it ended with exit code 1: {}", "é".repeat(600));
        assert_eq!(end(1, &"é".repeat(600)).to_string(), text);
        let long = end(1, &format!("{}end", "é".repeat(5000))).to_string();
        let text = format!("it ended with exit code 1: …{}end", "é".repeat(596));
        assert_eq!(long, text);
    }

    proptest! {
        #[test]
        fn every_end_is_one_short_line(code in -1100..300, diagnostics in "(?s).{0,900}") {
            let text = end(code, &diagnostics).to_string();
            prop_assert!(!text.chars().any(char::is_control), "{text:?}");
            prop_assert!(text.chars().count() < 700);
        }
    }
}
