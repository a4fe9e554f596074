//! Tokens that are cut out of a text before anything else: special ones, and those that somebody added to a vocabulary.

use super::json::AddedToken;
use aho_corasick::{AhoCorasick, MatchKind};
use std::collections::HashMap;
use std::ops::Range;

/// The most bytes that all of them may have.
const MOST: usize = 16 << 20;

/// The tokens that are looked for.
#[derive(Debug, Default)]
pub(super) struct Added {
    pub(super) tokens: Vec<AddedToken>,
    /// Looked for in the text as it is, and after its normalization.
    raw: Option<Matcher>,
    normalized: Option<Matcher>,
    by_id: HashMap<u32, usize>,
}

#[derive(Debug)]
struct Matcher {
    automaton: AhoCorasick,
    /// Which token each of its patterns is.
    of: Vec<usize>,
}

/// In which text tokens are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Raw,
    Normalized,
}

impl Added {
    /// `normalized` is a token's text as it looks after the normalization.
    ///
    /// # Errors
    /// In words, where there is too much to look for.
    pub(super) fn new(
        tokens: Vec<AddedToken>,
        normalized: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Self, String> {
        let bytes: usize = tokens.iter().map(|token| token.content.len()).sum();
        if bytes > MOST {
            return Err(format!(
                "added tokens of {bytes} bytes, at most {MOST} are read"
            ));
        }
        let of = |is_normalized: bool| -> Vec<usize> {
            let is =
                |token: &AddedToken| token.normalized == is_normalized && !token.content.is_empty();
            (0..tokens.len()).filter(|i| is(&tokens[*i])).collect()
        };
        let raw = of(false);
        let raw = Matcher::new(
            raw.iter().map(|i| tokens[*i].content.clone()).collect(),
            raw,
        )?;
        let later = of(true);
        let texts: Result<Vec<String>, String> = later
            .iter()
            .map(|i| normalized(&tokens[*i].content))
            .collect();
        let normalized = Matcher::new(texts?, later)?;
        let by_id = tokens
            .iter()
            .enumerate()
            .map(|(i, token)| (token.id, i))
            .collect();
        Ok(Self {
            tokens,
            raw,
            normalized,
            by_id,
        })
    }

    pub(super) fn get(&self, id: u32) -> Option<&AddedToken> {
        self.by_id.get(&id).and_then(|i| self.tokens.get(*i))
    }

    /// `text` from its beginning to its end, in such tokens and what lies between them. Without `special`, special ones are text.
    pub(super) fn find(
        &self,
        text: &str,
        look: Look,
        special: bool,
    ) -> Vec<(Range<usize>, Option<u32>)> {
        let matcher = match look {
            Look::Raw => &self.raw,
            Look::Normalized => &self.normalized,
        };
        let mut found = Vec::new();
        let mut before = 0;
        let matches = matcher.iter().flat_map(|matcher| {
            let all = matcher.automaton.find_iter(text);
            all.filter_map(|m| Some((m.range(), *matcher.of.get(m.pattern().as_usize())?)))
        });
        for (mut range, i) in matches {
            let token = &self.tokens[i];
            let is_text = token.special && !special;
            if is_text || range.start < before || (token.single_word && !stands_alone(text, &range))
            {
                continue;
            }
            if token.lstrip {
                range.start = before + text[before..range.start].trim_end().len();
            }
            if token.rstrip {
                let rest = &text[range.end..];
                range.end += rest.len() - rest.trim_start().len();
            }
            if before < range.start {
                found.push((before..range.start, None));
            }
            before = range.end;
            found.push((range, Some(token.id)));
        }
        if before < text.len() {
            found.push((before..text.len(), None));
        }
        found
    }
}

impl Matcher {
    fn new(mut texts: Vec<String>, mut of: Vec<usize>) -> Result<Option<Self>, String> {
        // Nothing is found everywhere: a token that normalization leaves nothing of is not looked for.
        let mut kept = texts.iter().map(|text| !text.is_empty());
        of.retain(|_| kept.next().unwrap_or_default());
        texts.retain(|text| !text.is_empty());
        if texts.is_empty() {
            return Ok(None);
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&texts)
            .map_err(|e| crate::shown::shown_error(&e))?;
        Ok(Some(Self { automaton, of }))
    }
}

fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    !is_word(text[..range.start].chars().next_back()) && !is_word(text[range.end..].chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(id: u32, content: &str) -> AddedToken {
        AddedToken {
            id,
            content: content.into(),
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: false,
        }
    }

    #[test]
    fn tokens_are_cut_out_of_the_text() {
        let mut all = vec![
            token(1, "<s>"),
            token(2, "  "),
            token(3, "   "),
            token(4, "<mask>"),
            token(5, "may"),
            token(6, ""),
        ];
        all[0].special = true;
        (all[3].lstrip, all[3].rstrip) = (true, true);
        all[4].single_word = true;
        let added = Added::new(all, |text| Ok(text.into())).unwrap();
        let find = |text: &str, special| -> Vec<(String, Option<u32>)> {
            let found = added.find(text, Look::Raw, special);
            found
                .into_iter()
                .map(|(range, id)| (text[range].into(), id))
                .collect()
        };
        let is = |text: &str, id: Option<u32>| (text.to_owned(), id);
        assert_eq!(
            find("a<s>b", true),
            [is("a", None), is("<s>", Some(1)), is("b", None)]
        );
        assert_eq!(find("a<s>b", false), [is("a<s>b", None)]);
        assert_eq!(find("    x", true), [is("   ", Some(3)), is(" x", None)]);
        assert_eq!(
            find("a <mask> \nb", true),
            [is("a", None), is(" <mask> \n", Some(4)), is("b", None)]
        );
        assert_eq!(
            find("mayor may", true),
            [is("mayor ", None), is("may", Some(5))]
        );
        assert_eq!(find("", true), []);
        assert!(added.find("<s>", Look::Normalized, true) == [(0..3, None)]);
    }
}
