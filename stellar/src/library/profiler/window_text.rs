//! The small part of English in which windows are described:
//! `[width [window] [every interval]] [from interval [ago] [to interval [ago]]] [including days] [excluding days]`.

use super::period::in_milliseconds;
use super::window::{Day, Window};
use crate::library::date::read_time;

/// Reads the description of a window.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &str) -> Result<Window, String> {
    let mut words = Words {
        words: split(text)?,
        at: 0,
    };
    let window = words.window()?;
    match words.next() {
        None => Ok(window),
        Some(word) => Err(format!("`{word}` is not expected there")),
    }
}

/// Numbers, words, commas, and what follows a colon together with it. All in lower case but the last.
fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_part: fn(char) -> bool = match first {
            '0'..='9' => |c| c.is_ascii_digit(),
            ':' => |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/'),
            ',' => |_| false,
            'a'..='z' | 'A'..='Z' => |c| c.is_ascii_alphabetic() || matches!(c, '(' | ')'),
            _ => return Err(format!("`{}` has no meaning", first.escape_debug())),
        };
        let behind = rest.get(1..).unwrap_or_default();
        let length = 1 + behind.find(|c| !is_part(c)).unwrap_or(behind.len());
        let (word, left) = rest.split_at(length);
        words.push(match first {
            ':' => word.to_owned(),
            _ => word.to_ascii_lowercase(),
        });
        rest = left.trim_start();
    }
    Ok(words)
}

struct Words {
    words: Vec<String>,
    at: usize,
}

impl Words {
    fn peek(&self) -> &str {
        self.words.get(self.at).map_or("", |word| word)
    }

    fn next(&mut self) -> Option<String> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word
    }

    /// Takes these words when they come next.
    fn take(&mut self, wanted: &[&str]) -> bool {
        let coming = self.words.iter().skip(self.at).map(String::as_str);
        let comes = wanted.iter().copied().eq(coming.take(wanted.len()));
        if comes {
            self.at += wanted.len();
        }
        comes
    }

    /// Takes the first of several phrases that comes next.
    fn take_any(&mut self, phrases: &[&[&str]]) -> bool {
        phrases.iter().any(|phrase| self.take(phrase))
    }

    fn window(&mut self) -> Result<Window, String> {
        let mut window = Window {
            from: 0,
            to: 0,
            width: None,
            every: None,
            including: Vec::new(),
            excluding: Vec::new(),
        };
        if self.duration(&mut window)? {
            return Ok(window);
        }
        let width = self.interval()?;
        window.width = Some(width);
        window.from = width;
        self.take_any(&[&["window"], &["windows"]]);
        if self.take_any(&[&["every"], &["for", "every"]]) {
            window.every = Some(self.interval()?);
            if !self.duration(&mut window)? {
                return Err("`from` is missing: since when?".to_owned());
            }
        }
        if self.take_any(&[&["include"], &["includes"], &["including"]]) {
            window.including = self.days()?;
        }
        if self.take_any(&[&["exclude"], &["excludes"], &["excluding"]]) {
            window.excluding = self.days()?;
        }
        Ok(window)
    }

    /// `from 2 hours ago to 1 hour ago`; false when it does not come next.
    fn duration(&mut self, window: &mut Window) -> Result<bool, String> {
        if !self.take_any(&[&["from"], &["starting", "from"]]) {
            return Ok(false);
        }
        let first = self.interval()?;
        self.take(&["ago"]);
        let mut second = 0;
        if self.take_any(&[&["to"], &["until"]]) {
            second = self.interval()?;
            self.take(&["ago"]);
        }
        window.from = first.max(second);
        window.to = first.min(second);
        Ok(true)
    }

    /// `15 minutes`, in milliseconds.
    fn interval(&mut self) -> Result<i64, String> {
        let amount = self.next().unwrap_or_default();
        let number = amount.parse::<i64>().ok().filter(|number| *number > 0);
        let Some(number) = number else {
            return Err(format!("`{amount}` is not a number above 0"));
        };
        let unit = self.next().unwrap_or_default();
        let bare = unit.strip_suffix("(s)").or_else(|| unit.strip_suffix('s'));
        let name = match bare.unwrap_or(&unit) {
            "second" => "SECONDS",
            "minute" => "MINUTES",
            "hour" => "HOURS",
            "day" => "DAYS",
            _ => return Err(format!("`{unit}` is not a unit of time such as `hours`")),
        };
        in_milliseconds(number, name).ok_or_else(|| format!("`{unit}` is not a unit of time"))
    }

    fn days(&mut self) -> Result<Vec<Day>, String> {
        let mut days = vec![self.day()?];
        while self.take(&[","]) {
            days.push(self.day()?);
        }
        Ok(days)
    }

    fn day(&mut self) -> Result<Day, String> {
        let same = self.take_any(&[
            &["this", "day", "of", "the", "week"],
            &["this", "day", "of", "week"],
            &["current", "day", "of", "the", "week"],
            &["current", "day", "of", "week"],
        ]);
        if same {
            return Ok(Day::SameOfWeek);
        }
        let word = self.next().unwrap_or_default();
        Ok(match word.strip_suffix('s').unwrap_or(&word) {
            "sunday" => Day::OfWeek(0),
            "monday" => Day::OfWeek(1),
            "tuesday" => Day::OfWeek(2),
            "wednesday" => Day::OfWeek(3),
            "thursday" => Day::OfWeek(4),
            "friday" => Day::OfWeek(5),
            "saturday" => Day::OfWeek(6),
            "weekday" => Day::Weekday,
            "weekend" => Day::Weekend,
            "date" => return self.date(),
            "holiday" => return Err("the holidays of countries are not known here".to_owned()),
            _ => return Err(format!("`{word}` names no days")),
        })
    }

    /// `:2019/12/25`, or `:25.12.2019:dd.MM.yyyy`.
    fn date(&mut self) -> Result<Day, String> {
        let date = self
            .argument()
            .ok_or("`date` needs a date: `date:2019/12/25`")?;
        let format = self.argument();
        let format = format.as_deref().unwrap_or("yyyy/MM/dd");
        match read_time(&date, format)? {
            Some(time) => Ok(Day::Date(time)),
            None => Err(format!("`{date}` is not a date such as `{format}`")),
        }
    }

    fn argument(&mut self) -> Option<String> {
        let argument = self.peek().strip_prefix(':')?.to_owned();
        self.at += 1;
        Some(argument)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 60 * 60 * 1_000;
    /// Tuesday, 15 October 2019, 18:20:20 UTC.
    const NOW: i64 = 1_571_163_620_277;

    fn beginnings(text: &str) -> Vec<i64> {
        let (beginnings, _) = parse(text).unwrap().intervals(NOW).unwrap();
        beginnings
            .into_iter()
            .map(|left| (NOW - left) / HOUR)
            .collect()
    }

    #[test]
    fn windows_are_read() {
        assert_eq!(beginnings("1 hour"), [1]);
        assert_eq!(beginnings("from 3 hours ago to 1 hour ago"), [3]);
        assert_eq!(beginnings("FROM 1 HOUR AGO UNTIL 3 HOUR(S)"), [3]);
        assert_eq!(
            beginnings("30minutes window every 1 hour starting from 3 hours"),
            [3, 2, 1]
        );
        let week = "1 hour windows for every 24 hours from 7 days ago";
        assert_eq!(beginnings(week), [168, 144, 120, 96, 72, 48, 24]);
        assert_eq!(
            beginnings(&format!("{week} including this day of the week")),
            [168]
        );
        assert_eq!(
            beginnings(&format!("{week} including weekends, mondays")),
            [72, 48, 24]
        );
        assert_eq!(
            beginnings(&format!(
                "{week} including weekdays excluding friday, date:2019/10/14"
            )),
            [168, 144, 120]
        );
        assert_eq!(
            beginnings(&format!("{week} including date:12.10.2019:dd.MM.yyyy")),
            [72]
        );
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for text in [
            "",
            "1",
            "hour",
            "0 hours",
            "1 fortnight",
            "1 hour every 2 hours",
            "1 hour including",
            "1 hour including funday",
            "1 hour including monday,",
            "1 hour including holidays:us",
            "1 hour including date",
            "1 hour including date:x",
            "1 hour including date:2019:foo",
            "from 1 hour ago and more",
            "from 1 hour ago including mondays",
            "1 hour; 2 hours",
            "99999999999999999999 hours",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(
            parse("1 second every 1 second from 10 days")
                .unwrap()
                .intervals(NOW)
                .is_none()
        );
    }
}
