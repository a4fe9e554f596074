//! Characters that no bundled font has.

use std::fmt;

/// Most different characters that are named.
const MOST: usize = 5;

/// The characters of a figure's texts that no bundled font has. Each is drawn as its code point, ⟨U+13080⟩.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// The number of them, repetitions included.
    pub count: usize,
    /// The first different ones.
    pub examples: Vec<char>,
}

impl Missing {
    pub(super) fn add(&mut self, characters: &[char]) {
        self.count += characters.len();
        for c in characters {
            if self.examples.len() < MOST && !self.examples.contains(c) {
                self.examples.push(*c);
            }
        }
    }

    /// The first different ones by their code points: "U+13080, U+E000".
    pub fn named(&self) -> String {
        let code = |c: &char| format!("U+{:04X}", u32::from(*c));
        let mut named: Vec<String> = self.examples.iter().map(code).collect();
        if named.len() == MOST && self.count > MOST {
            named.push("…".into());
        }
        named.join(", ")
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => write!(
                f,
                "1 character has no glyph in the bundled fonts and is drawn as its code point: "
            )?,
            n => write!(
                f,
                "{} characters have no glyph in the bundled fonts and are drawn as their code points: ",
                super::thousands(n)
            )?,
        }
        f.write_str(&self.named())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_named_and_all_are_counted() {
        let mut missing = Missing::default();
        assert!(missing.is_empty());
        missing.add(&['\u{13080}']);
        assert!(missing.to_string().ends_with("code point: U+13080"));
        missing.add(&['\u{e000}'; 4000]);
        let said = missing.to_string();
        assert!(
            said.starts_with("4,001 characters") && said.ends_with("U+13080, U+E000"),
            "{said}"
        );
        missing.add(&['a', 'b', 'c', 'd', 'e', 'f']);
        assert!(missing.to_string().ends_with("U+0062, U+0063, …"));
    }
}
