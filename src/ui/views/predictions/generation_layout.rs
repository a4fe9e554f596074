//! A continuation as it is shown: behind the end of the text, token by token.

use super::candidates::end_of;
use super::detokenize::pieces;
use crate::analysis::bits;
use crate::engine::{Generated, LoadedModel, Snapshot};
use eframe::egui::text::{LayoutJob, TextFormat};
use eframe::egui::{Color32, FontId};

/// Bits at which the shade of a token is full: as in the text view.
const FULL_SURPRISE: f32 = 8.0;

/// Tokens of the text shown before the continuation.
const BEFORE: usize = 48;

/// A continuation laid out, until another token is drawn.
pub struct Layout {
    pub number: u64,
    pub drawn: usize,
    pub dark: bool,
    pub job: LayoutJob,
    /// Characters before each token, and in all.
    pub ends: Vec<usize>,
}

/// The end of the text and the tokens drawn, the surprising ones shaded.
pub fn laid_out(
    snapshot: &Snapshot,
    model: &LoadedModel,
    continued: &Generated,
    dark: bool,
    [ink, weak, shade]: [Color32; 3],
) -> Layout {
    let font = FontId::monospace(13.0);
    let mut job = LayoutJob::default();
    let start = (continued.after + 1).saturating_sub(BEFORE);
    let from = end_of(snapshot, start.saturating_sub(1))
        .filter(|_| start > 0)
        .unwrap_or(0);
    let to = end_of(snapshot, continued.after).unwrap_or(from);
    // Places are those of the text's own bytes, of which some may be no UTF-8.
    let bytes = snapshot.tokens.bytes();
    let before = crate::text::to_text(bytes.get(from..to).unwrap_or_default().to_vec());
    let dots = if start > 0 { "…" } else { "" };
    job.append(
        &format!("{dots}{before}"),
        0.0,
        TextFormat::simple(font.clone(), weak),
    );
    let last = snapshot.tokens.ids.get(continued.after).copied();
    let mut count = job.text.chars().count();
    let mut ends = vec![count];
    for (text, drawn) in pieces(model, last, &continued.drawn)
        .iter()
        .zip(&continued.drawn)
    {
        let share = (bits(-drawn.log_p) / FULL_SURPRISE).clamp(0.0, 1.0);
        let background = shade.gamma_multiply(0.75 * share);
        let format = TextFormat {
            background,
            ..TextFormat::simple(font.clone(), ink)
        };
        job.append(text, 0.0, format);
        count += text.chars().count();
        ends.push(count);
    }
    Layout {
        number: continued.number,
        drawn: continued.drawn.len(),
        dark,
        job,
        ends,
    }
}

/// The token to which a character belongs; `ends` has the characters before the first token, and up to the end of each.
pub fn token_at(ends: &[usize], index: usize) -> Option<usize> {
    let after = ends.partition_point(|end| *end <= index);
    // Before the first token stands the text; behind the last there is nothing.
    (1..ends.len()).contains(&after).then(|| after - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_belong_to_tokens() {
        // Five characters of text, then tokens of 1, 0 and 2 characters.
        let ends = [5, 6, 6, 8];
        assert_eq!(token_at(&ends, 4), None);
        assert_eq!(token_at(&ends, 5), Some(0));
        assert_eq!(token_at(&ends, 6), Some(2));
        assert_eq!(token_at(&ends, 7), Some(2));
        assert_eq!(token_at(&ends, 8), None);
        assert_eq!(token_at(&[], 0), None);
    }
}
