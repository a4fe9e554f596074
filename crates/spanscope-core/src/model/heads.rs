//! The reach of the heads of a layer: what follows from their spans, as trained or as set by hand.

use super::architecture::{AttentionSpec, Outside, Position, Window};
use super::cache::value_width;
use super::edits::{FirstTokens, SpanEdit};
use super::kernel::{Numbers, PANEL, Packed};
use super::mask;
use super::normalisation::Normalisation;
use super::reach::Reach;
use std::sync::Arc;

/// A head's persistent vectors.
#[derive(Debug)]
pub(super) struct Persistent {
    /// Keys, N × d, already times √d.
    pub keys: Packed,
    /// Values already times √N: N rows, each filled up to whole vectors; nothing in a recorded run.
    pub values: Numbers,
}

impl Persistent {
    /// From d × N numbers as keys and N × d as values; from no keys there are none. A recorded run has no values.
    pub fn new(keys: &[f32], values: &[f32], d: usize) -> Self {
        let n = keys.len() / d;
        let width = value_width(d);
        let mut filled = Numbers::zeros(values.len() / d * width);
        let scale = (n as f32).sqrt();
        for (row, value) in filled.chunks_exact_mut(width).zip(values.chunks_exact(d)) {
            for (to, v) in row.iter_mut().zip(value) {
                *to = scale * v;
            }
        }
        Self {
            keys: match n {
                0 => Packed::default(),
                _ => Packed::from_columns(keys, n, d, (d as f32).sqrt()),
            },
            values: filled,
        }
    }
}

/// The key and the value that a head finds at every distance before the text, where a norm before the attention makes something
/// of nothing: those of the norm's shift.
#[derive(Debug)]
pub(super) struct Before {
    /// d.
    pub key: Vec<f32>,
    /// d.
    pub value: Vec<f32>,
}

impl Before {
    /// Of each head of a layer, whose queries, keys and values are `qkv` times what the norm makes of zeros: its shift.
    pub fn of_heads(qkv: &Packed, shift: &[f32], spec: &AttentionSpec) -> Vec<Arc<Self>> {
        let d = spec.head_dim;
        let mut row = vec![0.0; qkv.outputs()];
        qkv.multiply(shift, &mut row);
        let group = (spec.heads / spec.kv_heads.max(1)).max(1);
        let of = |part: usize| {
            row.get(part * d..(part + 1) * d)
                .unwrap_or_default()
                .to_vec()
        };
        let heads = (0..spec.heads).map(|head| {
            let shared = spec.heads + head / group;
            Arc::new(Self {
                key: of(shared),
                value: of(shared + spec.kv_heads),
            })
        });
        heads.collect()
    }

    /// q · k of the query with these features.
    pub fn score(&self, query: &[f32]) -> f32 {
        query.iter().zip(&self.key).map(|(q, k)| q * k).sum()
    }

    /// ‖k‖.
    pub fn norm(&self) -> f32 {
        self.key.iter().map(|k| k * k).sum::<f32>().sqrt()
    }
}

/// The position embeddings of all layers.
#[derive(Debug)]
pub(super) struct Positions {
    /// Column x of the last panels is p_δ with δ = (S rounded up to whole panels) − x.
    pub packed: Packed,
    /// ‖p_δ‖, from δ = 1 on; nothing where weights are not read.
    norms: Vec<f32>,
}

impl Positions {
    /// From `key_pe`, d × S; from nothing where weights are not read, or there are none.
    pub fn new(d: usize, span: usize, key_pe: &[f32]) -> Self {
        if key_pe.is_empty() {
            return Self {
                packed: Packed::default(),
                norms: Vec::new(),
            };
        }
        // Filled up in front, so that distance 1 is the last column of a panel.
        let columns = span.next_multiple_of(PANEL);
        let mut filled = vec![0.0; d * columns];
        let mut squares = vec![0.0; span];
        for (row, from) in filled
            .chunks_exact_mut(columns)
            .zip(key_pe.chunks_exact(span))
        {
            row[columns - span..].copy_from_slice(from);
            for (square, p) in squares.iter_mut().zip(from.iter().rev()) {
                *square += p * p;
            }
        }
        Self {
            packed: Packed::from_columns(&filled, columns, d, 1.0),
            norms: squares.into_iter().map(f32::sqrt).collect(),
        }
    }

    /// The norm of the longest p_δ with `near` < δ ≤ `far`.
    fn longest(&self, near: usize, far: usize) -> f32 {
        let norms = self.norms.get(near..far).unwrap_or_default();
        norms.iter().copied().fold(0.0, f32::max)
    }
}

/// One attention head's own parameters, and what follows from them.
#[derive(Debug)]
pub(super) struct Head {
    /// z in tokens, as the file has it; S for a fixed span.
    pub trained: f32,
    /// z in tokens, as it counts; the window's length for a fixed span.
    pub span: f32,
    /// Number of distances computed.
    pub reach: usize,
    /// True if a soft mask follows the softmax.
    pub adaptive: bool,
    /// The normalisation that follows the soft mask.
    pub normalisation: Normalisation,
    /// True if the soft mask was put on by hand: what it leaves is divided by its sum, as in the paper.
    pub foreign: bool,
    /// The soft mask of the farthest distances, `reach` first: those where it is below 1.
    pub ramp: Vec<f32>,
    /// Distances that the public codes put into the layer's softmax.
    pub kept: usize,
    /// The norm of the longest p_δ with δ beyond the reach and no more than `kept`.
    pub longest_far_position: f32,
    /// True if it contributes nothing.
    pub ablated: bool,
    /// The factor on products of queries and keys.
    pub scale: f32,
    /// c of a soft cap c · tanh(score / c).
    pub cap: Option<f32>,
    /// The amount taken off a score per token of distance.
    pub slope: f32,
    /// A score that joins the softmax and has no value.
    pub sink: Option<f32>,
    /// The nearest distance that it sees.
    pub nearest: usize,
    /// True if it sees the whole text so far.
    pub open: bool,
    /// How far it may look: as designed, or as it was edited.
    pub window: Window,
    /// Tokens from the text's start on that it sees whatever its window.
    pub first: usize,
    /// Tokens from the text's start on that no query after them sees.
    pub dropped: usize,
    /// The context that it finds before the text.
    pub outside: Outside,
    /// Its key and value there; nothing where both are zero.
    pub before: Option<Arc<Before>>,
    /// The head of its layer whose keys and values it reads.
    pub keys: usize,
    /// Shared by a network and what is edited of it.
    pub persistent: Arc<Persistent>,
}

impl Head {
    /// N.
    pub fn vectors(&self) -> usize {
        self.persistent.keys.outputs()
    }

    /// 1 where a token sees itself, else 0.
    pub fn shift(&self) -> usize {
        1 - self.nearest.min(1)
    }

    /// The first tokens that the query at position `t` sees beside its window, which begins after them.
    pub fn beside(&self, t: usize) -> usize {
        (t + self.shift())
            .saturating_sub(self.reach)
            .min(self.first)
    }

    /// m of the key at position `key` for a query at `distance` from it: 1 where there is no soft mask.
    pub fn mask(&self, distance: usize, key: usize) -> f32 {
        match self.window {
            _ if key < self.first => 1.0,
            Window::Soft { ramp, .. } => mask::soft_mask(self.span, ramp, distance + self.shift()),
            _ => 1.0,
        }
    }
}

/// The settings that a [`Head`] follows from.
pub(super) struct Setting {
    /// z in tokens, as the file has it; S for a fixed span.
    pub trained: f32,
    /// How far it shall look in the place of that, if anybody says so.
    pub edit: Option<SpanEdit>,
    pub first: Option<FirstTokens>,
    pub ablated: bool,
    pub sink: Option<f32>,
    pub before: Option<Arc<Before>>,
    pub persistent: Arc<Persistent>,
}

/// The most distances that a head of this kind may see.
pub(super) fn limit(spec: &AttentionSpec) -> usize {
    spec.window.most().unwrap_or(Reach::ENDLESS.keys())
}

/// The span that comes of setting z to `span` tokens: 0 to S. A fixed span is a window of whole tokens, at least one:
/// with nothing to look at there would be no softmax.
fn settable(spec: &AttentionSpec, span: f32) -> f32 {
    let span = span.clamp(0.0, limit(spec) as f32);
    match spec.window {
        Window::Soft { .. } => span,
        _ => span.ceil().max(1.0),
    }
}

/// An edit as it counts for heads of this kind: lengths within what they may see.
pub(super) fn settled(spec: &AttentionSpec, edit: SpanEdit) -> SpanEdit {
    let most = limit(spec);
    match (edit, spec.window) {
        // A head that learned its span has a ramp of its own.
        (SpanEdit::Own(z), _) | (SpanEdit::Soft { z, .. }, Window::Soft { .. }) => {
            SpanEdit::Own(settable(spec, z))
        }
        (SpanEdit::Soft { z, ramp }, _) => SpanEdit::Soft {
            z: z.clamp(0.0, most as f32),
            ramp,
        },
        (SpanEdit::Window(keys), _) => SpanEdit::Window(keys.clamp(1, most)),
    }
}

/// How far a head looks.
struct Sight {
    span: f32,
    /// What takes part in the layer's softmax, as the public codes keep it.
    whole: usize,
    reach: usize,
    window: Window,
    open: bool,
    /// True if a soft mask follows that the head was not trained with.
    foreign: bool,
}

impl Sight {
    fn of(spec: &AttentionSpec, setting: &Setting) -> Self {
        let limit = limit(spec);
        let edit = setting.edit.map(|edit| settled(spec, edit));
        let span = match edit {
            Some(SpanEdit::Own(span)) => span,
            _ => setting.trained,
        };
        let whole = match spec.window {
            Window::Full if edit.is_none() => limit,
            Window::Soft { ramp, .. } => mask::reach(span, ramp, limit),
            _ if span < limit as f32 => span as usize,
            _ => limit,
        };
        let as_designed = Self {
            span,
            whole,
            reach: whole,
            window: spec.window,
            open: edit.is_none() && spec.window == Window::Full,
            foreign: false,
        };
        match (edit, spec.window) {
            (None, _) | (Some(SpanEdit::Own(_)), Window::Soft { .. }) => as_designed,
            (Some(SpanEdit::Own(_)), _) => Self {
                window: Window::Fixed(whole),
                ..as_designed
            },
            (Some(SpanEdit::Soft { z, ramp }), _) => {
                let reach = mask::reach(z, ramp, limit);
                Self {
                    span: z,
                    whole: reach,
                    reach,
                    window: Window::Soft { limit, ramp },
                    open: false,
                    foreign: true,
                }
            }
            (Some(SpanEdit::Window(keys)), Window::Soft { ramp, .. }) => Self {
                reach: whole.min(keys),
                // Its mask stays; beyond the window there is nothing.
                window: Window::Soft {
                    limit: limit.min(keys),
                    ramp,
                },
                ..as_designed
            },
            (Some(SpanEdit::Window(keys)), _) => {
                let reach = limit.min(keys);
                Self {
                    span: reach as f32,
                    whole: reach,
                    reach,
                    window: Window::Fixed(reach),
                    ..as_designed
                }
            }
        }
    }
}

/// The heads of one layer, all of them: how far the longest looks says how many distances the others' softmax has.
pub(super) fn of_layer(
    spec: &AttentionSpec,
    positions: &Positions,
    settings: Vec<Setting>,
) -> Vec<Head> {
    let limit = limit(spec);
    let sights: Vec<Sight> = settings.iter().map(|s| Sight::of(spec, s)).collect();
    let longest = sights.iter().map(|sight| sight.whole).max().unwrap_or(0);
    let kept = mask::kept(longest, limit);
    let group = (spec.heads / spec.kv_heads.max(1)).max(1);
    let heads = settings.into_iter().zip(sights).enumerate();
    let heads = heads.map(|(i, (setting, sight))| {
        let reach = sight.reach;
        let kept = match (setting.edit, spec.window) {
            // Cut off by hand: there is nothing beyond.
            (Some(SpanEdit::Window(keys)), Window::Soft { .. }) => kept.min(keys),
            (Some(SpanEdit::Soft { .. } | SpanEdit::Window(_)), Window::Fixed(_))
            | (Some(_), Window::Full) => reach,
            _ => kept,
        };
        let (adaptive, ramp) = match sight.window {
            Window::Soft { ramp, .. } => (true, mask::ramp(sight.span, ramp, reach)),
            _ => (false, Vec::new()),
        };
        Head {
            trained: setting.trained,
            span: sight.span,
            reach,
            adaptive,
            normalisation: spec.normalisation,
            foreign: sight.foreign,
            ramp,
            kept,
            longest_far_position: positions.longest(reach, kept),
            ablated: setting.ablated,
            scale: spec.scale,
            cap: spec.score_cap,
            slope: match &spec.position {
                Position::Alibi { slopes } => slopes.get(i).copied().unwrap_or(0.0),
                _ => 0.0,
            },
            sink: setting.sink,
            nearest: spec.nearest,
            open: sight.open,
            window: sight.window,
            first: match setting.first {
                Some(FirstTokens::Keep(count)) if !sight.open => count,
                _ => 0,
            },
            dropped: match setting.first {
                Some(FirstTokens::Drop(count)) => count,
                _ => 0,
            },
            outside: spec.outside,
            before: setting.before,
            keys: i / group * group,
            persistent: setting.persistent,
        }
    });
    heads.collect()
}

/// The heads of a layer that look as far as their design lets them; `context` is the longest text that they were trained for, and
/// `sinks` has a number for each where they have any.
pub(super) fn designed(context: Option<usize>, spec: &AttentionSpec, sinks: &[f32]) -> Vec<Head> {
    let none = Arc::new(Persistent::new(&[], &[], spec.head_dim));
    // Of a head that sees all, what it was trained for.
    let trained = match spec.window == Window::Full {
        true => Reach::ending(context).keys() as f32,
        false => limit(spec) as f32,
    };
    let settings = (0..spec.heads).map(|h| Setting {
        trained,
        edit: None,
        first: None,
        ablated: false,
        sink: spec.sink.then(|| sinks.get(h).copied().unwrap_or(0.0)),
        before: None,
        persistent: Arc::clone(&none),
    });
    let positions = Positions::new(spec.head_dim, 0, &[]);
    of_layer(spec, &positions, settings.collect())
}
