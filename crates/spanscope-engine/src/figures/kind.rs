//! The kinds of figures, by name.

/// A kind of figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FigureKind {
    /// The span of every head: the paper's figure.
    Spans,
    /// One statistic of all heads, layer × head.
    Heads,
    /// The soft mask of the selected heads.
    Mask,
    /// The weight of the selected heads by distance.
    Profile,
    /// The selected heads' weights as a heatmap.
    Attention,
    /// A small picture of every head.
    Grid,
    /// The text, shaded.
    Text,
    /// The shares of every head's weight, by where it goes.
    Shares,
    /// Use of the selected head's persistent vectors.
    Usage,
    /// The weights that queries give the selected head's persistent vectors, as a heatmap.
    Vectors,
    /// The tokens expected after the selected token.
    Predictions,
    /// The tokens that every layer expects after the selected token.
    Lens,
    /// The parts that a logit after the selected token is the sum of.
    Attribution,
    /// Surprisal along the text.
    Surprisal,
    /// The cost of a token against the span limit.
    Cost,
    /// The curves of the training.
    Training,
    /// Parameters by part.
    Parameters,
}

impl FigureKind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Spans,
        Self::Heads,
        Self::Mask,
        Self::Profile,
        Self::Attention,
        Self::Grid,
        Self::Text,
        Self::Shares,
        Self::Usage,
        Self::Vectors,
        Self::Predictions,
        Self::Lens,
        Self::Attribution,
        Self::Surprisal,
        Self::Cost,
        Self::Training,
        Self::Parameters,
    ];

    /// Its name in files and on the command line: [`Figure::kind`](spanscope_chart::Figure::kind).
    pub fn id(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Heads => "heads",
            Self::Mask => "mask",
            Self::Profile => "profile",
            Self::Attention => "attention",
            Self::Grid => "grid",
            Self::Text => "text",
            Self::Shares => "shares",
            Self::Usage => "usage",
            Self::Vectors => "vectors",
            Self::Predictions => "predictions",
            Self::Lens => "lens",
            Self::Attribution => "attribution",
            Self::Surprisal => "surprisal",
            Self::Cost => "cost",
            Self::Training => "training",
            Self::Parameters => "parameters",
        }
    }

    /// The content of the figure, in a line.
    pub fn words(self) -> &'static str {
        match self {
            Self::Spans => "How far every head looks: the paper's figure",
            Self::Heads => "One statistic of all heads, layer × head, or two as a scatter",
            Self::Mask => "The soft mask of heads and, with a text, the weight on each distance",
            Self::Profile => "The weight of heads on each distance, on logarithmic axes",
            Self::Attention => "The weights of heads as a heatmap",
            Self::Grid => "A small picture of every head",
            Self::Text => "The text, shaded by weight or surprisal",
            Self::Shares => "Where every head's weight goes",
            Self::Usage => "Use of a head's persistent vectors",
            Self::Vectors => "The weights on a head's persistent vectors, query by query",
            Self::Predictions => "What is expected after a token",
            Self::Lens => "What every layer expects after a token: the logit lens",
            Self::Attribution => "Which heads and sublayers a logit comes from",
            Self::Surprisal => "Surprisal along the text",
            Self::Cost => "What a token costs against the span limit",
            Self::Training => "The curves of the training",
            Self::Parameters => "Parameters by part",
        }
    }

    /// True if it shows what a model does with a text, whatever is chosen. The others may use one, or need none.
    pub fn needs_text(self) -> bool {
        matches!(
            self,
            Self::Attention
                | Self::Profile
                | Self::Grid
                | Self::Text
                | Self::Shares
                | Self::Usage
                | Self::Vectors
                | Self::Predictions
                | Self::Lens
                | Self::Attribution
                | Self::Surprisal
        )
    }
}
