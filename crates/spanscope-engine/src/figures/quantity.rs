//! The names that axes give the quantities which views and figures both show, with their units and colours.

/// A quantity along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// −log2 p of a token.
    Surprisal,
    /// The place of a token in the text.
    Token,
    /// The mean weight over all queries.
    MeanWeight,
    /// The soft mask.
    Mask,
    /// From a query back to a key.
    Distance,
    /// The largest span that heads may have.
    SpanLimit,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Surprisal,
        Self::Token,
        Self::MeanWeight,
        Self::Mask,
        Self::Distance,
        Self::SpanLimit,
    ];

    /// The title of its axis, with its unit: in figures, and in the English of the window.
    pub fn axis(self) -> &'static str {
        match self {
            Self::Surprisal => "Surprisal (bits)",
            Self::Token => "Token",
            Self::MeanWeight => "Mean weight",
            Self::Mask => "Soft mask m(δ)",
            Self::Distance => "Distance δ from query to key (tokens)",
            Self::SpanLimit => "Limit on the span (tokens)",
        }
    }

    /// Which of the four colours of layers it has, in the window and in figures.
    pub fn color(self) -> usize {
        match self {
            Self::Surprisal | Self::MeanWeight => 1,
            _ => 0,
        }
    }
}
