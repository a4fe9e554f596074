//! The reach of the heads of a layer: what follows from their spans, as trained or as set by hand.

use super::architecture::{AttentionSpec, Outside, Position, Window};
use super::cache::value_width;
use super::kernel::{Numbers, PANEL, Packed};
use super::mask;
use super::normalisation::Normalisation;
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
}

/// The settings that a [`Head`] follows from.
pub(super) struct Setting {
    /// z in tokens, as the file has it; S for a fixed span.
    pub trained: f32,
    /// z in tokens, as it shall count: see [`settable`].
    pub span: f32,
    pub ablated: bool,
    pub sink: Option<f32>,
    /// True if it sees the whole text so far, however long that is.
    pub open: bool,
    pub before: Option<Arc<Before>>,
    pub persistent: Arc<Persistent>,
}

/// The reach of a head whose window has no end, in tokens: no text is that long.
pub const LONGEST_REACH: usize = 1 << 22;

pub(super) use LONGEST_REACH as UNLIMITED;

/// The most distances that a head of this kind may see.
pub(super) fn limit(spec: &AttentionSpec) -> usize {
    spec.window.most().unwrap_or(UNLIMITED)
}

/// The span that comes of setting z to `span` tokens: 0 to S. A fixed span is a window of whole tokens, at least one:
/// with nothing to look at there would be no softmax.
pub(super) fn settable(spec: &AttentionSpec, span: f32) -> f32 {
    let span = span.clamp(0.0, limit(spec) as f32);
    match spec.window {
        Window::Soft { .. } => span,
        _ => span.ceil().max(1.0),
    }
}

/// The heads of one layer, all of them: how far the longest looks says how many distances the others' softmax has.
pub(super) fn of_layer(
    spec: &AttentionSpec,
    positions: &Positions,
    settings: Vec<Setting>,
) -> Vec<Head> {
    let limit = limit(spec);
    let ramp = match spec.window {
        Window::Soft { ramp, .. } => Some(ramp),
        _ => None,
    };
    let reach = |setting: &Setting| match ramp {
        _ if setting.open => limit,
        Some(ramp) => mask::reach(setting.span, ramp, limit),
        None if setting.span < limit as f32 => setting.span as usize,
        None => limit,
    };
    let longest = settings.iter().map(reach).max().unwrap_or(0);
    let kept = mask::kept(longest, limit);
    let group = (spec.heads / spec.kv_heads.max(1)).max(1);
    let heads = settings.into_iter().enumerate().map(|(i, setting)| {
        let reach = reach(&setting);
        Head {
            trained: setting.trained,
            span: setting.span,
            reach,
            adaptive: ramp.is_some(),
            normalisation: spec.normalisation,
            ramp: match ramp {
                Some(ramp) => mask::ramp(setting.span, ramp, reach),
                None => Vec::new(),
            },
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
            open: setting.open,
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
    let open = spec.window == Window::Full;
    // Of a head that sees all, what it was trained for.
    let trained = match open {
        true => context.unwrap_or(UNLIMITED) as f32,
        false => limit(spec) as f32,
    };
    let settings = (0..spec.heads).map(|h| Setting {
        trained,
        span: trained,
        ablated: false,
        open,
        sink: spec.sink.then(|| sinks.get(h).copied().unwrap_or(0.0)),
        before: None,
        persistent: Arc::clone(&none),
    });
    let positions = Positions::new(spec.head_dim, 0, &[]);
    of_layer(spec, &positions, settings.collect())
}
