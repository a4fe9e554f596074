//! Words out of files, made fit for people: short, in one line, and with nothing in them that a terminal would obey.
//!
//! A name, a value or another program's complaint may be as long as the file it comes from, may move the cursor, and may turn
//! the reading direction of what stands beside it. So whatever is put into a message goes through [`shown`], paths through
//! [`shown_path`], and what leaves the program as a line through [`line()`].

use std::fmt::{self, Write as _};
use std::path::Path;

/// Longest part of a name or a value that a message repeats, in characters.
pub const NAME: usize = 80;

/// Longest name in a list, and about how long a list gets, in characters.
const LISTED: usize = 60;

/// Longest part of a path that a message repeats, in characters.
pub const PATH: usize = 200;

/// Longest part of a library's complaint that a message repeats, in characters.
pub const ERROR: usize = 120;

/// Longest reason that a message gives, in characters.
pub const SAID: usize = 300;

/// Longest message, in characters.
pub const MESSAGE: usize = 1000;

/// A name or value out of a file: escaped, and cut in the middle where it is longer than anybody reads.
pub fn shown(text: &str) -> String {
    within(text, NAME)
}

/// A path: as it is but for what would not be seen, and cut in the middle where it is very long.
pub fn shown_path(path: &Path) -> String {
    within(&path.to_string_lossy(), PATH)
}

/// What a library says went wrong: it may repeat what is in a file whole, or go on with a backtrace, which is for programmers.
pub fn shown_error(error: &dyn fmt::Display) -> String {
    let text = error.to_string();
    let words = text.split("\n   0: ").next();
    within(words.unwrap_or(&text).trim_end(), ERROR)
}

/// Some of several names or values, with commas between them: the first, as many as anybody reads.
pub fn shown_list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut list = String::new();
    for text in texts {
        if list.len() > LISTED {
            list.push_str(", …");
            break;
        }
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(&within(text, LISTED));
    }
    list
}

/// What is wrong, in words of ours in which those of a file may stand: for the display of errors.
pub fn said(text: &str) -> String {
    within(text, SAID)
}

/// A whole message: one line, escaped, no longer than [`MESSAGE`], without the system's numbers of errors.
pub fn message(text: &str) -> String {
    match text.contains(OS_ERROR) {
        true => within(&without_numbers(text), MESSAGE),
        false => within(text, MESSAGE),
    }
}

/// What the standard library puts behind the words of a system error, with its number.
const OS_ERROR: &str = " (os error ";

/// The text without the numbers of system errors, which say nothing beside the words.
fn without_numbers(text: &str) -> String {
    let mut parts = text.split(OS_ERROR);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // Windows' words are sentences; here something follows them.
        out.truncate(out.trim_end_matches('.').len());
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
        match rest.strip_prefix(')').filter(|_| rest.len() < part.len()) {
            Some(rest) => {
                let number = &part[..part.len() - rest.len() - 1];
                out.push_str(rest);
                // Where nothing follows, nobody has said what to do.
                if rest.is_empty() {
                    out.push_str(advice(number));
                }
            }
            None => {
                out.push_str(OS_ERROR);
                out.push_str(part);
            }
        }
    }
    out
}

/// What to do about a system error of this number.
fn advice(number: &str) -> &'static str {
    match (number, cfg!(windows)) {
        ("2", _) | ("3", true) => "; check the path",
        ("13", false) | ("5", true) => "; check its permissions",
        ("21", false) => "; give a file",
        ("28", false) | ("112", true) => "; make room on the disk",
        _ => "",
    }
}

/// A line of any length, escaped.
pub fn line(text: &str) -> String {
    within(text, usize::MAX)
}

/// At most `most` characters: the beginning and the end of what is longer, escaped. Of a long text only so much is looked at.
fn within(text: &str, most: usize) -> String {
    let mut head = String::new();
    let mut length = 0;
    // Where the beginning ends, if something must be left out.
    let (mut cut, for_head) = (0, (most / 5).saturating_mul(3));
    for c in text.chars() {
        let before = head.len();
        push(&mut head, c);
        length += head[before..].chars().count();
        if length <= for_head {
            cut = head.len();
        }
        if length > most {
            head.truncate(cut);
            return head + "…" + &tail(text, most - for_head - 1);
        }
    }
    head
}

/// The last `most` characters, escaped.
fn tail(text: &str, most: usize) -> String {
    let mut pieces = Vec::new();
    let mut length = 0;
    for c in text.chars().rev() {
        let mut piece = String::new();
        push(&mut piece, c);
        length += piece.chars().count();
        if length > most {
            break;
        }
        pieces.push(piece);
    }
    pieces.into_iter().rev().collect()
}

/// Adds a character, or what stands for one that is not seen or changes what is seen beside it.
fn push(to: &mut String, c: char) {
    match c {
        '\n' => to.push_str("\\n"),
        '\r' => to.push_str("\\r"),
        '\t' => to.push_str("\\t"),
        _ if is_unseen(c) => {
            // A string takes all that is written.
            let _ = write!(to, "\\u{{{:x}}}", u32::from(c));
        }
        _ => to.push(c),
    }
}

/// True if a character is a control character, one that changes the direction of others, or one without a shape.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// A time for people, in two units at most.
pub fn duration(seconds: f64) -> String {
    let seconds = if seconds.is_finite() {
        seconds as u64
    } else {
        0
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_words_of_system_errors_and_not_their_numbers() {
        let error = std::fs::File::open("/no/such/file").unwrap_err();
        let told = message(&format!("/no/such/file: {error}; check the path"));
        assert!(
            !told.contains("os error") && told.ends_with("; check the path"),
            "{told}"
        );
        assert_eq!(message("a (os error 2) b (os error -5)"), "a b");
        let told = message(&format!("/no/such/file: {error}"));
        assert!(told.ends_with("; check the path"), "{told}");
        assert_eq!(
            message("a (os error of mine) (os error "),
            "a (os error of mine) (os error "
        );
    }

    #[test]
    fn times_are_told_in_two_units() {
        assert_eq!(duration(59.9), "59 s");
        assert_eq!(duration(3599.0), "59 min 59 s");
        assert_eq!(duration(90_000.0), "25 h 0 min");
        assert_eq!(duration(f64::NAN), "0 s");
    }

    #[test]
    fn what_is_short_and_seen_stays_as_it_is() {
        for text in [
            "",
            "layers.0.attn",
            "é 語 言 😀",
            "C:\\models\\a b.pt",
            "\"quoted\"",
        ] {
            assert_eq!(shown(text), text);
            assert_eq!(line(text), text);
        }
        let path = "/home/somebody/".to_owned() + &"folder/".repeat(20) + "model.pt";
        assert_eq!(shown_path(Path::new(&path)), path);
    }

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        assert_eq!(
            shown("a\x1b[31mb\nc\r\td\x7f"),
            "a\\u{1b}[31mb\\nc\\r\\td\\u{7f}"
        );
        assert_eq!(
            shown("\u{202e}gpj.exe\u{2066}\u{9b}"),
            "\\u{202e}gpj.exe\\u{2066}\\u{9b}"
        );
        for unseen in [
            '\0',
            '\u{85}',
            '\u{2028}',
            '\u{2029}',
            '\u{feff}',
            '\u{e0041}',
            '\u{200b}',
        ] {
            assert!(shown(&unseen.to_string()).starts_with("\\u{"), "{unseen:?}");
        }
    }

    #[test]
    fn what_is_long_is_cut_in_the_middle() {
        let long = "b".repeat(1 << 20) + ".weight";
        let name = shown(&long);
        assert_eq!(name.chars().count(), NAME);
        assert!(name.starts_with("bbb") && name.contains('…') && name.ends_with(".weight"));
        // Escapes count as what they are.
        let escapes = shown(&"\x1b".repeat(1000));
        assert!(
            escapes.chars().count() <= NAME && escapes.ends_with("\\u{1b}"),
            "{escapes}"
        );
        assert_eq!(shown(&"é".repeat(NAME)), "é".repeat(NAME));
        assert!(shown(&"é".repeat(NAME + 1)).chars().count() <= NAME);
        assert_eq!(message(&long).chars().count(), MESSAGE);
        assert_eq!(line(&long), long);
    }

    #[test]
    fn backtraces_are_not_told() {
        let error = "shape mismatch\n   0: candle_core::error::Error::bt\n   1: main";
        assert_eq!(shown_error(&error), "shape mismatch");
    }

    #[test]
    fn lists_end_where_nobody_reads_on() {
        assert_eq!(shown_list(["a", "b\n"].into_iter()), "a, b\\n");
        assert_eq!(shown_list([].into_iter()), "");
        let many = vec!["a tensor with a long name"; 1000];
        let list = shown_list(many.into_iter());
        assert!(
            list.ends_with(", …") && list.chars().count() < 2 * LISTED + 5,
            "{list}"
        );
    }
}
