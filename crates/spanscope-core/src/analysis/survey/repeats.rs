//! Weight on repeated tokens, of the queries that have any, against that of a head that attends evenly.

use crate::analysis::row_measures::{Estimate, Mean, RowMeasures, Seen, ratio};

/// The weight on keys that some queries have and others lack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repeated {
    /// Queries that have such keys within reach.
    pub queries: u64,
    /// Their mean weight on those keys.
    pub weight: Estimate,
    /// The same of a head that attends evenly to all tokens within its reach.
    pub even: f64,
}

/// What a head does where a token comes again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repeats {
    /// The weight on earlier tokens that are the same as the query; `None` where no query has one.
    pub duplicate: Option<Repeated>,
    /// The weight on tokens that follow earlier ones that are the same as the query; `None` where no query has one.
    pub induction: Option<Repeated>,
    /// Tokens of the text that a query sees, in the mean.
    pub keys: f64,
}

/// A sum over the queries that have certain keys.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Part {
    queries: u64,
    weight: f64,
    even: f64,
}

impl Part {
    fn add_row(&mut self, weight: f64, keys: usize, all: usize) {
        if keys > 0 {
            self.queries += 1;
            self.weight += weight;
            self.even += keys as f64 / all.max(1) as f64;
        }
    }

    fn add(&mut self, other: &Self) {
        self.queries += other.queries;
        self.weight += other.weight;
        self.even += other.even;
    }
}

/// The sums of some queries that [`Repeats`] follow from.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct RepeatSums {
    duplicate: Part,
    induction: Part,
    queries: u64,
    keys: u64,
}

impl RepeatSums {
    /// Adds a query.
    pub fn add_row(&mut self, row: &RowMeasures) {
        let Seen { keys, same, after } = row.seen;
        let weight = |mean: Mean| row.means[mean.index()];
        self.duplicate.add_row(weight(Mean::Duplicate), same, keys);
        self.induction.add_row(weight(Mean::Induction), after, keys);
        self.queries += 1;
        self.keys += keys as u64;
    }

    /// Adds those of later queries.
    pub fn add(&mut self, other: &Self) {
        self.duplicate.add(&other.duplicate);
        self.induction.add(&other.induction);
        self.queries += other.queries;
        self.keys += other.keys;
    }
}

/// What follows from the sums of `pieces`; `None` without queries.
pub(super) fn of<'a>(pieces: impl Iterator<Item = &'a RepeatSums> + Clone) -> Option<Repeats> {
    let mut all = RepeatSums::default();
    pieces.clone().for_each(|piece| all.add(piece));
    let repeated = |part: fn(&RepeatSums) -> &Part| {
        let sum = part(&all);
        let parts = pieces.clone().map(part);
        Some(Repeated {
            queries: sum.queries,
            weight: ratio(parts.map(|of| (of.queries as f64, of.weight)))?,
            even: sum.even / sum.queries as f64,
        })
    };
    (all.queries > 0).then(|| Repeats {
        duplicate: repeated(|of| &of.duplicate),
        induction: repeated(|of| &of.induction),
        keys: all.keys as f64 / all.queries as f64,
    })
}
