//! The rank of a name for what was typed: words before scattered letters.

use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// A word of the query is a whole word of the name.
const WHOLE: u32 = 6;

/// A word of the name begins with it.
const START: u32 = 5;

/// A word of the other names begins with it.
const ELSEWHERE: u32 = 4;

/// It stands in the middle of a word.
const MIDDLE: u32 = 2;

/// Its letters are there in their order.
const SCATTERED: u32 = 1;

/// How well a name answers a query.
#[derive(Debug, Clone, Default)]
pub struct Rank {
    /// The query is the name.
    pub exact: bool,
    /// Every word of the query begins a word of the names.
    pub strong: bool,
    /// The sum over the words of the query.
    pub quality: u32,
    /// The closeness of the letters, for names that are alike otherwise.
    pub score: u32,
    /// Characters of the title that were searched for, in rising order.
    pub marked: Vec<u32>,
}

/// A query, taken apart.
pub struct Query {
    whole: String,
    words: Vec<Vec<char>>,
    in_order: Atom,
    scattered: Pattern,
    matcher: Matcher,
}

impl Query {
    /// The query that was typed.
    pub fn new(typed: &str) -> Self {
        let (case, normal) = (CaseMatching::Ignore, Normalization::Smart);
        let whole = typed.trim().to_lowercase();
        let words: Vec<Vec<char>> = whole
            .split_whitespace()
            .map(|word| word.chars().collect())
            .collect();
        let mut scattered = Pattern::default();
        // A number is meant as it stands: "12" is not in 1,024.
        scattered.atoms = whole
            .split_whitespace()
            .map(|word| {
                let kind = match word.parse::<f32>() {
                    Ok(_) => AtomKind::Substring,
                    Err(_) => AtomKind::Fuzzy,
                };
                Atom::new(word, case, normal, kind, false)
            })
            .collect();
        Self {
            in_order: Atom::new(&whole, case, normal, AtomKind::Fuzzy, false),
            whole,
            words,
            scattered,
            matcher: Matcher::new(Config::DEFAULT),
        }
    }

    /// The rank of `title`, which has `other` names, a line each; `None` where some word is in neither.
    pub fn rank(&mut self, title: &str, other: &str) -> Option<Rank> {
        let (title_chars, other_chars) = (lower(title), lower(other));
        let mut rank = Rank {
            exact: title.to_lowercase() == self.whole
                || other.lines().any(|line| line.to_lowercase() == self.whole),
            strong: true,
            ..Rank::default()
        };
        for (i, word) in self.words.iter().enumerate() {
            let (quality, at) = contiguous(&title_chars, word);
            let (elsewhere, _) = contiguous(&other_chars, word);
            if quality >= START || (quality > 0 && elsewhere < START) {
                rank.quality += quality;
                rank.strong &= quality >= START;
                rank.marked.extend((at..at + word.len()).map(|c| c as u32));
            } else if elsewhere >= START {
                rank.quality += ELSEWHERE;
            } else {
                let mut buffer = Vec::new();
                let text = Utf32Str::new(title, &mut buffer);
                let atom = self.scattered.atoms.get(i)?;
                atom.indices(text, &mut self.matcher, &mut rank.marked)?;
                rank.quality += SCATTERED;
                rank.strong = false;
            }
        }
        let mut buffer = Vec::new();
        let text = Utf32Str::new(title, &mut buffer);
        let words = self.scattered.score(text, &mut self.matcher);
        let in_order = self.in_order.score(text, &mut self.matcher);
        rank.score = words.unwrap_or(0) + in_order.map_or(0, u32::from);
        rank.marked.sort_unstable();
        rank.marked.dedup();
        Some(rank)
    }
}

/// The characters in small letters, one for one.
fn lower(text: &str) -> Vec<(char, char)> {
    text.chars()
        .map(|c| (c, c.to_lowercase().next().unwrap_or(c)))
        .collect()
}

/// The best place of `word` as it stands in `text`, and its quality: 0 where it is not there.
fn contiguous(text: &[(char, char)], word: &[char]) -> (u32, usize) {
    let places = text.windows(word.len().max(1)).enumerate();
    let found = places.filter(|(_, part)| part.iter().map(|(_, c)| c).eq(word));
    let graded = found.map(|(at, _)| {
        let starts = is_edge(text, at);
        let ends = is_edge(text, at + word.len());
        match (starts, ends) {
            (true, true) => (WHOLE, at),
            (true, false) => (START, at),
            (false, _) => (MIDDLE, at),
        }
    });
    // The first of equals.
    graded
        .rev()
        .max_by_key(|(quality, _)| *quality)
        .unwrap_or((0, 0))
}

/// True if a word begins or ends before the character at `at`.
fn is_edge(text: &[(char, char)], at: usize) -> bool {
    let (Some((before, _)), Some((after, _))) =
        (at.checked_sub(1).and_then(|i| text.get(i)), text.get(at))
    else {
        return true;
    };
    // Scripts without spaces: every character can begin a word.
    let is_ideograph = |c: char| ('\u{2e80}'..='\u{d7ff}').contains(&c) || c > '\u{1ffff}';
    !before.is_alphanumeric()
        || !after.is_alphanumeric()
        || is_ideograph(*before)
        || is_ideograph(*after)
        || before.is_numeric() != after.is_numeric()
        || (before.is_lowercase() && after.is_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quality(title: &str, query: &str) -> u32 {
        let rank = Query::new(query).rank(title, "");
        rank.map_or(0, |rank| rank.quality)
    }

    #[test]
    fn whole_words_come_before_beginnings_and_these_before_letters() {
        assert_eq!(quality("Export span chart…", "span"), WHOLE);
        assert_eq!(quality("Export span chart…", "exp"), START);
        assert_eq!(quality("Export span chart…", "port"), MIDDLE);
        assert_eq!(quality("Export span chart…", "esc"), SCATTERED);
        assert_eq!(quality("Export span chart…", "xyz"), 0);
        // Words change where letters and numbers do, at capitals, and at every ideograph.
        assert_eq!(quality("/data/enwik8.pt", "enwik"), WHOLE);
        assert_eq!(quality("trainRun", "run"), WHOLE);
        assert_eq!(quality("选择词表…", "词表"), WHOLE);
        assert_eq!(quality("Up to 1,024", "12"), 0);
    }

    #[test]
    fn what_was_searched_for_is_marked_where_it_stands() {
        let rank = Query::new("lay sel")
            .rank("Select whole layer", "")
            .unwrap();
        assert_eq!(rank.marked, [0, 1, 2, 13, 14, 15]);
        assert!(rank.strong && !rank.exact);
        let rank = Query::new("silence")
            .rank("Ablate heads", "zero silence\nmask")
            .unwrap();
        assert!(rank.strong && rank.marked.is_empty());
    }
}
