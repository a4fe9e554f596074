//! The spans as bars for a terminal.

use std::fmt::Write;

use super::HeadSpan;

/// A reach in words.
pub fn reach_words(reach: Option<usize>) -> String {
    reach.map_or_else(|| "no limit".into(), super::thousands)
}

/// Draws one bar for each head, in order of layer and head, with the reach at its end.
///
/// Layers and heads are numbered from 1; the bars are on a log scale that ends at the
/// longer of `limit` and the longest reach, which a last line says. The bar of a head that nothing ends is whole. Lines are at most
/// `columns` wide (30 at least), and there are no colour codes.
pub fn bars_terminal(heads: &[HeadSpan], limit: Option<usize>, columns: usize) -> String {
    if heads.is_empty() {
        return "no heads\n".to_owned();
    }
    let mut order: Vec<&HeadSpan> = heads.iter().collect();
    order.sort_by_key(|h| (h.layer, h.head));
    let digits = |n: usize| n.to_string().len();
    let of = |f: fn(&HeadSpan) -> usize| heads.iter().map(f).max().unwrap_or(0);
    let layer_width = digits(of(|h| h.layer)).max(5);
    let head_width = digits(of(|h| h.head)).max(4);
    let longest = of(|h| h.reach.unwrap_or(0)).max(limit.unwrap_or(0)).max(2);
    let number_width = heads.iter().map(|h| reach_words(h.reach).len()).max();
    let number_width = number_width.unwrap_or(0);
    let used = layer_width + 1 + head_width + 2 + 1 + number_width;
    let bar = columns.max(30).saturating_sub(used).clamp(4, 400);

    let mut out = String::new();
    let _ = writeln!(out, "{:>layer_width$} {:>head_width$}", "layer", "head");
    let mut last = None;
    for head in order {
        let layer = if last == Some(head.layer) {
            String::new()
        } else {
            head.layer.to_string()
        };
        last = Some(head.layer);
        // From just below 1, so that a reach of 1 is still to be seen.
        let share = head.reach.map_or(1.0, |reach| {
            (reach as f64 + 1.0).ln() / (longest as f64 + 1.0).ln()
        });
        let filled = blocks(share, bar);
        let pad = " ".repeat(bar.saturating_sub(filled.chars().count()));
        let _ = writeln!(
            out,
            "{layer:>layer_width$} {:>head_width$} ▕{filled}{pad} {:>number_width$}",
            head.head,
            reach_words(head.reach),
        );
    }
    let note = match heads.iter().any(|h| h.reach.is_some()) {
        true => format!(
            "reach in tokens, log scale to {}",
            super::thousands(longest)
        ),
        false => "reach in tokens: none is designed".to_owned(),
    };
    let _ = writeln!(
        out,
        "{:indent$}{note}",
        "",
        indent = layer_width + head_width + 3
    );
    out
}

/// A bar that fills `share` of `width` cells, to an eighth of a cell.
fn blocks(share: f64, width: usize) -> String {
    const PARTS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let eighths = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    let mut bar = "█".repeat(eighths / 8);
    if let Some(part) = (eighths % 8).checked_sub(1) {
        bar.extend(PARTS.get(part));
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_head_within_the_width() {
        let heads: Vec<HeadSpan> = (0..12)
            .map(|i| HeadSpan {
                layer: i / 4,
                head: i % 4,
                span: Some(i as f64 * 10.0),
                reach: Some(1 + i * 10),
            })
            .collect();
        let text = bars_terminal(&heads, Some(512), 60);
        assert_eq!(text.lines().count(), 14);
        assert!(text.lines().all(|l| l.chars().count() <= 60), "{text}");
        let second = text.lines().nth(5).unwrap();
        assert!(second.starts_with("    1    0 ▕█"), "{second}");
        assert!(second.ends_with(" 41"), "{second}");
        assert!(text.ends_with("log scale to 512\n"));
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn nothing_breaks_it() {
        assert_eq!(bars_terminal(&[], Some(10), 80), "no heads\n");
        let one = HeadSpan {
            layer: usize::MAX,
            head: 0,
            span: Some(f64::NAN),
            reach: Some(0),
        };
        assert!(bars_terminal(&[one], None, 0).contains(" 0\n"));
    }
}
