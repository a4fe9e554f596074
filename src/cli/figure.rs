//! `figure`: any figure of the window, without one.

use super::Usage;
use super::args::{Common, MODEL_OR_RUN};
use super::common::{ending, may_write, say};
use super::figure_args::{StyleArgs, named, tell};
use super::figure_heads::HeadsFormArgs;
use super::on_text::{OnText, OptionalInput};
use super::ranges::tokens;
use super::what_if::WhatIfArgs;
use crate::analysis::{BandLayout, Pool, Statistic, TokenSet};
use crate::chart::{ColorMap, Figure, Format, Missing, Scale, SpanMeasure};
use crate::engine::figures::{
    FigureChoice, FigureError, FigureKind, GridStyle, HeatmapStyle, MEAN_OF, Shade, figure,
    missing, sign,
};
use crate::engine::run_file::tokens_within;
use crate::engine::{Combine, EngineError, Heads, Queries, Snapshot, Weighting};
use crate::model::HeadId;
use crate::shown::shown_path;
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// `figure`.
#[derive(Debug, Clone, Args)]
pub(super) struct FigureArgs {
    /// Kind of figure
    #[arg(value_name = "KIND", value_parser = named(&FigureKind::ALL, FigureKind::id, FigureKind::words))]
    pub kind: FigureKind,
    /// The model.
    #[arg(help = MODEL_OR_RUN)]
    pub model: PathBuf,
    #[command(flatten)]
    pub input: OptionalInput,
    /// Of a recorded run: which of its texts, from 0
    #[arg(long, value_name = "J")]
    pub index: Option<usize>,
    /// Write the figure (.svg, .pdf, .png) or its numbers (.csv, .json); may be given several times
    #[arg(short, long, value_name = "FILE", required = true)]
    pub output: Vec<PathBuf>,
    /// Replace files that are there
    #[arg(long)]
    pub force: bool,
    /// Heads as LAYER.HEAD, both from 0, separated by commas; several are drawn together [default: 0.0]
    #[arg(long, value_name = "L.H,…", value_delimiter = ',')]
    pub head: Vec<HeadId>,
    /// Rule by which the weights of several heads become one picture [default: mean]
    #[arg(long, value_enum)]
    pub combine: Option<CombineArg>,
    /// Numbers that are shown as weights: attention weights, or each times the norm of what it writes [default: attention]
    #[arg(long, value_enum)]
    pub weights: Option<WeightsArg>,
    /// Tokens from A up to B, or to the end (A..), from 0: the queries of `attention`, the selection of `text`; the last of `predictions`, `lens`, `attribution`
    #[arg(long, value_name = "A..B", value_parser = tokens)]
    pub tokens: Option<Range<usize>>,
    /// The number of each head.
    #[arg(long, value_name = "NAME", value_parser = statistic, help = statistic_help())]
    pub statistic: Option<Statistic>,
    #[command(flatten)]
    pub heads_form: HeadsFormArgs,
    /// `spans`: heads of a layer by rising reach, as in the paper; `grid`: heads by the --statistic; `vectors`: the most used
    /// first
    #[arg(long)]
    pub sort: bool,
    /// `spans`: the learned span z instead of the reach
    #[arg(long)]
    pub z: bool,
    /// `spans`, `usage`, `neurons`: a linear axis
    #[arg(long)]
    pub linear: bool,
    /// `spans`: mark the distances that hold 50, 90 and 99 % of each head's weight on the text
    #[arg(long)]
    pub effective: bool,
    /// `attention`: columns are keys, or distances [default: key]
    #[arg(long, value_enum)]
    pub columns: Option<ColumnsArg>,
    /// Scale by which weights are spread over the colours [default: sqrt]
    #[arg(long, value_parser = named(&Scale::ALL, Scale::id, |_| ""))]
    pub scale: Option<Scale>,
    /// `text`: shade by what the tokens attend to, by what attends to them, or by surprisal [default: read]
    #[arg(long, value_parser = named(&Shade::ALL, Shade::id, |_| ""))]
    pub shade: Option<Shade>,
    /// `text`: of several tokens the mean of their weights, not the sum
    #[arg(long)]
    pub mean: bool,
    /// `lens`, `attribution`: the token whose logit is attributed, by its text or its id [default: the one that comes next]
    #[arg(long, value_name = "WORD|ID")]
    pub of: Option<String>,
    /// `attribution`: the token whose logit is taken off
    #[arg(long, value_name = "WORD|ID")]
    pub against: Option<String>,
    /// `neurons`: the layer [default: 0]
    #[arg(long, value_name = "L")]
    pub layer: Option<usize>,
    /// `training`: the mean over so many log intervals [default: 1]; `surprisal`: the mean over so many tokens [default: 50]
    #[arg(long, value_name = "N", value_parser = super::args::at_least_one)]
    pub smooth: Option<usize>,
    #[command(flatten)]
    pub style: StyleArgs,
    #[command(flatten)]
    pub what_if: WhatIfArgs,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CombineArg {
    Mean,
    Max,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum WeightsArg {
    Attention,
    Norm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ColumnsArg {
    Key,
    Distance,
}

/// Most cells a side of a heatmap: of a longer text several weights share one.
const CELLS: usize = 2048;

impl FigureArgs {
    /// Options of some kinds only: whether they were given, and the kinds that use them.
    fn of_some_kinds(&self) -> [(bool, &'static str, &'static [FigureKind]); 22] {
        use FigureKind::{
            Attention, Attribution, Grid, Heads, Lens, Mask, Neurons, Predictions, Profile, Spans,
            Surprisal, Text, Training, Usage, Vectors,
        };
        [
            (
                !self.head.is_empty(),
                "--head",
                &[Mask, Profile, Attention, Text, Usage, Vectors],
            ),
            (self.combine.is_some(), "--combine", &[Attention, Text]),
            (
                self.weights.is_some(),
                "--weights",
                &[Spans, Heads, Mask, Profile, Attention, Grid, Text],
            ),
            (
                self.tokens.is_some(),
                "--tokens",
                &[Attention, Text, Vectors, Predictions, Lens, Attribution],
            ),
            (self.statistic.is_some(), "--statistic", &[Heads, Grid]),
            (self.heads_form.scatter.is_some(), "--scatter", &[Heads]),
            (self.heads_form.bars.is_some(), "--bars", &[Heads]),
            (self.heads_form.along.is_some(), "--along", &[Heads]),
            (self.heads_form.color.is_some(), "--color", &[Heads]),
            (self.sort, "--sort", &[Spans, Grid, Vectors]),
            (self.z, "--z", &[Spans]),
            (self.linear, "--linear", &[Spans, Usage, Neurons]),
            (self.layer.is_some(), "--layer", &[Neurons]),
            (self.effective, "--effective", &[Spans]),
            (self.columns.is_some(), "--columns", &[Attention]),
            (
                self.scale.is_some(),
                "--scale",
                &[Attention, Grid, Text, Vectors],
            ),
            (self.shade.is_some(), "--shade", &[Text]),
            (self.mean, "--mean", &[Text]),
            (self.of.is_some(), "--of", &[Lens, Attribution]),
            (self.against.is_some(), "--against", &[Attribution]),
            (self.smooth.is_some(), "--smooth", &[Training, Surprisal]),
            (
                self.style.map.is_some(),
                "--map",
                &[Heads, Attention, Grid, Text, Vectors, Lens],
            ),
        ]
    }

    /// An option without effect is no option of this figure: whoever gives it expects another one.
    pub(super) fn check(&self) -> Result<(), Usage> {
        let kind = self.kind;
        for (given, option, kinds) in self.of_some_kinds() {
            if given && !kinds.contains(&kind) {
                let ids: Vec<&str> = kinds.iter().map(|kind| kind.id()).collect();
                return Err(Usage(format!(
                    "figure {}: {option} has no effect on it, only on {}; leave it out",
                    kind.id(),
                    ids.join(", ")
                )));
            }
        }
        if kind == FigureKind::Grid && self.statistic.is_some() && !self.sort {
            return Err(Usage(
                "figure grid: --statistic has no effect without --sort; add that, or leave it out"
                    .into(),
            ));
        }
        super::figure_check::check(self)
    }
}

pub(super) fn run(args: &FigureArgs) -> Result<()> {
    args.check()?;
    let reads = [
        Some(args.model.as_path()),
        args.input.text.as_deref(),
        args.input.ids.as_deref(),
        args.common.vocab.as_deref(),
    ];
    for path in &args.output {
        ending(path, Format::EXTENSIONS)?;
        may_write(path, args.force, &reads)?;
        if args.output.iter().filter(|other| *other == path).count() > 1 {
            return Err(Usage(format!("{}: given twice with -o", shown_path(path))).into());
        }
    }
    let kind = args.kind;
    let opened = OnText::open(
        &args.model,
        &args.input,
        args.index,
        &args.common,
        &args.what_if,
    )?;
    let OnText {
        engine,
        snapshot,
        text_name,
        ..
    } = &opened;
    if (kind.needs_text() || args.effective) && snapshot.tokens.ids.is_empty() {
        let id = kind.id();
        return Err(match text_name.as_str() {
            "" if args.effective => {
                let words = "--effective marks what heads do with a text";
                Usage(format!(
                    "figure {id}: {words}: pass --text FILE or --ids FILE.json"
                ))
                .into()
            }
            "" => Usage(format!("figure {id}: pass --text FILE or --ids FILE.json")).into(),
            name => anyhow::Error::new(EngineError::NoTokens).context(name.to_owned()),
        });
    }
    opened.covered(&args.input, &args.common)?;
    let figure = made(args, snapshot, text_name, &mut |looks| {
        opened.change(&args.what_if, &args.common)?;
        engine.look(looks);
        let snapshot = engine.wait();
        match &snapshot.failure {
            Some(failure) => bail!("{}", failure.message),
            None => Ok(snapshot),
        }
    })?;
    let mut missing = Missing::default();
    for path in &args.output {
        let found = args.style.written(&*figure, path)?;
        // A table draws no characters, and all drawings draw the same.
        if !found.is_empty() {
            missing = found;
        }
        if !args.common.quiet {
            say(format_args!("wrote {}", shown_path(path)));
        }
    }
    tell(&missing);
    Ok(())
}

/// The figure that the options ask for. `before` is what is known of model and text, and `look` answers what has to be computed.
pub(super) fn made(
    args: &FigureArgs,
    before: &Snapshot,
    text_name: &str,
    look: &mut dyn FnMut(Queries) -> Result<Arc<Snapshot>>,
) -> Result<Box<dyn Figure>> {
    let kind = args.kind;
    let Some(model) = &before.model else {
        bail!("{}", FigureError::NoModel);
    };
    let mut choice = choice(args, model, before.tokens.ids.len())?;
    if let Some(error @ FigureError::NoValues) = missing(kind, before, &choice) {
        bail!("{}: {error}", shown_path(&args.model));
    }
    let snapshot = look(choice.looks(kind))?;
    super::figure_check::weights_are_kept(args, &choice.queries, &snapshot)?;
    super::figure_check::fit_heatmap(args, &mut choice, &snapshot)?;
    let mut figure = figure(kind, &snapshot, &choice)?;
    sign(&mut *figure, kind, &snapshot, &choice, text_name);
    if let Some(title) = &args.style.title {
        figure.set_title(title.clone());
    }
    Ok(figure)
}

fn choice(
    args: &FigureArgs,
    model: &crate::engine::LoadedModel,
    count: usize,
) -> Result<FigureChoice> {
    let architecture = model.network.architecture();
    for head in &args.head {
        architecture
            .head(*head)
            .map_err(|error| Usage(error.to_string()))?;
    }
    if let Some(layer) = args
        .layer
        .filter(|layer| *layer >= architecture.nb_layers())
    {
        let last = architecture.nb_layers().saturating_sub(1);
        let words = format!("--layer {layer}: layers go from 0 to {last}");
        return Err(Usage(words).into());
    }
    let queries = match &args.tokens {
        Some(range) => tokens_within(range.clone(), count).map_err(Usage)?,
        None => 0..count,
    };
    let combine = match args.combine {
        None | Some(CombineArg::Mean) => Combine::Mean,
        Some(CombineArg::Max) => Combine::Max,
    };
    if args.weights.is_some() && count == 0 {
        let words = "--weights has no effect without a text; pass one with --text, or leave it out";
        return Err(Usage(words.into()).into());
    }
    let weighting = match args.weights {
        None | Some(WeightsArg::Attention) => Weighting::Attention,
        Some(WeightsArg::Norm) if model.recorded.is_some() => {
            let words = "--weights norm: a recorded run holds no values: pass the model";
            return Err(Usage(words.into()).into());
        }
        Some(WeightsArg::Norm) => Weighting::Norm,
    };
    let statistic = args.statistic.unwrap_or(Statistic::Reach);
    let scale = args.scale.unwrap_or(Scale::Sqrt);
    let leading = args.head.first().copied().unwrap_or(HeadId::new(0, 0));
    Ok(FigureChoice {
        heads: Heads::new(leading, args.head.iter().copied(), combine).weighted(weighting),
        tokens: match args.tokens {
            Some(_) => TokenSet::from(queries.clone()),
            None if count > 0 => TokenSet::one(count - 1),
            None => TokenSet::default(),
        },
        statistic,
        heads_form: args.heads_form.form(),
        measure: if args.z {
            SpanMeasure::Span
        } else {
            SpanMeasure::Reach
        },
        sorted: args.sort,
        linear: args.linear,
        effective: [args.effective; 3],
        heatmap: HeatmapStyle {
            layout: match args.columns {
                None | Some(ColumnsArg::Key) => BandLayout::Key,
                Some(ColumnsArg::Distance) => BandLayout::Distance,
            },
            scale,
            most: CELLS,
            pool: Pool::Max,
            ..HeatmapStyle::default()
        },
        queries,
        grid: GridStyle {
            sort: if args.sort {
                statistic
            } else {
                Statistic::Head
            },
            falling: args.sort,
            scale,
            ..GridStyle::default()
        },
        shade: args.shade.unwrap_or_default(),
        shade_mean: args.mean,
        shade_scale: scale,
        usage_log: !args.linear,
        layer: args.layer,
        neurons_log: !args.linear,
        by_use: args.sort,
        vector_colors: (scale, ColorMap::Viridis),
        lens: super::lens::target(model, args.of.as_deref(), args.against.as_deref())?,
        smoothing: args.smooth.unwrap_or(1),
        mean_of: args.smooth.unwrap_or(MEAN_OF),
        ..FigureChoice::default()
    })
}

/// The help of --statistic.
fn statistic_help() -> String {
    let names = Statistic::COLOURED.map(Statistic::column);
    format!(
        "`heads`: the number of each head; `grid`: the one that --sort goes by: {} [default: reach]",
        names.join(", ")
    )
}

pub(super) fn statistic(text: &str) -> Result<Statistic, String> {
    Statistic::named(text).ok_or_else(|| {
        let names = Statistic::COLOURED.map(Statistic::column);
        format!("expected one of {}", names.join(", "))
    })
}
