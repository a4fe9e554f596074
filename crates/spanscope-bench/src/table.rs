//! The table that a person reads, and its rows as scripts get them.

use super::series::Series;
use serde::{Deserialize, Serialize};
use spanscope_chart::thousands;

/// The bar that a figure is held against.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// Larger is better.
    AtLeast(f64),
    /// Smaller is better.
    AtMost(f64),
}

/// Which of several measurements is the figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The one in the middle.
    Median,
    /// The smallest.
    Least,
    /// The largest.
    Most,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// A name for scripts.
    pub id: String,
    /// The subject of the measurement, in words; rows of one group stand together.
    pub group: String,
    /// The quantity measured, in words.
    pub what: String,
    /// The figure.
    pub value: f64,
    /// `tokens/s`, `GFLOP/s`, `MFLOP`, `ms`, `bytes`, or what a quotient is a multiple of.
    pub unit: String,
    /// Which of the measurements it is.
    pub pick: Pick,
    /// The measurements, in the order they were made.
    pub measured: Vec<f64>,
    /// The bar, if there is one for this size and setting.
    pub bar: Option<Bar>,
    /// True if the figure meets it.
    pub met: Option<bool>,
}

impl Row {
    /// The median of a series.
    pub(super) fn new(id: &str, what: impl Into<String>, unit: &str, series: &Series) -> Self {
        let row = Self {
            id: id.into(),
            group: String::new(),
            what: what.into(),
            value: 0.0,
            unit: unit.into(),
            pick: Pick::Median,
            measured: series.values().to_vec(),
            bar: None,
            met: None,
        };
        row.judged()
    }

    /// A figure that is there once.
    pub(super) fn single(id: &str, what: impl Into<String>, unit: &str, value: f64) -> Self {
        Self::new(id, what, unit, &[value].into_iter().collect())
    }

    /// Another measurement in place of the median.
    pub(super) fn pick(self, pick: Pick) -> Self {
        Self { pick, ..self }.judged()
    }

    /// Held against a bar, where it applies.
    pub(super) fn bar(self, bar: Bar, applies: bool) -> Self {
        let bar = applies.then_some(bar);
        Self { bar, ..self }.judged()
    }

    /// With the measurements of the same row from another process.
    pub fn and(mut self, other: &Self) -> Self {
        self.measured.extend(&other.measured);
        self.judged()
    }

    /// Figure and verdict as they follow from the measurements.
    fn judged(mut self) -> Self {
        let series = self.series();
        self.value = match self.pick {
            Pick::Median => series.median(),
            Pick::Least => series.least(),
            Pick::Most => series.most(),
        };
        self.met = self.bar.map(|bar| match bar {
            Bar::AtLeast(least) => self.value >= least,
            Bar::AtMost(most) => self.value <= most,
        });
        self
    }

    fn series(&self) -> Series {
        self.measured.iter().copied().collect()
    }
}

/// The rows under a title, with names that begin with `prefix`.
pub(super) fn group(title: &str, prefix: &str, rows: Vec<Row>) -> Vec<Row> {
    let grouped = rows.into_iter().map(|row| Row {
        id: format!("{prefix}{}", row.id),
        group: title.into(),
        ..row
    });
    grouped.collect()
}

/// The rows as a table of plain text.
pub fn table(rows: &[Row]) -> String {
    let wide = rows.iter().map(|row| row.what.chars().count()).max();
    let wide = wide.unwrap_or(0);
    let mut text = format!(
        "{:wide$}    {:>9}  {:<9} {:>9} {:>9}  {:>9}  met\n",
        "", "measured", "", "least", "most", "bar"
    );
    let mut group = "";
    for row in rows {
        if row.group != group {
            group = &row.group;
            text.push_str(group);
            text.push('\n');
        }
        let bar = match row.bar {
            Some(Bar::AtLeast(bar)) => format!("≥ {}", number(bar, &row.unit)),
            Some(Bar::AtMost(bar)) => format!("≤ {}", number(bar, &row.unit)),
            None => String::new(),
        };
        let met = match row.met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        let value = number(row.value, &row.unit);
        let [least, most] = match row.measured.len() {
            0 | 1 => Default::default(),
            _ => [row.series().least(), row.series().most()].map(|v| number(v, &row.unit)),
        };
        let unit = match row.unit.as_str() {
            "bytes" => "MB",
            unit => unit,
        };
        let line = format!(
            "  {:<wide$}  {value:>9}  {unit:<9} {least:>9} {most:>9}  {bar:>9}  {met}",
            row.what
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// With as many digits as mean something.
fn number(value: f64, unit: &str) -> String {
    let value = if unit == "bytes" { value / 1e6 } else { value };
    match value {
        v if v >= 100.0 => thousands(v.round() as usize),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_what_is_met() {
        let series: Series = [2100.0, 1900.0, 2500.0].into_iter().collect();
        let mut speed = Row::new("speed", "speed", "tokens/s", &series);
        speed.group = "2,048 tokens at once".into();
        let mut peak = Row::single("peak", "peak memory", "bytes", 812.4e6);
        peak.group.clone_from(&speed.group);
        let rows = [
            speed.clone().bar(Bar::AtLeast(2000.0), true),
            speed
                .clone()
                .pick(Pick::Most)
                .bar(Bar::AtMost(2400.0), true),
            speed.bar(Bar::AtMost(1.0), false),
            peak,
        ];
        let table = table(&rows);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[1], "2,048 tokens at once");
        assert!(
            lines[2].starts_with("  speed            2,100  tokens/s"),
            "{table}"
        );
        assert!(
            lines[2].ends_with("1,900     2,500    ≥ 2,000  yes"),
            "{table}"
        );
        assert!(lines[3].ends_with("≤ 2,400  NO"), "{table}");
        assert!(lines[4].ends_with("2,500"), "{table}");
        assert!(lines[5].ends_with("812  MB"), "{table}");
        assert_eq!(lines.len(), 6);
        assert_eq!(rows[2].met, None);
    }

    #[test]
    fn rows_of_several_processes_become_one() {
        let row = |value| Row::single("open", "opening", "ms", value).bar(Bar::AtMost(9.0), true);
        assert_eq!(row(10.0).met, Some(false));
        let all = row(10.0).and(&row(2.0)).and(&row(4.0));
        assert_eq!(
            (all.value, all.met, all.measured.len()),
            (4.0, Some(true), 3)
        );
        let json = serde_json::to_value(&all).unwrap();
        assert_eq!(
            (&json["bar"]["at_most"], &json["pick"]),
            (&9.0.into(), &"median".into())
        );
        assert_eq!(serde_json::from_value::<Row>(json).unwrap(), all);
    }
}
