//! The roles of heads: what a head does on a text, each by one number against one threshold.

use super::row_measures::{Estimate, Mean};
use super::survey::{SINK_SHARE, sunk};
use super::{HeadMeasure, HeadRow, Shares};
use serde::{Deserialize, Serialize};

/// What a head does on a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It rests on the first token and its learned sink.
    Sink,
    /// It rests on its persistent vectors.
    Vectors,
    /// It writes next to nothing.
    Inactive,
    /// It attends to what followed the query's token before.
    Induction,
    /// It attends to earlier tokens that are the same as the query.
    Duplicate,
    /// It attends to the previous token.
    Previous,
    /// It attends to the query itself.
    Itself,
    /// It attends to near tokens only, though it could see others.
    Local,
    /// It attends to tokens far away.
    Distant,
    /// It attends to most tokens that it sees alike.
    Broad,
}

/// The least weight on the first token and the learned sink of a [`Role::Sink`].
pub const ROLE_SINK: f64 = SINK_SHARE;

/// The least weight on persistent vectors of a [`Role::Vectors`].
pub const ROLE_VECTORS: f64 = 0.9;

/// The largest output norm of a [`Role::Inactive`] head, in terms of the mean of its layer's heads.
pub const ROLE_NORM: f64 = 0.1;

/// The least weight on repeated tokens of [`Role::Induction`] and [`Role::Duplicate`], over the queries that have any.
pub const ROLE_REPEATED: f64 = 0.3;

/// So many times the weight of a head that attends evenly it must be at least.
pub const ROLE_EVEN: f64 = 3.0;

/// The least weight on one key of [`Role::Previous`] and [`Role::Itself`].
pub const ROLE_ONE_KEY: f64 = 0.5;

/// The farthest distance that holds 99 % of the weight of a [`Role::Local`] head, in tokens; it must see farther.
pub const ROLE_LOCAL: f64 = 16.0;

/// The least [distant mass](Mean::DistantMass) of a [`Role::Distant`] head.
pub const ROLE_DISTANT: f64 = 0.5;

/// The least effective number of keys of a [`Role::Broad`] head, as a share of the keys that queries see.
pub const ROLE_BROAD: f64 = 0.5;

/// Queries that it takes to say what a head does.
pub const ROLE_QUERIES: usize = 64;

impl Role {
    /// All of them; a head that passes several thresholds is called by the first.
    pub const ALL: [Self; 10] = [
        Self::Sink,
        Self::Vectors,
        Self::Inactive,
        Self::Induction,
        Self::Duplicate,
        Self::Previous,
        Self::Itself,
        Self::Local,
        Self::Distant,
        Self::Broad,
    ];

    /// Its name in filters, tables and files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Sink => "sink",
            Self::Vectors => "vectors",
            Self::Inactive => "inactive",
            Self::Induction => "induction",
            Self::Duplicate => "duplicate",
            Self::Previous => "previous",
            Self::Itself => "self",
            Self::Local => "local",
            Self::Distant => "distant",
            Self::Broad => "broad",
        }
    }

    /// The one that is called so.
    pub fn named(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == key)
    }

    /// Its name written out, for figures and tables.
    pub fn words(self) -> &'static str {
        match self {
            Self::Sink => "first token or sink",
            Self::Vectors => "persistent vectors",
            Self::Inactive => "inactive",
            Self::Induction => "induction",
            Self::Duplicate => "duplicate token",
            Self::Previous => "previous token",
            Self::Itself => "query itself",
            Self::Local => "local",
            Self::Distant => "distant",
            Self::Broad => "broad",
        }
    }

    /// Its place in [`ALL`](Self::ALL).
    pub fn index(self) -> usize {
        self as usize
    }

    /// The threshold that its number is held against.
    pub fn threshold(self) -> f64 {
        match self {
            Self::Sink => ROLE_SINK,
            Self::Vectors => ROLE_VECTORS,
            Self::Inactive => ROLE_NORM,
            Self::Induction | Self::Duplicate => ROLE_REPEATED,
            Self::Previous | Self::Itself => ROLE_ONE_KEY,
            Self::Local => ROLE_LOCAL,
            Self::Distant => ROLE_DISTANT,
            Self::Broad => ROLE_BROAD,
        }
    }

    /// True if its number must not be larger than the threshold; else it must not be smaller.
    pub fn is_at_most(self) -> bool {
        matches!(self, Self::Inactive | Self::Local)
    }
}

/// The evidence for or against a role.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    /// The role.
    pub role: Role,
    /// The number that is held against [`Role::threshold`].
    pub value: f64,
    /// Its standard error, where it is a mean of enough of a text.
    pub error: Option<f64>,
    /// The number of a head that attends evenly, where it must be [`ROLE_EVEN`] times as large.
    pub even: Option<f64>,
    /// True if the head has the role.
    pub holds: bool,
}

impl Finding {
    fn of(role: Role, estimate: Estimate, even: Option<f64>) -> Self {
        let Estimate { mean, error } = estimate;
        let passes = match role.is_at_most() {
            true => mean <= role.threshold(),
            false => mean >= role.threshold(),
        };
        Self {
            role,
            value: mean,
            error,
            even,
            holds: passes && even.is_none_or(|even| mean >= ROLE_EVEN * even),
        }
    }

    /// The number with its standard error: `0.91 ± 0.01`, in tokens for [`Role::Local`].
    pub fn number(&self) -> String {
        let digits = if self.role == Role::Local { 0 } else { 2 };
        match self.error {
            Some(error) => format!("{:.digits$} ± {error:.digits$}", self.value),
            None => format!("{:.digits$}", self.value),
        }
    }
}

/// A number without a standard error.
fn plain(mean: f64) -> Estimate {
    Estimate { mean, error: None }
}

/// The evidence on a head for a role; `None` where the number is not there, or too few queries were measured.
pub fn evidence(row: &HeadRow, role: Role) -> Option<Finding> {
    let measure = row.measure.as_ref();
    let measure = measure.filter(|measure| measure.queries >= ROLE_QUERIES)?;
    let mean = |mean: Mean| measure.rows?.mean(mean);
    let sees_itself = row.span.nearest == 0;
    let plainly = |estimate: Estimate| Some(Finding::of(role, estimate, None));
    match role {
        // Where no token sees itself, empty context is what a head rests on.
        Role::Sink if !sees_itself => None,
        Role::Sink => plainly(resting(measure)?),
        Role::Vectors => {
            let share = row.shares.map(|shares: Shares| shares.persistent);
            let share = share.filter(|share| *share > 0.0)?;
            plainly(plain(f64::from(share)))
        }
        Role::Inactive => plainly(mean(Mean::OutputNorm)?),
        Role::Induction => {
            let of = measure.repeats?.induction?;
            Some(Finding::of(role, of.weight, Some(of.even)))
        }
        Role::Duplicate => {
            let of = measure.repeats?.duplicate?;
            Some(Finding::of(role, of.weight, Some(of.even)))
        }
        Role::Previous => plainly(mean(Mean::Previous)?),
        Role::Itself if !sees_itself => None,
        Role::Itself => plainly(mean(Mean::SelfWeight)?),
        Role::Local => {
            let within = measure.rows?.effective[2]? as f64;
            let could = row.span.open || row.span.farthest() as f64 > ROLE_LOCAL;
            could.then(|| Finding::of(role, plain(within), None))
        }
        Role::Distant => plainly(mean(Mean::DistantMass)?),
        Role::Broad => {
            let keys = measure.repeats?.keys;
            let found = mean(Mean::EffectiveKeys)?;
            (keys > 0.0).then(|| {
                let share = Estimate {
                    mean: found.mean / keys,
                    error: found.error.map(|error| error / keys),
                };
                Finding::of(role, share, None)
            })
        }
    }
}

/// The weight on the first token and the learned sink. Errors of both are added: that of a sum is not larger.
fn resting(measure: &HeadMeasure) -> Option<Estimate> {
    let rows = measure.rows?;
    let error = |mean: Mean| rows.mean(mean).and_then(|of| of.error);
    Some(Estimate {
        mean: sunk(measure)?,
        error: error(Mean::Sink).map(|first| first + error(Mean::LearnedSink).unwrap_or(0.0)),
    })
}

/// The evidence on a head for every role that it can be measured for, in the order of [`Role::ALL`].
pub fn battery(row: &HeadRow) -> Vec<Finding> {
    let all = Role::ALL.into_iter();
    all.filter_map(|role| evidence(row, role)).collect()
}

/// The role that a head is called by: the first whose threshold it passes.
pub fn role(row: &HeadRow) -> Option<Role> {
    let mut all = Role::ALL.into_iter();
    all.find(|role| has_role(row, *role))
}

/// True if a head passes the threshold of a role.
pub fn has_role(row: &HeadRow, role: Role) -> bool {
    evidence(row, role).is_some_and(|finding| finding.holds)
}

/// What a head does, in words with the evidence: `previous token 0.91 ± 0.01; 99 % of the weight within 12 tokens`.
pub fn described(row: &HeadRow) -> String {
    let found = battery(row);
    if found.is_empty() {
        return "not measured".into();
    }
    let one = |finding: &Finding| format!("{} {}", finding.role.words(), finding.number());
    let holding = found
        .iter()
        .filter(|finding| finding.holds && finding.role != Role::Local);
    let mut words: Vec<String> = holding.map(one).collect();
    if words.is_empty() && !found.iter().any(|finding| finding.holds) {
        words.push("no role".into());
    }
    if let Some(within) = row.measure.and_then(|measure| measure.rows?.effective[2]) {
        let tokens = thousands(within);
        let unit = if within == 1 { "token" } else { "tokens" };
        words.push(format!("99 % of the weight within {tokens} {unit}"));
    }
    words.join("; ")
}

/// A number with a comma after every three digits.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut words = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

#[cfg(test)]
mod tests;
