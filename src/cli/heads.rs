//! `heads`: what every head does on a text, and the heads like one.

use super::Usage;
use super::args::{Common, MODEL_OR_RUN};
use super::common::{ending, may_write, say};
use super::on_text::{OnText, OptionalInput};
use super::what_if::WhatIfArgs;
use crate::analysis::role::{ROLE_QUERIES, battery, described, role};
use crate::analysis::similar::{by_scores, nearest};
use crate::analysis::{Finding, HeadFilter, HeadRow, Role};
use crate::chart::{Cell, Column, Table, thousands};
use crate::engine::figures::{head_rows, provenance};
use crate::engine::{EngineError, Heads, LoadedModel, Queries, Snapshot};
use crate::model::HeadId;
use crate::shown::{shown, shown_path};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

/// `heads`.
#[derive(Debug, Args)]
pub(super) struct HeadsArgs {
    /// The model.
    #[arg(help = MODEL_OR_RUN)]
    pub model: PathBuf,
    #[command(flatten)]
    pub input: OptionalInput,
    /// Of a recorded run: which of its texts, from 0
    #[arg(long, value_name = "J")]
    pub index: Option<usize>,
    /// Only these heads: a layer (3), a head (3.2), a role, flagged, or comparisons, that must all hold: 'induction>30% 5'
    #[arg(long, value_name = "TERMS")]
    pub find: Option<String>,
    /// The heads like this one, the most alike first
    #[arg(long, value_name = "L.H")]
    pub like: Option<HeadId>,
    /// With --like: alike by all numbers of heads, or by the tokens that they attend to [default: scores]
    #[arg(long, value_enum, requires = "like")]
    pub by: Option<ByArg>,
    /// Write the table (.csv or .json)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ByArg {
    #[default]
    Scores,
    Attention,
}

pub(super) fn run(args: &HeadsArgs, out: &mut impl Write) -> Result<()> {
    if let Some(slip) = args.find.as_deref().and_then(HeadFilter::slip) {
        return Err(Usage(format!(
            "--find: \"{}\" is no layer, head, role or comparison such as reach>100; `figure heads --statistic x` lists the numbers",
            shown(slip)
        ))
        .into());
    }
    let input = &args.input;
    if let Some(path) = &args.output {
        ending(path, &["csv", "json"])?;
        let reads = [
            Some(args.model.as_path()),
            input.text.as_deref(),
            input.ids.as_deref(),
            args.common.vocab.as_deref(),
        ];
        may_write(path, args.force, &reads)?;
    }
    let opened = OnText::open(&args.model, input, args.index, &args.common, &args.what_if)?;
    if opened.snapshot.tokens.ids.is_empty() {
        return Err(match opened.text_name.as_str() {
            "" => Usage("pass --text FILE or --ids FILE.json".into()).into(),
            name => anyhow::Error::new(EngineError::NoTokens).context(name.to_owned()),
        });
    }
    opened.covered(input, &args.common)?;
    let model = &opened.model;
    if let Some(head) = args.like {
        let architecture = model.network.architecture();
        architecture
            .head(head)
            .map_err(|error| Usage(error.to_string()))?;
    }
    opened.change(&args.what_if, &args.common)?;
    let by_attention = args.by == Some(ByArg::Attention);
    opened.engine.look(Queries {
        heads: args.like.map_or_else(Heads::default, Heads::one),
        survey: true,
        alike: args.like.filter(|_| by_attention),
        ..Queries::default()
    });
    let snapshot = opened.engine.wait();
    if let Some(failure) = &snapshot.failure {
        bail!("{}", failure.message);
    }
    let found = Found::new(args, &snapshot)?;
    if let Some(path) = &args.output {
        found.write(path, model)?;
        if !args.common.quiet {
            say(format_args!("wrote {}", shown_path(path)));
        }
    }
    if args.json {
        let report = found.json(&model.name(), &opened.text_name);
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else if args.output.is_none() {
        found.table(out)?;
    }
    Ok(())
}

/// The heads that were asked for, in the order of the answer.
struct Found {
    /// With its distance from the head of `--like`.
    heads: Vec<(HeadRow, Option<f64>)>,
    /// The head of `--like`, and what distances are.
    like: Option<(HeadId, &'static str)>,
    queries: usize,
}

impl Found {
    fn new(args: &HeadsArgs, snapshot: &Snapshot) -> Result<Self> {
        let rows = head_rows(snapshot);
        let queries = snapshot.surveyed.as_ref().map_or(0, |s| s.queries.len());
        let filter = HeadFilter::new(args.find.as_deref().unwrap_or_default());
        let Some(of) = args.like else {
            let heads = rows.into_iter().filter(|row| filter.lets(row));
            return Ok(Self {
                heads: heads.map(|row| (row, None)).collect(),
                like: None,
                queries,
            });
        };
        let (distances, what) = match args.by.unwrap_or_default() {
            ByArg::Scores => (by_scores(&rows, of), "sd"),
            ByArg::Attention => {
                let Some(alike) = snapshot.alike.as_ref().filter(|alike| alike.of == of) else {
                    bail!(
                        "{of}: no weights to compare: the text is empty or its weights are not kept"
                    );
                };
                (alike.bits.iter().copied().map(Some).collect(), "bits")
            }
        };
        let order = nearest(&rows, of, &distances).into_iter();
        let row = |(id, distance)| {
            let row = rows.iter().find(|row| row.id() == id)?;
            filter.lets(row).then_some((*row, Some(distance)))
        };
        Ok(Self {
            heads: order.filter_map(row).collect(),
            like: Some((of, what)),
            queries,
        })
    }

    fn table(&self, out: &mut impl Write) -> std::io::Result<()> {
        let distance = if self.like.is_some() {
            "distance  "
        } else {
            ""
        };
        writeln!(out, "{distance}head     role       evidence")?;
        for (row, distance) in &self.heads {
            let distance = distance.map_or_else(String::new, |of| format!("{of:>8.3}  "));
            let role = role(row).map_or("–", Role::key);
            let head = row.id().to_string();
            writeln!(out, "{distance}{head:<7}  {role:<9}  {}", described(row))?;
        }
        if let Some((of, what)) = self.like {
            let by = match what {
                "bits" => "mean Jensen–Shannon divergence of the attention, from 0 to 1 bit",
                _ => "root mean square of the differences of all numbers, in standard deviations",
            };
            writeln!(out, "Distance from {of}: {by}.")?;
        }
        if self.heads.iter().all(|(row, _)| battery(row).is_empty()) {
            writeln!(
                out,
                "It takes {ROLE_QUERIES} queries to say what a head does: give it a longer text."
            )?;
        }
        let (heads, queries) = (self.heads.len(), thousands(self.queries));
        writeln!(out, "{heads} heads, measured on {queries} tokens")
    }

    fn json(&self, model: &str, text: &str) -> Value {
        let heads = self.heads.iter().map(|(row, distance)| {
            let findings = battery(row);
            json!({
                "layer": row.span.layer,
                "head": row.span.head,
                "role": role(row).map(Role::key),
                "evidence": findings.iter().map(evidence).collect::<Vec<_>>(),
                "words": described(row),
                "distance": distance,
            })
        });
        json!({
            "model": model,
            "text": text,
            "tokens": self.queries,
            "like": self.like.map(|(of, _)| of.to_string()),
            "distance_unit": self.like.map(|(_, what)| what),
            "heads": heads.collect::<Vec<_>>(),
        })
    }

    fn write(&self, path: &std::path::Path, model: &LoadedModel) -> Result<()> {
        let mut columns = vec![
            Column::new("layer"),
            Column::new("head"),
            Column::new("role"),
        ];
        if let Some((_, what)) = self.like {
            columns.push(Column::of("distance", what));
        }
        for role in Role::ALL {
            let key = role.key();
            for name in [key.to_owned(), format!("{key}_se")] {
                columns.push(match role {
                    Role::Local => Column::of(name, "tokens"),
                    _ => Column::new(name),
                });
            }
        }
        columns.push(Column::new("words"));
        let mut table = Table::new(columns);
        for (row, distance) in &self.heads {
            let mut cells: Vec<Cell> = vec![
                row.span.layer.into(),
                row.span.head.into(),
                role(row).map(Role::key).into(),
            ];
            if self.like.is_some() {
                cells.push((*distance).into());
            }
            let findings = battery(row);
            for role in Role::ALL {
                let of = findings.iter().find(|finding| finding.role == role);
                cells.push(of.map(|of| of.value).into());
                cells.push(of.and_then(|of| of.error).into());
            }
            cells.push(described(row).into());
            table.push(cells);
        }
        let provenance = provenance(model).with("tokens", self.queries);
        let is_json = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        let text = match is_json {
            true => table.json("roles", "What every head does", &provenance)?,
            false => table.csv()?,
        };
        Ok(crate::chart::write_file(path, text.as_bytes())?)
    }
}

fn evidence(finding: &Finding) -> Value {
    json!({
        "role": finding.role.key(),
        "value": finding.value,
        "se": finding.error,
        "threshold": finding.role.threshold(),
        "at_most": finding.role.is_at_most(),
        "even_attention": finding.even,
        "holds": finding.holds,
    })
}
