//! The output of commands, on its way to a terminal.

use crate::shown;
use std::io::{IsTerminal, Result, StdoutLock, Write, stdout};

/// Standard output. To a file or a pipe everything goes as it is; of a terminal's control characters only line breaks and tabs
/// pass: texts, tokens and names come from untrusted files, and must not move its cursor or set its title.
pub(super) struct Screen<W> {
    to: W,
    is_terminal: bool,
}

impl Screen<StdoutLock<'static>> {
    /// That of this process.
    pub fn of_process() -> Self {
        let to = stdout().lock();
        Self {
            is_terminal: to.is_terminal(),
            to,
        }
    }
}

impl<W: Write> Write for Screen<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if !self.is_terminal {
            return self.to.write(bytes);
        }
        // Commands write whole characters.
        for chunk in bytes.utf8_chunks() {
            let mut rest = chunk.valid();
            while let Some(at) = rest.find(['\n', '\t']) {
                self.to.write_all(shown::line(&rest[..at]).as_bytes())?;
                self.to.write_all(&rest.as_bytes()[at..=at])?;
                rest = &rest[at + 1..];
            }
            self.to.write_all(shown::line(rest).as_bytes())?;
            if !chunk.invalid().is_empty() {
                self.to.write_all("\u{fffd}".as_bytes())?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(is_terminal: bool, bytes: &[u8]) -> Vec<u8> {
        let mut screen = Screen {
            to: Vec::new(),
            is_terminal,
        };
        screen.write_all(bytes).unwrap();
        screen.to
    }

    #[test]
    fn a_terminal_gets_nothing_that_it_would_obey_and_a_pipe_everything() {
        let bytes = b"a\tb\n\x1b]0;title\x07 \xc2\x9b \xe2\x80\xae\xff\r\xc3\xa9\n";
        assert_eq!(printed(false, bytes), bytes);
        let seen = String::from_utf8(printed(true, bytes)).unwrap();
        let expected = "a\tb\n\\u{1b}]0;title\\u{7} \\u{9b} \\u{202e}\u{fffd}\\ré\n";
        assert_eq!(seen, expected);
    }
}
