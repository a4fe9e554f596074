//! Classes of characters, and which of them a pattern can reach across: what makes a place in a text a safe one.
//!
//! A pattern's matches are found one after the other from the left. Where no match can hold both the character before a place
//! and the one after it, nothing before the place depends on what follows it, nor the other way round. Which pairs of neighbours a
//! pattern can match (or look ahead at) follows from its expression: the pairs of leaves that may stand next to each other.

use fancy_regex::{Expr, LookAround};
use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange, HirKind};
use std::sync::LazyLock;

/// The number of classes.
pub(super) const CLASSES: usize = 6;

const LETTER: usize = 0;
const NUMBER: usize = 1;
const SPACE: usize = 2;
const NEWLINE: usize = 3;
const WHITE: usize = 4;
/// Neither letter nor number nor white space.
pub(super) const OTHER: usize = 5;

/// A set of classes, one bit each.
type Set = u8;

/// For each class, which ones a match may have after it.
pub(super) type Crossing = [Set; CLASSES];

/// The characters of the classes, as the patterns' own library knows them.
static MEMBERS: LazyLock<[ClassUnicode; CLASSES]> = LazyLock::new(|| {
    let of = |pattern: &str| class_of_pattern(pattern).unwrap_or_else(ClassUnicode::empty);
    [
        of(r"\p{L}"),
        of(r"\p{N}"),
        of(" "),
        of(r"[\r\n]"),
        of(r"[\s--[ \r\n]]"),
        of(r"[^\s\p{L}\p{N}]"),
    ]
});

/// The one class that a character belongs to.
pub(super) fn class_of(c: char) -> usize {
    match c {
        ' ' => SPACE,
        '\r' | '\n' => NEWLINE,
        'a'..='z' | 'A'..='Z' => LETTER,
        '0'..='9' => NUMBER,
        _ => [LETTER, NUMBER, WHITE]
            .into_iter()
            .find(|class| holds(&MEMBERS[*class], c))
            .unwrap_or(OTHER),
    }
}

/// True if a character is a letter (`\p{L}`).
pub(super) fn is_letter(c: char) -> bool {
    class_of(c) == LETTER
}

fn holds(class: &ClassUnicode, c: char) -> bool {
    let ranges = class.ranges();
    let at = ranges.partition_point(|range| range.end() < c);
    ranges.get(at).is_some_and(|range| range.start() <= c)
}

/// The characters that a pattern of one character matches; `None` where it is of another kind.
fn class_of_pattern(pattern: &str) -> Option<ClassUnicode> {
    let hir = regex_syntax::parse(pattern).ok()?;
    match hir.kind() {
        HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => Some(class.clone()),
        HirKind::Literal(literal) => {
            let mut chars = std::str::from_utf8(&literal.0).ok()?.chars();
            let c = chars.next()?;
            let range = ClassUnicodeRange::new(c, c);
            chars.next().is_none().then(|| ClassUnicode::new([range]))
        }
        _ => None,
    }
}

fn set_of(class: &ClassUnicode) -> Set {
    let mut set = 0;
    for (bit, members) in MEMBERS.iter().enumerate() {
        let mut both = class.clone();
        both.intersect(members);
        if !both.ranges().is_empty() {
            set |= 1 << bit;
        }
    }
    set
}

/// Which classes can stand next to each other within a match of `pattern`, or within what it looks ahead at. `None` where a match
/// may depend on more than that: on what stands before it, on the ends of the text, or on what was matched earlier.
pub(super) fn crossing(pattern: &str) -> Option<Crossing> {
    let tree = fancy_regex::Expr::parse_tree(pattern).ok()?;
    let mut crossing = [0; CLASSES];
    walk(&tree.expr, &mut crossing, 0)?;
    Some(crossing)
}

/// The characters that a part of a pattern may begin and end with, and whether it may match nothing.
struct Ends {
    empty: bool,
    first: Set,
    last: Set,
}

const NOTHING: Ends = Ends {
    empty: true,
    first: 0,
    last: 0,
};

/// Patterns nested deeper are taken for ones that depend on anything.
const DEEPEST: usize = 100;

fn join(before: Set, after: Set, crossing: &mut Crossing) {
    for (class, follows) in crossing.iter_mut().enumerate() {
        if before & (1 << class) != 0 {
            *follows |= after;
        }
    }
}

fn concat(a: Ends, b: &Ends, crossing: &mut Crossing) -> Ends {
    join(a.last, b.first, crossing);
    Ends {
        empty: a.empty && b.empty,
        first: if a.empty { a.first | b.first } else { a.first },
        last: if b.empty { a.last | b.last } else { b.last },
    }
}

fn leaf(pattern: &str, ignore_case: bool) -> Option<Ends> {
    let pattern = match ignore_case {
        true => format!("(?i:{pattern})"),
        false => pattern.to_owned(),
    };
    let set = set_of(&class_of_pattern(&pattern)?);
    Some(Ends {
        empty: false,
        first: set,
        last: set,
    })
}

fn walk(expr: &Expr, crossing: &mut Crossing, depth: usize) -> Option<Ends> {
    if depth > DEEPEST {
        return None;
    }
    let depth = depth + 1;
    match expr {
        Expr::Empty => Some(NOTHING),
        Expr::Any { .. } => Some(Ends {
            empty: false,
            first: (1 << CLASSES) - 1,
            last: (1 << CLASSES) - 1,
        }),
        Expr::Literal { val, casei } => {
            let mut ends = NOTHING;
            for c in val.chars() {
                let escaped = regex_syntax::escape(c.encode_utf8(&mut [0; 4]));
                ends = concat(ends, &leaf(&escaped, *casei)?, crossing);
            }
            Some(ends)
        }
        Expr::Delegate { inner, casei, .. } => leaf(inner, *casei),
        Expr::Concat(parts) => {
            let mut ends = NOTHING;
            for part in parts {
                let part = walk(part, crossing, depth)?;
                ends = concat(ends, &part, crossing);
            }
            Some(ends)
        }
        Expr::Alt(parts) => {
            let mut ends = Ends {
                empty: false,
                ..NOTHING
            };
            for part in parts {
                let part = walk(part, crossing, depth)?;
                ends.empty |= part.empty;
                ends.first |= part.first;
                ends.last |= part.last;
            }
            Some(ends)
        }
        Expr::Group(inner) | Expr::AtomicGroup(inner) => walk(inner, crossing, depth),
        Expr::Repeat { child, lo, hi, .. } => {
            let mut ends = walk(child, crossing, depth)?;
            if *hi > 1 {
                join(ends.last, ends.first, crossing);
            }
            ends.empty |= *lo == 0;
            Some(ends)
        }
        // What is looked at counts as reached; the match itself goes on from where it was.
        Expr::LookAround(inner, LookAround::LookAhead | LookAround::LookAheadNeg) => {
            let ahead = walk(inner, crossing, depth)?;
            Some(Ends {
                empty: true,
                first: ahead.first,
                last: 0,
            })
        }
        _ => None,
    }
}

/// True if a pattern's match may hold `before` and `after` next to each other.
pub(super) fn crosses(crossing: &Crossing, before: usize, after: usize) -> bool {
    crossing
        .get(before)
        .is_none_or(|follows| follows & (1 << after) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_one_class() {
        for (c, class) in [
            ('é', LETTER),
            ('語', LETTER),
            ('٣', NUMBER),
            ('½', NUMBER),
            (' ', SPACE),
            ('\n', NEWLINE),
            ('\t', WHITE),
            ('\u{a0}', WHITE),
            ('\u{301}', OTHER),
            ('\u{1f642}', OTHER),
            ('_', OTHER),
        ] {
            assert_eq!(class_of(c), class, "{c:?}");
            let members: Vec<usize> = (0..CLASSES).filter(|i| holds(&MEMBERS[*i], c)).collect();
            assert_eq!(members, [class], "{c:?}");
        }
    }

    #[test]
    fn what_a_pattern_reaches_across_is_known() {
        let gpt2 = crossing(super::super::gguf_names::GPT2).unwrap();
        for before in [LETTER, NUMBER, OTHER] {
            for after in [SPACE, NEWLINE, WHITE] {
                assert!(!crosses(&gpt2, before, after));
            }
            assert!(crosses(&gpt2, SPACE, before));
        }
        assert!(!crosses(&gpt2, LETTER, OTHER) && crosses(&gpt2, OTHER, LETTER));
        let llama3 = crossing(super::super::gguf_names::LLAMA3).unwrap();
        assert!(crosses(&llama3, OTHER, NEWLINE) && !crosses(&llama3, LETTER, NEWLINE));
        assert!(!crosses(&llama3, OTHER, SPACE));
        for unknown in [r"\bword", r"(?<=a)b", r"a$", r"^a", r"(a)\1", "("] {
            assert!(crossing(unknown).is_none(), "{unknown}");
        }
    }
}
