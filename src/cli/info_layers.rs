//! What `info` says of the heads of any family, by the layers that have the same.

use crate::chart::thousands;
use crate::model::Architecture;
use crate::model::architecture::{LayerSpec, Position, Window};

/// The limit on the span, of those that have one.
pub(super) fn limit(of: &Architecture) -> String {
    of.limit()
        .end()
        .map_or_else(|| "none designed".into(), thousands)
}

/// Windows, positions, shared keys and sinks, one line each.
pub(super) fn lines(of: &Architecture) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(heads) = of.layers.first().map(|layer| &layer.attention)
        && heads.kv_heads < heads.heads
    {
        lines.push(("key-value heads per layer H_k", thousands(heads.kv_heads)));
    }
    if let Some(context) = of.context {
        lines.push(("context length", format!("{} tokens", thousands(context))));
    }
    lines.push(("attention window W", grouped(of, window)));
    let learned = of.input.positions.map(|of| of.count);
    lines.push((
        "position encoding",
        match learned {
            Some(count) => format!("learned, {}", thousands(count)),
            None => grouped(of, position),
        },
    ));
    if of.has_sinks() {
        lines.push(("learned sinks", "one per head".into()));
    }
    lines
}

/// The width of the feed-forward sublayers, and their experts.
pub(super) fn feed_forward(of: &Architecture) -> Vec<(&'static str, String)> {
    let Some(sublayer) = of.feed_forward_of(0) else {
        return Vec::new();
    };
    let width = thousands(sublayer.width);
    match sublayer.experts {
        None => vec![("FFN dimension I", width)],
        Some(experts) => vec![
            ("FFN dimension of an expert I", width),
            (
                "experts E",
                format!(
                    "{}, of which a token uses {}",
                    thousands(experts.count),
                    thousands(experts.used)
                ),
            ),
        ],
    }
}

fn window(layer: &LayerSpec) -> String {
    match layer.attention.window {
        Window::Full => "full context".into(),
        Window::Fixed(most) | Window::Soft { limit: most, .. } => {
            format!("{} tokens", thousands(most))
        }
    }
}

fn position(layer: &LayerSpec) -> String {
    let words = match layer.attention.position {
        Position::None => "none",
        Position::Relative { .. } => "relative",
        Position::Rotary(_) => "rotary",
        Position::Alibi { .. } => "ALiBi",
    };
    words.into()
}

/// What layers have, with how many of them have it where not all do.
fn grouped(of: &Architecture, words: fn(&LayerSpec) -> String) -> String {
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for layer in &of.layers {
        let words = words(layer);
        match kinds.iter_mut().find(|(kind, _)| *kind == words) {
            Some((_, count)) => *count += 1,
            None => kinds.push((words, 1)),
        }
    }
    let all = of.nb_layers();
    let named = kinds.into_iter().map(|(kind, count)| match count == all {
        true => kind,
        false => format!("{kind} ({count} of {all} layers)"),
    });
    named.collect::<Vec<_>>().join(", ")
}
