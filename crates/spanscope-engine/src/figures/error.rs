//! The reasons why a figure cannot be drawn.

/// Why there is no such figure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FigureError {
    /// No model is open.
    #[error("no model is open")]
    NoModel,
    /// There is no text, or none of it is known to the model.
    #[error("there is no text to show it for")]
    NoText,
    /// The selected tokens' weights are not kept.
    #[error(
        "there are no weights to show: the text is empty, no token in view attends to what is in view, or the text is too long for the selected token's weights to be kept"
    )]
    NoWeights,
    /// A statistic is not known of any head.
    #[error(
        "{0} is not known of any head: there is no text, or no window and no context is designed that would end a reach"
    )]
    NotMeasured(&'static str),
    /// The file holds no training curves.
    #[error("the file holds no training curves")]
    NoCurves,
    /// The file holds training curves in a form that is not read.
    #[error("the file's training curves are in a form that is not read; expected lists of numbers")]
    UnreadCurves,
    /// The model has no persistent vectors.
    #[error(
        "the model has no persistent vectors; the figure neurons shows the neurons of its feed-forward sublayers"
    )]
    NoVectors,
    /// No head has a soft mask, and no weight by distance was measured of one alone.
    #[error(
        "no selected head has a soft mask: give a text and select one head to show its mean weight by distance"
    )]
    NoMask,
    /// Nothing ends what heads see, and there is no text.
    #[error(
        "no window and no context is designed, so a token costs more the longer its text is: give a text to show it at its end"
    )]
    EndlessCost,
    /// The layer has no neurons.
    #[error("the layer has no feed-forward sublayer, so it has no neurons")]
    NoNeurons,
    /// A recorded run holds no values to read logits from.
    #[error(
        "a recorded run holds no values and no weights: open the model that it was recorded from"
    )]
    NoValues,
    /// It can be shown of one head only.
    #[error("several heads are selected; it can be shown of one only")]
    SeveralHeads,
}
