//! Figures of a text: surprisal along it, its tokens shaded, and what is expected next.

use super::{FigureError, Quantity, heads_title, percentage, provenance};
use crate::{LoadedModel, Snapshot};
use serde::{Deserialize, Serialize};
use spanscope_chart::{
    Axis, Bar, Bars, Cell, Column, Level, Mark, Panel, Plot, Scale, Series, ShadedText,
    ShadedToken, Table, TokenName, thousands,
};
use spanscope_core::analysis::{Prediction, TokenAttention, TokenSet, bits, running_mean};

/// Tokens that are shown before and after those that have a number.
const AROUND: usize = 24;

/// The quantity that the shade of a token stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shade {
    /// The weight that the selected tokens give it.
    #[default]
    Read,
    /// The weight that it gives the selected tokens.
    Readers,
    /// The surprisal: how little the model expected it.
    Surprisal,
}

impl Shade {
    /// All of them, in the order of menus.
    pub const ALL: [Self; 3] = [Self::Read, Self::Readers, Self::Surprisal];

    /// Its name on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Readers => "readers",
            Self::Surprisal => "surprisal",
        }
    }

    /// Which of the four colours of layers shades it, in the window and in figures.
    pub fn color(self) -> usize {
        match self {
            Self::Read => 0,
            Self::Readers => 2,
            Self::Surprisal => Quantity::Surprisal.color(),
        }
    }
}

/// A table of the text's tokens: their positions, all of them, a number of each, and their ids and labels.
fn token_table(number: Column) -> Table {
    let [id, token, label] = TokenName::columns();
    Table::new([Column::new("position"), token, number, id, label])
}

fn push(table: &mut Table, position: usize, token: &TokenName, number: Cell) {
    let [id, exact, label] = token.cells();
    table.push([position.into(), exact, number, id, label]);
}

/// Tokens of the running mean of surprisal unless somebody says otherwise.
pub const MEAN_OF: usize = 50;

/// Surprisal along a text, in bits per token, with a running mean over `mean_of` tokens: those around each one, as in the window.
///
/// # Errors
/// When nothing was predicted: a text of fewer than two tokens.
pub fn surprisal(
    model: &LoadedModel,
    snapshot: &Snapshot,
    mean_of: usize,
) -> Result<Plot, FigureError> {
    if snapshot.surprisal.is_empty() {
        return Err(FigureError::NoText);
    }
    let points: Vec<[f64; 2]> = (1_u32..)
        .zip(snapshot.surprisal.iter())
        .map(|(token, bits)| [f64::from(token), f64::from(*bits)])
        .collect();
    let window = mean_of.clamp(1, points.len());
    let means = running_mean(&points, window);
    let mut numbers = token_table(Column::of("surprisal", "bits"));
    for (i, bits) in snapshot.surprisal.iter().enumerate() {
        let token = snapshot.token_name(i + 1);
        push(&mut numbers, i + 1, &token, (*bits).into());
    }
    let mut panel = Panel {
        y: Axis::from_zero(Quantity::Surprisal.axis()),
        ..Panel::default()
    };
    let few = points.len() < 40;
    panel.series.push(Series {
        name: "each token".into(),
        points,
        mark: if few { Mark::Line } else { Mark::Pale },
        color: Quantity::Surprisal.color(),
        ..Series::default()
    });
    if !few {
        panel.series.push(Series {
            name: format!("mean of {window} tokens"),
            points: means,
            color: Quantity::RunningMean.color(),
            ..Series::default()
        });
    }
    if let Some(mean) = snapshot.bits_per_token {
        panel.levels.push(Level {
            at: mean,
            label: format!("mean {mean:.2}"),
        });
    }
    let mean = snapshot.bits_per_token.unwrap_or(f64::NAN);
    Ok(Plot {
        kind: "surprisal",
        title: format!("{}: surprisal along the text", model.name()),
        subtitle: format!(
            "{} predictions, {mean:.3} bits per token",
            thousands(snapshot.surprisal.len())
        ),
        x: Axis::new(Quantity::Token.axis()),
        panels: vec![panel],
        numbers,
        provenance: provenance(model),
        ..Plot::default()
    })
}

/// The text, its tokens shaded by what the selected ones read, by who reads them, or by surprisal. Of several selected
/// tokens that is their sum, or their `mean`. Surprisal has a linear scale, whatever `scale` is.
///
/// # Errors
/// When there is no text, or what is selected has no weights at hand.
pub fn shaded_text(
    model: &LoadedModel,
    snapshot: &Snapshot,
    gathered: Option<&TokenAttention>,
    shade: Shade,
    mean: bool,
    scale: Scale,
) -> Result<ShadedText, FigureError> {
    let tokens = &snapshot.tokens;
    if tokens.ids.is_empty() {
        return Err(FigureError::NoText);
    }
    let gathered = match shade {
        Shade::Surprisal => None,
        _ => Some(gathered.ok_or(FigureError::NoWeights)?),
    };
    let in_list = |values: &[f32], first: usize, token: usize| {
        let at = token.checked_sub(first)?;
        values.get(at).copied()
    };
    let share = |sum: Option<f32>, count: usize| match mean {
        true => sum.map(|sum| sum / count.max(1) as f32),
        false => sum,
    };
    let value = |token: usize| match (shade, gathered) {
        (Shade::Read, Some(g)) => share(in_list(&g.read, g.first_key, token), g.queries),
        (Shade::Readers, Some(g)) => {
            share(in_list(&g.readers, g.first_query, token), g.tokens.len())
        }
        _ => snapshot.surprisal_of(token),
    };
    let values: Vec<f32> = (0..tokens.ids.len())
        .map(|token| value(token).unwrap_or(f32::NAN))
        .collect();
    let selected = gathered.map(|g| &g.tokens);
    let column = match shade {
        Shade::Surprisal => Column::of("surprisal", "bits"),
        _ => Column::new("weight"),
    };
    let mut numbers = token_table(column);
    // Of a text most of which has no weight, what has, with a little around it.
    let known = |v: &f32| !v.is_nan();
    let first = values
        .iter()
        .position(known)
        .unwrap_or(0)
        .saturating_sub(AROUND);
    let last = values.iter().rposition(known).unwrap_or(values.len());
    let selected_end = gathered.and_then(|g| g.tokens.last()).unwrap_or(0);
    let shown = first..=last.max(selected_end).saturating_add(AROUND);
    let mut shaded = Vec::new();
    for (token, value) in values.into_iter().enumerate() {
        let name = snapshot.token_name(token);
        push(&mut numbers, token, &name, value.into());
        if !shown.contains(&token) {
            continue;
        }
        let piece = tokens.piece_of.get(token).copied().unwrap_or_default();
        let piece = tokens.pieces.get(piece as usize);
        let bytes = piece.and_then(|piece| tokens.bytes().get(piece.range.clone()));
        shaded.push(ShadedToken {
            label: name.label,
            value,
            marked: selected.is_some_and(|selected| selected.contains(token)),
            breaks: bytes.is_some_and(|bytes| bytes.contains(&b'\n')),
        });
    }
    let heads = snapshot.detail.as_ref().map(|detail| &detail.heads);
    let heads = heads.filter(|_| shade != Shade::Surprisal);
    let (what, axis) = match shade {
        Shade::Read => (
            "what the selected tokens attend to",
            Quantity::Weight.axis(),
        ),
        Shade::Readers => (
            "what attends to the selected tokens",
            Quantity::Weight.axis(),
        ),
        Shade::Surprisal => ("surprisal", Quantity::Surprisal.axis()),
    };
    Ok(ShadedText {
        kind: "text",
        title: match heads {
            Some(heads) => format!("{}, {}: {what}", model.name(), heads_title(heads)),
            None => format!("{}: {what}", model.name()),
        },
        subtitle: match *shown.start() {
            0 => String::new(),
            first => format!("from token {}", thousands(first)),
        },
        tokens: shaded,
        axis: match (shade, mean, selected.map(TokenSet::len)) {
            (Shade::Surprisal, ..) | (_, _, None | Some(0 | 1)) => axis.into(),
            (_, true, Some(n)) => format!("{axis}, mean of {n} tokens"),
            (_, false, Some(n)) => format!("{axis}, sum of {n} tokens"),
        },
        scale: match shade {
            Shade::Surprisal => Scale::Linear,
            _ => scale,
        },
        // As in the window: as many bits as a blind guess among all tokens would give.
        high: (shade == Shade::Surprisal).then(|| f64::from(blind_bits(model))),
        color: shade.color(),
        numbers,
        provenance: match heads {
            Some(heads) => provenance(model).with("heads", heads_title(heads)),
            None => provenance(model),
        }
        .with("shade", what),
    })
}

/// Bits of surprisal when every token is as likely as any other: log₂ V.
pub fn blind_bits(model: &LoadedModel) -> f32 {
    (model.network.architecture().vocab_size.max(2) as f32).log2()
}

/// Most candidates in the drawing.
const CANDIDATES: usize = 20;

/// The tokens expected after a token: the likeliest, the one that does come marked.
pub fn candidates(model: &LoadedModel, snapshot: &Snapshot, prediction: &Prediction) -> Bars {
    let truth = prediction.truth;
    let bar = |id: u32, log_p: f32, rank: usize| Bar {
        label: model.label(id),
        value: f64::from(log_p).exp(),
        note: format!("{} %", percentage(100.0 * log_p.exp()))
            + &match truth {
                Some(truth) if truth.id == id && rank > CANDIDATES => {
                    format!(", rank {}", thousands(rank))
                }
                _ => String::new(),
            },
        marked: truth.is_some_and(|truth| truth.id == id),
    };
    let shown = prediction.top.iter().take(CANDIDATES).enumerate();
    let mut bars: Vec<Bar> = shown.map(|(i, c)| bar(c.id, c.log_p, i + 1)).collect();
    if let Some(truth) = truth.filter(|truth| truth.rank > bars.len()) {
        bars.push(bar(truth.id, truth.log_p, truth.rank));
    }
    let [id, token, label] = TokenName::columns();
    let mut numbers = Table::new([
        Column::new("rank"),
        id,
        token,
        Column::new("probability"),
        Column::of("surprisal", "bits"),
        Column::new("comes_next"),
        label,
    ]);
    let top = prediction.top.iter().zip(1..);
    let all = top.map(|(c, rank)| (rank, c.id, c.log_p));
    let beyond = truth.filter(|truth| truth.rank > prediction.top.len());
    for (rank, id, log_p) in all.chain(beyond.map(|t| (t.rank, t.id, t.log_p))) {
        let [cell, exact, label] = model.token_name(id).cells();
        numbers.push([
            rank.into(),
            cell,
            exact,
            f64::from(log_p).exp().into(),
            (-bits(log_p)).into(),
            usize::from(truth.is_some_and(|truth| truth.id == id)).into(),
            label,
        ]);
    }
    let mut facts = format!("entropy {:.2} bits", prediction.entropy_bits);
    if let Some(truth) = truth {
        facts += &format!(
            "; {} comes next: rank {}, {:.2} bits",
            model.label(truth.id),
            thousands(truth.rank),
            -bits(truth.log_p)
        );
    }
    Bars {
        kind: "predictions",
        title: format!(
            "{}: expected after token {}, {}",
            model.name(),
            thousands(prediction.at),
            snapshot.label(prediction.at)
        ),
        subtitle: facts,
        axis: Quantity::Probability.axis().into(),
        percent: true,
        bars,
        numbers,
        provenance: provenance(model).with("after_token", prediction.at),
    }
}
