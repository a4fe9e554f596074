//! Figures of the views: which there are, what they and their files are called, and what can become of them.

use crate::chart::Format;
use crate::engine::figures::{FigureError, FigureKind};
use crate::engine::{Combine, Heads};
use crate::ui::language::tr;

/// The destination and form of an exported figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// It is written to a file that is asked for.
    Save,
    /// Its picture goes to the clipboard.
    CopyPicture,
    /// Its numbers go to the clipboard as CSV.
    CopyNumbers,
    /// Its drawing goes to the clipboard as the text of an SVG.
    CopySvg,
}

impl Way {
    /// All of them, in the order of menus.
    pub const ALL: [Self; 4] = [
        Self::Save,
        Self::CopyPicture,
        Self::CopyNumbers,
        Self::CopySvg,
    ];

    /// Its name, for menus that say which figure it is of.
    pub fn name(self) -> &'static str {
        match self {
            Self::Save => tr("Save as…"),
            Self::CopyPicture => tr("Copy picture"),
            Self::CopyNumbers => tr("Copy data (CSV)"),
            Self::CopySvg => tr("Copy SVG"),
        }
    }
}

/// The name of a figure, for menus.
pub fn name(kind: FigureKind) -> &'static str {
    match kind {
        FigureKind::Spans => tr("span chart"),
        FigureKind::Heads => tr("numbers of heads"),
        FigureKind::Mask => tr("soft mask and mean weight"),
        FigureKind::Profile => tr("weight by distance"),
        FigureKind::Attention => tr("attention"),
        FigureKind::Grid => tr("thumbnails of all heads"),
        FigureKind::Text => tr("shaded text"),
        FigureKind::Shares => tr("shares of weight"),
        FigureKind::Usage => tr("use of persistent vectors"),
        FigureKind::Vectors => tr("weights on persistent vectors"),
        FigureKind::Neurons => tr("use of neurons"),
        FigureKind::Predictions => tr("predictions"),
        FigureKind::Lens => tr("logit lens"),
        FigureKind::Attribution => tr("direct attribution"),
        FigureKind::Surprisal => tr("surprisal along the text"),
        FigureKind::Cost => tr("cost"),
        FigureKind::Training => tr("training curves"),
        FigureKind::Parameters => tr("parameters"),
    }
}

/// The name proposed for a file.
pub fn proposed(kind: FigureKind, model: &str, heads: &Heads, ending: &str) -> String {
    let of_heads = matches!(
        kind,
        FigureKind::Attention
            | FigureKind::Mask
            | FigureKind::Profile
            | FigureKind::Usage
            | FigureKind::Vectors
            | FigureKind::Text
    );
    let which = match (of_heads, heads.single()) {
        (false, _) => String::new(),
        (true, Some(head)) => format!("_{head}"),
        (true, None) => {
            let how = match heads.combine() {
                Combine::Mean => "mean",
                Combine::Max => "largest",
            };
            format!("_{how}_of_{}", heads.all().len())
        }
    };
    format!("{model}_{}{which}.{ending}", kind.id())
}

/// Why there is no such figure.
pub fn reason(error: &FigureError) -> &'static str {
    match error {
        FigureError::NoModel => tr("no model is open"),
        FigureError::NoText => tr("there is no text to show it for"),
        FigureError::NoWeights => tr(
            "there are no weights to show: the text is empty, no token in view attends to what is in view, or the text is too long for the selected token's weights to be kept",
        ),
        FigureError::NotMeasured(_) => tr("not known of any head without a text"),
        FigureError::NoCurves => tr("the file holds no training curves"),
        FigureError::UnreadCurves => tr(
            "the file's training curves are in a form that is not read; expected lists of numbers",
        ),
        FigureError::NoVectors => tr(
            "the model has no persistent vectors; the figure neurons shows the neurons of its feed-forward sublayers",
        ),
        FigureError::NoMask => tr(
            "no selected head has a soft mask: give a text and select one head to show its mean weight by distance",
        ),
        FigureError::EndlessCost => tr(
            "no window and no context is designed, so a token costs more the longer its text is: give a text to show it at its end",
        ),
        FigureError::NoNeurons => {
            tr("the layer has no feed-forward sublayer, so it has no neurons")
        }
        FigureError::NoValues => tr(
            "a recorded run holds no values and no weights: open the model that it was recorded from",
        ),
        FigureError::SeveralHeads => tr("several heads are selected; it can be shown of one only"),
    }
}

/// The ending of files with the numbers of a figure as tensors.
pub const TENSORS: &str = "safetensors";

/// The endings of the files that a figure can be written to.
pub fn endings(kind: FigureKind) -> &'static [&'static str] {
    match kind {
        FigureKind::Attention | FigureKind::Shares | FigureKind::Usage | FigureKind::Vectors => {
            &["svg", "pdf", "png", "csv", "json", TENSORS]
        }
        _ => Format::EXTENSIONS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HeadId;

    #[test]
    fn proposed_names_say_what_is_shown() {
        let one = Heads::one(HeadId::new(2, 1));
        let name = |kind, heads: &Heads| proposed(kind, "m", heads, "pdf");
        assert_eq!(name(FigureKind::Attention, &one), "m_attention_L2H1.pdf");
        assert_eq!(name(FigureKind::Spans, &one), "m_spans.pdf");
        let several = Heads::new(HeadId::new(0, 0), [HeadId::new(1, 1)], Combine::Max);
        assert_eq!(name(FigureKind::Mask, &several), "m_mask_largest_of_2.pdf");
    }
}
