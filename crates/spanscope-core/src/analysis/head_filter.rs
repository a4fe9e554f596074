//! The heads that are wanted: a line of conditions that must all hold.

use super::role::{Role, has_role};
use super::{HeadRow, Statistic};
use crate::model::HeadId;

/// Which heads are wanted: terms that must all hold, such as `3.2` or `L3H2`, layer 3 as `3` or `L3`, `reach>100 empty<20%`, or a role
/// such as `induction`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HeadFilter {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq)]
enum Term {
    Layer(usize),
    Head(HeadId),
    Above(Statistic, f64),
    Below(Statistic, f64),
    Flagged,
    Role(Role),
    Among(Vec<HeadId>),
    Nothing,
}

/// A word of a filter; `None` where it makes no sense.
fn term(word: &str, selected: &[HeadId]) -> Option<Term> {
    let number = |text: &str| match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().ok().map(|p| p / 100.0),
        None => text.parse().ok(),
    };
    let statistic = Statistic::named;
    if let Some((key, value)) = word.split_once('>') {
        return Some(Term::Above(statistic(key)?, number(value)?));
    }
    if let Some((key, value)) = word.split_once('<') {
        return Some(Term::Below(statistic(key)?, number(value)?));
    }
    match word {
        "flagged" => return Some(Term::Flagged),
        "selected" => return Some(Term::Among(selected.to_vec())),
        _ => {}
    }
    if let Some(role) = Role::named(word) {
        return Some(Term::Role(role));
    }
    if let Ok(head) = word.parse() {
        return Some(Term::Head(head));
    }
    let layer = word.strip_prefix('l').or(word.strip_suffix('.'));
    layer.unwrap_or(word).parse().ok().map(Term::Layer)
}

/// The number that a head is compared by: a reach that nothing ends is above all.
fn number(statistic: Statistic, row: &HeadRow) -> Option<f64> {
    match (statistic, row.span.reach.end()) {
        (Statistic::Reach | Statistic::Span, None) => Some(f64::INFINITY),
        _ => statistic.of(row),
    }
}

impl HeadFilter {
    /// Reads a filter; a term that makes no sense lets nothing through, so that a slip is seen.
    pub fn new(text: &str) -> Self {
        Self::with(text, &[])
    }

    /// As [`new`](Self::new); the word `selected` stands for the heads `selected`.
    pub fn with(text: &str, selected: &[HeadId]) -> Self {
        let words = text.split_whitespace().map(str::to_lowercase);
        let terms = words.map(|word| term(&word, selected).unwrap_or(Term::Nothing));
        Self {
            terms: terms.collect(),
        }
    }

    /// The first word of a filter that makes no sense.
    pub fn slip(text: &str) -> Option<&str> {
        let mut words = text.split_whitespace();
        words.find(|word| term(&word.to_lowercase(), &[]).is_none())
    }

    /// True if it lets all heads through.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// True if a head is wanted.
    pub fn lets(&self, row: &HeadRow) -> bool {
        self.terms.iter().all(|term| match term {
            Term::Layer(layer) => row.span.layer == *layer,
            Term::Head(head) => row.id() == *head,
            Term::Above(statistic, value) => number(*statistic, row).is_some_and(|v| v > *value),
            Term::Below(statistic, value) => number(*statistic, row).is_some_and(|v| v < *value),
            Term::Flagged => row.flag.is_some(),
            Term::Role(role) => has_role(row, *role),
            Term::Among(heads) => heads.contains(&row.id()),
            Term::Nothing => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Shares;
    use crate::model::{Reach, Span};

    fn row(layer: usize, head: usize, reach: usize) -> HeadRow {
        HeadRow {
            span: Span {
                designed: crate::model::architecture::Window::Soft {
                    limit: 8192,
                    ramp: 32.into(),
                },
                first: 0,
                columns: reach,
                layer,
                head,
                span: reach as f32 - 32.0,
                reach: Reach::of(reach),
                kept: reach,
                window: crate::model::architecture::Window::Soft {
                    limit: 8192,
                    ramp: 32.into(),
                },
                nearest: 1,
                open: false,
            },
            shares: Some(Shares {
                context: 0.9,
                persistent: 0.0,
                empty: 0.1,
                sink: 0.0,
            }),
            measure: None,
            flag: None,
            ablated: false,
        }
    }

    #[test]
    fn heads_are_filtered_by_place_and_number() {
        let rows = [row(0, 0, 32), row(2, 1, 200), row(2, 2, 90)];
        let found = |text: &str| {
            let filter = HeadFilter::new(text);
            let all = rows.iter().filter(|row| filter.lets(row));
            all.map(|row| <(usize, usize)>::from(row.id()))
                .collect::<Vec<_>>()
        };
        assert_eq!(found("").len(), 3);
        for layer in ["2", "2.", "L2", "reach>80 l2"] {
            assert_eq!(found(layer), [(2, 1), (2, 2)], "{layer}");
        }
        for head in ["2.1", "L2H1", "l2h1"] {
            assert_eq!(found(head), [(2, 1)], "{head}");
        }
        assert_eq!(found("z<60 empty<20%"), [(0, 0), (2, 2)]);
        // What is not known is neither above nor below.
        assert!(found("bits<9").is_empty());
        assert_eq!(found("induction"), []);
        let chosen = [HeadId::new(2, 1)];
        let filter = HeadFilter::with("selected reach>90", &chosen);
        let all: Vec<HeadId> = rows
            .iter()
            .filter(|row| filter.lets(row))
            .map(HeadRow::id)
            .collect();
        assert_eq!(all, chosen);
        let mut endless = row(3, 0, 200);
        endless.span.reach = Reach::ENDLESS;
        let lets = |text: &str| HeadFilter::new(text).lets(&endless);
        assert!(lets("reach>9999999") && !lets("reach<9999999") && lets("3 z>9999999"));
        assert_eq!(HeadFilter::slip("reach>90 l2 sink L2H1"), None);
        assert_eq!(HeadFilter::slip("reach>x 2"), Some("reach>x"));
        assert!(
            found("3").is_empty() && found("nonsense").is_empty() && found("flagged").is_empty()
        );
    }

    #[test]
    fn sorting_puts_what_is_not_known_last_either_way() {
        let mut rows = [row(0, 0, 32), row(0, 1, 200), row(0, 2, 90)];
        rows[1].shares = None;
        let order = |statistic: Statistic, falling| -> Vec<usize> {
            let sorted = statistic.sort(&rows, falling);
            sorted.iter().map(|row| row.span.head).collect()
        };
        assert_eq!(order(Statistic::Reach, true), [1, 2, 0]);
        assert_eq!(order(Statistic::Empty, true)[2], 1);
        assert_eq!(order(Statistic::Empty, false)[2], 1);
        assert_eq!(order(Statistic::Head, true), [2, 1, 0]);
    }
}
