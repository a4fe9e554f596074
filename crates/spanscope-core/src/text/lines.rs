//! Lists of tokens in lines: a token a line, with its id or its count beside it where there are two columns.

use std::collections::HashSet;

use super::encode::{guess_listed_unit, is_special};
use super::vocabulary::{EOS, Unit, byte_of};

/// Longest line of a list, in bytes.
const LONGEST: usize = 1 << 12;

/// The ids that fairseq gives before those of a dict.txt.
const FAIRSEQ: [&str; 4] = ["<s>", "<pad>", "</s>", "<unk>"];

/// From so many lines on, tokens that differ from one another are no text.
pub(super) const MANY: usize = 8;

/// The ending of a fairseq line whose token is there already.
const OVERWRITE: &str = " #fairseq:overwrite";

/// Gathers the lines of a file for as long as they can be a list.
pub(super) struct LineTally {
    lines: Vec<Box<str>>,
    /// The bytes after the last line break.
    rest: Vec<u8>,
    /// An empty line, by its number from 1, that may be the last one.
    empty: Option<usize>,
    limit: usize,
    forms: Forms,
}

/// The forms of list that the lines so far may be.
struct Forms {
    tokens: bool,
    columns: bool,
}

/// A list of tokens.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listing {
    /// The ways to read it, the likelier first.
    pub readings: Vec<Reading>,
    /// True if it can be nothing but a list.
    pub is_certain: bool,
    /// An empty line in it, by its number.
    pub empty: Option<usize>,
}

/// One way to read a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The tokens, by id.
    pub tokens: Vec<String>,
    /// The form of the file in this reading: "a token a line".
    pub how: &'static str,
}

impl Reading {
    /// The unit that one token stands for.
    pub(super) fn unit(&self) -> Unit {
        guess_listed_unit(self.tokens.iter().map(String::as_str))
    }
}

impl LineTally {
    /// A tally that gives up once there are more than `limit` lines.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            lines: Vec::new(),
            rest: Vec::new(),
            empty: None,
            limit,
            forms: Forms {
                tokens: true,
                columns: true,
            },
        }
    }

    /// Reads on.
    pub(super) fn feed(&mut self, chunk: &[u8]) {
        let mut parts = chunk.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            if self.given_up() {
                return;
            }
            self.rest.extend_from_slice(part);
            if self.rest.len() > LONGEST {
                self.give_up();
            } else if parts.peek().is_some() {
                self.end_line();
            }
        }
    }

    fn given_up(&self) -> bool {
        !self.forms.tokens && !self.forms.columns
    }

    fn give_up(&mut self) {
        self.forms = Forms {
            tokens: false,
            columns: false,
        };
        self.lines = Vec::new();
        self.rest = Vec::new();
    }

    fn end_line(&mut self) {
        let rest = std::mem::take(&mut self.rest);
        let line = rest.strip_suffix(b"\r").unwrap_or(&rest);
        let Ok(line) = std::str::from_utf8(line) else {
            return self.give_up();
        };
        if line.is_empty() {
            let number = self.lines.len() + 1;
            self.empty.get_or_insert(number);
            return;
        }
        self.forms.tokens &= is_token(line);
        self.forms.columns &= columns(line).is_some();
        if self.given_up() || self.lines.len() == self.limit {
            return self.give_up();
        }
        self.lines.push(line.into());
    }

    /// The list, if it is one.
    pub(super) fn finish(mut self) -> Option<Listing> {
        if !self.rest.is_empty() && !self.given_up() {
            self.end_line();
        }
        // Empty lines at the end are no tokens.
        let empty = self.empty.filter(|number| *number <= self.lines.len());
        let lines = &self.lines;
        if self.given_up() || lines.len() < 2 {
            return None;
        }
        let listing = match self.forms {
            Forms { tokens: true, .. } => of_tokens(lines),
            _ => of_columns(lines),
        }?;
        // A text may well have empty lines.
        let fits = empty.is_none() || listing.is_certain;
        fits.then_some(Listing { empty, ..listing })
    }
}

/// True if a line is one token: no white space, or nothing but one.
fn is_token(line: &str) -> bool {
    !line.contains(char::is_whitespace) || line.chars().nth(1).is_none()
}

/// A token and a number, or a number and a token.
fn columns(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_suffix(OVERWRITE).unwrap_or(line);
    let (first, second) = line.rsplit_once([' ', '\t'])?;
    let is_pair = is_token(first) && !first.is_empty();
    (is_pair && (number(second).is_some() || number(first).is_some())).then_some((first, second))
}

fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn all_differ<'a>(tokens: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = HashSet::new();
    tokens.into_iter().all(|token| seen.insert(token))
}

fn of_tokens(lines: &[Box<str>]) -> Option<Listing> {
    let tokens = || lines.iter().map(|line| &**line);
    if !all_differ(tokens()) {
        return None;
    }
    let plain = || tokens().filter(|token| *token != EOS && !is_special(token));
    let has_special = plain().count() < lines.len();
    let is_short = plain().all(|token| token.chars().nth(1).is_none())
        || plain().all(|token| byte_of(token).is_some());
    if !has_special && lines.len() < MANY {
        return None;
    }
    Some(Listing {
        readings: vec![Reading {
            tokens: tokens().map(str::to_owned).collect(),
            how: "a token a line",
        }],
        is_certain: has_special || is_short,
        empty: None,
    })
}

fn of_columns(lines: &[Box<str>]) -> Option<Listing> {
    let pairs: Option<Vec<(&str, &str)>> = lines.iter().map(|line| columns(line)).collect();
    let pairs = pairs?;
    let mut readings = Vec::new();
    let mut is_certain = false;
    let by_id = |pairs: &mut dyn Iterator<Item = (&str, &str)>| -> Option<Vec<String>> {
        let mut places = vec![None; lines.len()];
        for (token, id) in pairs {
            let id = usize::try_from(number(id)?).ok()?;
            let place = places.get_mut(id).filter(|place| place.is_none())?;
            *place = Some(token.to_owned());
        }
        places.into_iter().collect()
    };
    let differ = |tokens: &[String]| all_differ(tokens.iter().map(String::as_str));
    let ids = by_id(&mut pairs.iter().copied());
    let ids = ids.or_else(|| by_id(&mut pairs.iter().map(|(a, b)| (*b, *a))));
    if let Some(tokens) = ids.filter(|tokens| differ(tokens)) {
        is_certain |= tokens.len() >= MANY;
        readings.push(Reading {
            tokens,
            how: "tokens with their ids",
        });
    }
    let counts: Option<Vec<u64>> = pairs.iter().map(|(_, count)| number(count)).collect();
    let tokens: Vec<String> = pairs.iter().map(|(token, _)| (*token).to_owned()).collect();
    if let Some(counts) = counts.filter(|_| differ(&tokens)) {
        let falls = counts.is_sorted_by(|a, b| a >= b);
        let large = counts.iter().any(|count| *count > 255);
        let has_special = tokens.iter().any(|token| is_special(token));
        is_certain |= (falls && (large || tokens.len() >= MANY)) || has_special;
        let before = FAIRSEQ.map(str::to_owned).into_iter();
        let all: Vec<String> = before.chain(tokens.iter().cloned()).collect();
        if differ(&all) {
            readings.push(Reading {
                tokens: all,
                how: "a dict.txt of fairseq, after <s>, <pad>, </s> and <unk>",
            });
        }
        readings.push(Reading {
            tokens,
            how: "tokens with their counts, as they are listed",
        });
    }
    (!readings.is_empty()).then_some(Listing {
        readings,
        is_certain,
        empty: None,
    })
}

/// True if a list has no token for the end of a line.
pub(super) fn lacks_eos(tokens: &[String]) -> bool {
    !tokens.iter().any(|token| token == EOS || token == "</s>")
}
