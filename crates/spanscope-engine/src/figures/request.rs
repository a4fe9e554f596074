//! Which figure, and with which choices: what window, command line and scripts ask for.

use super::{FigureError, FigureKind, GridStyle, HeadsForm, HeatmapStyle, Shade};
use crate::{Heads, LensQuery, LoadedModel, Queries, Snapshot};
use spanscope_chart::{ColorMap, Figure, Scale, Source, SpanMeasure};
use spanscope_core::analysis::{Lens, LensTarget, Statistic, TokenSet};
use spanscope_core::model::Span;
use std::ops::Range;
use std::sync::Arc;

/// The content of a figure, and its style.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureChoice {
    /// The heads: of the mask, the heatmap, the shades, the use of vectors.
    pub heads: Heads,
    /// The selected tokens: of the shades, and the last of them of the prediction; none for the last of the text.
    pub tokens: TokenSet,
    /// Of the matrix and the bars of heads.
    pub statistic: Statistic,
    /// Of the numbers of heads: how they are drawn.
    pub heads_form: HeadsForm,
    /// Of the span chart: reach or z.
    pub measure: SpanMeasure,
    /// Of the span chart: heads of a layer by rising reach, as in the paper.
    pub sorted: bool,
    /// Of the span chart: a linear axis.
    pub linear: bool,
    /// Of the span chart: whether the distances that hold 50, 90 and 99 % of each head's weight on the text are marked.
    pub effective: [bool; 3],
    /// Of the heatmap.
    pub heatmap: HeatmapStyle,
    /// Of the heatmap: the queries.
    pub queries: Range<usize>,
    /// Of the use of persistent vectors: a logarithmic axis.
    pub usage_log: bool,
    /// Of the use of neurons: the layer; `None` for that of the first head.
    pub layer: Option<usize>,
    /// Of the use of neurons: a logarithmic axis of the shares.
    pub neurons_log: bool,
    /// Of the heatmap of persistent vectors: the most used first.
    pub by_use: bool,
    /// Of the heatmap of persistent vectors: how weights become colours.
    pub vector_colors: (Scale, ColorMap),
    /// Of the soft mask: logarithmic axes for the distance and for the mean weight; `None` for what suits the head.
    pub mask_log: Option<(bool, bool)>,
    /// Of the surprisal: tokens of the running mean.
    pub mean_of: usize,
    /// Of the logit lens and the attribution: which logit.
    pub lens: LensTarget,
    /// Of the small pictures.
    pub grid: GridStyle,
    /// Of the text.
    pub shade: Shade,
    /// Of the text: of several selected tokens their mean, not their sum.
    pub shade_mean: bool,
    /// Of the text.
    pub shade_scale: Scale,
    /// Of the cost: tokens before the one that is counted; `None` for S, far into a text.
    pub position: Option<usize>,
    /// Of the training: entries of the log that become one mean.
    pub smoothing: usize,
    /// Of the training: logarithmic axes.
    pub log: (bool, bool),
}

impl Default for FigureChoice {
    fn default() -> Self {
        Self {
            heads: Heads::default(),
            tokens: TokenSet::default(),
            statistic: Statistic::Reach,
            heads_form: HeadsForm::default(),
            measure: SpanMeasure::Reach,
            sorted: false,
            linear: false,
            effective: [false; 3],
            heatmap: HeatmapStyle::default(),
            queries: 0..usize::MAX,
            usage_log: true,
            layer: None,
            neurons_log: true,
            by_use: true,
            vector_colors: (Scale::Log, ColorMap::Viridis),
            mask_log: None,
            mean_of: super::MEAN_OF,
            lens: LensTarget::default(),
            grid: GridStyle::default(),
            shade: Shade::default(),
            shade_mean: false,
            shade_scale: Scale::Sqrt,
            position: None,
            smoothing: 1,
            log: (false, false),
        }
    }
}

/// Rows and columns of the small pictures of all heads.
const CELLS: (usize, usize) = (48, 48);

impl FigureChoice {
    /// The layer whose neurons are shown.
    pub fn layer(&self) -> usize {
        self.layer.unwrap_or(self.heads.leading().layer)
    }

    /// The queries that an [`Engine`](crate::Engine) must answer for this figure.
    pub fn looks(&self, kind: FigureKind) -> Queries {
        let survey = matches!(
            kind,
            FigureKind::Spans
                | FigureKind::Heads
                | FigureKind::Mask
                | FigureKind::Profile
                | FigureKind::Grid
                | FigureKind::Cost
        );
        let at = self.tokens.last();
        Queries {
            heads: self.heads.clone(),
            tokens: self.tokens.clone(),
            survey,
            profiles: kind == FigureKind::Profile,
            thumbnails: (kind == FigureKind::Grid).then_some(CELLS),
            neurons: kind == FigureKind::Neurons,
            prediction: at.filter(|_| kind == FigureKind::Predictions),
            lens: at
                .filter(|_| matches!(kind, FigureKind::Lens | FigureKind::Attribution))
                .map(|at| LensQuery {
                    at,
                    target: self.lens,
                }),
            ..Queries::default()
        }
    }
}

/// Completes where the numbers of a figure made by [`figure`] come from: the hash of the model's file and, where they are of
/// a text, that of the text, which is called `text`. Reads the model's whole file the first time, so it belongs on no thread
/// that draws.
pub fn sign(
    made: &mut dyn Figure,
    kind: FigureKind,
    snapshot: &Snapshot,
    choice: &FigureChoice,
    text: &str,
) {
    let provenance = made.provenance_mut();
    if let Some(model) = model_of(kind, snapshot) {
        provenance.model = Some(Source {
            name: model.weights_name(),
            sha256: model.weights_sha256(true).map(str::to_owned),
        });
    }
    let tokens = &snapshot.tokens;
    if !tokens.ids.is_empty() && (kind.needs_text() || choice.looks(kind).survey) {
        provenance.text = Some(Source {
            name: text.to_owned(),
            sha256: Some(spanscope_core::files::sha256_hex(tokens.bytes())),
        });
    }
}

/// Why there can be no such figure of a snapshot, where that is plain without making it: cheap enough for every frame.
pub fn missing(
    kind: FigureKind,
    snapshot: &Snapshot,
    choice: &FigureChoice,
) -> Option<FigureError> {
    let Some(model) = model_of(kind, snapshot) else {
        return Some(FigureError::NoModel);
    };
    let architecture = model.network.architecture();
    let tokens = snapshot.tokens.ids.len();
    let least = match kind {
        FigureKind::Surprisal => 2,
        _ => usize::from(kind.needs_text()),
    };
    match kind {
        FigureKind::Training => {
            let has_entries = model.curves.iter().any(|curve| !curve.values.is_empty());
            let has_any = has_entries || model.span_history.is_some();
            (!has_any).then(|| super::model::no_curves(model))
        }
        FigureKind::Usage | FigureKind::Vectors if architecture.persistent() == 0 => {
            Some(FigureError::NoVectors)
        }
        FigureKind::Usage | FigureKind::Vectors if choice.heads.single().is_none() => {
            Some(FigureError::SeveralHeads)
        }
        FigureKind::Mask if tokens == 0 || choice.heads.single().is_none() => {
            let spans = model.network.spans();
            let mut chosen = spans.iter().filter(|of| choice.heads.contains(of.id()));
            (!chosen.any(Span::is_learned)).then_some(FigureError::NoMask)
        }
        FigureKind::Neurons if architecture.neurons(choice.layer()) == 0 => {
            Some(FigureError::NoNeurons)
        }
        FigureKind::Lens | FigureKind::Attribution | FigureKind::Neurons
            if model.recorded.is_some() =>
        {
            Some(FigureError::NoValues)
        }
        FigureKind::Cost => match cost_position(model, snapshot, choice) {
            Some(_) => None,
            None => Some(FigureError::EndlessCost),
        },
        FigureKind::Heads if tokens == 0 => {
            let shown = match choice.heads_form {
                HeadsForm::Scatter { axes, .. } => axes,
                HeadsForm::Strips => [Statistic::SpanMedian; 2],
                HeadsForm::Matrix | HeadsForm::Bars { .. } | HeadsForm::Layers => {
                    [choice.statistic; 2]
                }
            };
            let of_text = |s: &Statistic| !matches!(s, Statistic::Reach | Statistic::Span);
            let missing = shown.into_iter().find(of_text);
            missing.map(|statistic| FigureError::NotMeasured(statistic.title()))
        }
        _ => (tokens < least).then_some(FigureError::NoText),
    }
}

/// The model that a figure is of. Spans and cost are known before the weights are.
fn model_of(kind: FigureKind, snapshot: &Snapshot) -> Option<&Arc<LoadedModel>> {
    match kind {
        FigureKind::Spans | FigureKind::Cost => snapshot.shown(),
        _ => snapshot.model.as_ref(),
    }
}

/// Makes a figure from what a snapshot has.
///
/// # Errors
/// When the snapshot lacks what the figure shows: a model, a text, training curves, persistent vectors.
pub fn figure(
    kind: FigureKind,
    snapshot: &Snapshot,
    choice: &FigureChoice,
) -> Result<Box<dyn Figure>, FigureError> {
    let model = model_of(kind, snapshot).ok_or(FigureError::NoModel)?;
    let surveyed = snapshot.surveyed.as_deref();
    let weighting = surveyed.map_or("", |surveyed| surveyed.weighting.suffix());
    Ok(match kind {
        FigureKind::Spans => {
            // The table has them whether or not they are marked.
            let measures = surveyed;
            let mut chart = super::span_chart(model);
            chart.measure = choice.measure;
            chart.sort = choice.sorted;
            chart.linear = choice.linear;
            if choice.effective.contains(&true) {
                chart.title += weighting;
            }
            if let Some(surveyed) = measures {
                chart.effective = super::effective(&surveyed.measures);
                chart.without = super::left_out(&surveyed.measures);
            }
            chart.marked = choice.effective;
            Box::new(chart)
        }
        FigureKind::Heads => {
            let rows = super::head_rows(snapshot);
            let statistic = choice.statistic;
            // What is not by distance is in the table beside numbers that are.
            let weighted = |shown: &[Statistic]| match weighting {
                "" => "",
                _ if shown.iter().any(|of| of.is_by_distance()) => weighting,
                _ => " (spans and distances norm-weighted)",
            };
            match choice.heads_form {
                HeadsForm::Matrix => {
                    let mut matrix = super::matrix(model, &rows, statistic)?;
                    matrix.title += weighted(&[statistic]);
                    Box::new(matrix)
                }
                HeadsForm::Scatter { axes, color } => {
                    let mut plot = super::scatter(model, &rows, axes, color)?;
                    plot.title += weighted(&axes);
                    Box::new(plot)
                }
                HeadsForm::Bars { sorted } => {
                    let mut plot = super::bars(model, &rows, statistic, sorted)?;
                    plot.title += weighted(&[statistic]);
                    Box::new(plot)
                }
                HeadsForm::Layers => {
                    let mut plot = super::layers(model, &rows, statistic)?;
                    plot.title += weighted(&[statistic]);
                    Box::new(plot)
                }
                HeadsForm::Strips => Box::new(super::strips(model, &rows)?),
            }
        }
        FigureKind::Mask => {
            let (heads, log) = (&choice.heads, choice.mask_log);
            Box::new(super::span_mask(model, heads, surveyed, log)?)
        }
        FigureKind::Profile => {
            let surveyed = surveyed.ok_or(FigureError::NoText)?;
            let mut plot = super::profile(model, &choice.heads, surveyed)?;
            plot.title += weighting;
            Box::new(plot)
        }
        FigureKind::Attention => {
            let detail = snapshot.detail.as_ref();
            let detail = detail.filter(|detail| detail.heads == choice.heads);
            let detail = detail.ok_or(FigureError::NoWeights)?;
            let queries = choice.queries.start..choice.queries.end.min(snapshot.done);
            let style = choice.heatmap.clone();
            let map = super::heatmap(
                model,
                &snapshot.tokens.ids,
                &detail.weights,
                &detail.heads,
                queries,
                style,
            );
            if map.rows == 0 || map.cols == 0 {
                return Err(FigureError::NoWeights);
            }
            Box::new(map)
        }
        FigureKind::Grid => {
            let rows = super::head_rows(snapshot);
            let surveyed = surveyed.ok_or(FigureError::NoText)?;
            Box::new(super::grid(model, &rows, surveyed, choice.grid)?)
        }
        FigureKind::Text => {
            let gathered = snapshot.gathered.as_deref();
            let (shade, mean, scale) = (choice.shade, choice.shade_mean, choice.shade_scale);
            let text = super::shaded_text(model, snapshot, gathered, shade, mean, scale)?;
            Box::new(text)
        }
        FigureKind::Shares => Box::new(super::shares(model, &snapshot.shares, snapshot.done)?),
        FigureKind::Usage => {
            let detail = snapshot.detail.as_deref();
            let detail = detail.filter(|detail| detail.heads == choice.heads);
            let detail = detail.ok_or(FigureError::NoText)?;
            Box::new(super::usage(model, detail, choice.usage_log)?)
        }
        FigureKind::Vectors => {
            let detail = snapshot.detail.as_ref();
            let detail = detail.filter(|detail| detail.heads == choice.heads);
            let detail = detail.ok_or(FigureError::NoWeights)?;
            Box::new(super::vectors(model, snapshot, detail, choice)?)
        }
        FigureKind::Neurons => {
            let (layer, log) = (choice.layer(), choice.neurons_log);
            Box::new(super::neurons(model, snapshot, layer, log)?)
        }
        FigureKind::Predictions => {
            let prediction = snapshot.prediction.as_deref();
            let prediction = prediction.ok_or(FigureError::NoText)?;
            Box::new(super::candidates(model, snapshot, prediction))
        }
        FigureKind::Lens => Box::new(super::lens(model, snapshot, answer(snapshot, choice)?)),
        FigureKind::Attribution => Box::new(super::attribution(
            model,
            snapshot,
            answer(snapshot, choice)?,
        )),
        FigureKind::Surprisal => Box::new(super::surprisal(model, snapshot, choice.mean_of)?),
        FigureKind::Cost => {
            let position = cost_position(model, snapshot, choice);
            Box::new(super::cost(
                model,
                position.ok_or(FigureError::EndlessCost)?,
                snapshot.surveyed.as_deref(),
            ))
        }
        FigureKind::Training => Box::new(super::training(model, choice.smoothing, choice.log)?),
        FigureKind::Parameters => Box::new(super::parameters(model)),
    })
}

/// The token whose cost is shown: the one that was asked for, or one far into a text; where no text is longer than what heads see,
/// the last one.
fn cost_position(model: &LoadedModel, snapshot: &Snapshot, choice: &FigureChoice) -> Option<usize> {
    let far = model.network.architecture().limit().end();
    choice.position.or(far).or(snapshot.done.checked_sub(1))
}

/// The lens that was asked for.
fn answer<'a>(snapshot: &'a Snapshot, choice: &FigureChoice) -> Result<&'a Lens, FigureError> {
    let lens = snapshot.lens.as_deref();
    let lens = lens.filter(|lens| lens.target == choice.lens);
    let lens = lens.filter(|lens| choice.tokens.last().is_none_or(|last| last == lens.at));
    lens.ok_or(FigureError::NoWeights)
}
