//! Tables of text in frames, in upstream's form.

use unicode_width::UnicodeWidthStr;

/// What stands under the headers when there is no row.
const EMPTY: &str = "(empty)";

/// The width of the frame between two columns, with its blanks.
const BETWEEN: usize = 3;

/// The signs of a divider: at its left end, along a column, between two columns, at its right end.
struct Divider([char; 4]);

const TOP: Divider = Divider(['╔', '═', '╤', '╗']);
const UNDER_HEADERS: Divider = Divider(['╠', '═', '╪', '╣']);
const BETWEEN_ROWS: Divider = Divider(['╟', '─', '┼', '╢']);
const BOTTOM: Divider = Divider(['╚', '═', '╧', '╝']);
const UNDER_HEADERS_OF_NONE: Divider = Divider(['╠', '═', '╧', '╣']);
const BOTTOM_OF_NONE: Divider = Divider(['╚', '═', '═', '╝']);

/// A table, with a line feed at its end. A cell may have several lines; one that is missing is empty, and one that has no
/// column is left out.
pub(crate) fn table(headers: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = headers.iter().map(|header| width(header)).collect();
    for row in rows {
        for (column, cell) in widths.iter_mut().zip(row) {
            *column = (*column).max(width(cell));
        }
    }
    let inner = widths.iter().sum::<usize>() + BETWEEN * widths.len().saturating_sub(1);
    if rows.is_empty()
        && let Some(last) = widths.last_mut()
    {
        *last += EMPTY.len().saturating_sub(inner);
    }
    let mut out = String::new();
    divide(&mut out, &TOP, &widths);
    write_row(&mut out, headers, &widths);
    if rows.is_empty() {
        divide(&mut out, &UNDER_HEADERS_OF_NONE, &widths);
        write_row(&mut out, &[EMPTY], &[inner.max(EMPTY.len())]);
        divide(&mut out, &BOTTOM_OF_NONE, &widths);
        return out;
    }
    for (number, row) in rows.iter().enumerate() {
        let divider = if number == 0 {
            &UNDER_HEADERS
        } else {
            &BETWEEN_ROWS
        };
        divide(&mut out, divider, &widths);
        write_row(&mut out, row, &widths);
    }
    divide(&mut out, &BOTTOM, &widths);
    out
}

/// The columns on the screen that the widest line takes.
fn width(cell: &str) -> usize {
    cell.lines().map(shown_width).max().unwrap_or(0)
}

fn shown_width(line: &str) -> usize {
    shown(line).width()
}

/// A line of a cell without what would tear the frame: tabulators and other control characters are blanks.
fn shown(line: &str) -> String {
    line.replace(|letter: char| letter.is_control(), " ")
}

fn divide(out: &mut String, divider: &Divider, widths: &[usize]) {
    let Divider([left, along, between, right]) = *divider;
    for (number, width) in widths.iter().enumerate() {
        out.push(if number == 0 { left } else { between });
        out.extend(std::iter::repeat_n(along, width + 2));
    }
    out.push(right);
    out.push('\n');
}

fn write_row(out: &mut String, cells: &[impl AsRef<str>], widths: &[usize]) {
    let height = cells
        .iter()
        .map(|cell| cell.as_ref().lines().count())
        .max()
        .unwrap_or(0)
        .max(1);
    let mut columns: Vec<_> = cells.iter().map(|cell| cell.as_ref().lines()).collect();
    for _ in 0..height {
        for (number, width) in widths.iter().enumerate() {
            let line = columns.get_mut(number).and_then(Iterator::next);
            let line = shown(line.unwrap_or_default());
            out.push(if number == 0 { '║' } else { '│' });
            out.push(' ');
            out.push_str(&line);
            let missing = width.saturating_sub(line.width());
            out.extend(std::iter::repeat_n(' ', missing + 1));
        }
        out.push_str("║\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter()
            .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())
            .collect()
    }

    #[test]
    fn rows_stand_in_a_frame() {
        let expected = "\
╔══════╤════════╗
║ Hi   │ Header ║
╠══════╪════════╣
║ Foo  │ Bar    ║
╟──────┼────────╢
║ Ping │        ║
╚══════╧════════╝
";
        let rows = rows(&[&["Foo", "Bar"], &["Ping"]]);
        assert_eq!(table(&["Hi", "Header"], &rows), expected);
    }

    #[test]
    fn without_rows_it_says_so() {
        let wide = "\
╔══════╤════════╗
║ Test │ Header ║
╠══════╧════════╣
║ (empty)       ║
╚═══════════════╝
";
        assert_eq!(table(&["Test", "Header"], &[]), wide);
        let narrow = "\
╔═══╤═════╗
║ A │ B   ║
╠═══╧═════╣
║ (empty) ║
╚═════════╝
";
        assert_eq!(table(&["A", "B"], &[]), narrow);
    }

    #[test]
    fn lines_wide_letters_and_control_characters_keep_the_frame() {
        let expected = "\
╔═════╤═════╗
║ One │ Two ║
╠═════╪═════╣
║ 日  │ x   ║
║ b c │     ║
╚═════╧═════╝
";
        let rows = rows(&[&["日\nb\tc", "x"]]);
        assert_eq!(table(&["One", "Two"], &rows), expected);
    }
}
