//! Other words under which commands are found: those of the field, and of other programs.

use super::command::Command;
use crate::engine::figures::FigureKind;
use crate::ui::language::tr;
use crate::ui::session::settings::ThemeChoice;
use crate::ui::views::Pane;

impl Command {
    /// Other words for it.
    pub fn synonyms(&self) -> &'static str {
        match self {
            Self::OpenModel => tr("load weights checkpoint gguf hugging face transformers"),
            Self::OpenRun => tr("load training folder log"),
            Self::FollowRun => tr("live watch refresh"),
            Self::OpenText => tr("load corpus document input"),
            Self::OpenVocabulary => tr("tokenizer dictionary tokens"),
            Self::Undo => tr("revert take back"),
            Self::Redo => tr("repeat again"),
            Self::EditText => tr("type write prompt input"),
            Self::ExportView => tr("save figure picture pdf png svg csv data"),
            Self::Export(..) => tr("save figure picture copy"),
            Self::ExportPage => tr("html web browser share record run export"),
            Self::FigureOptions => tr("save size colours preview"),
            Self::AblateSelected => tr("ablate silence zero mask knock out prune switch off"),
            Self::RestoreSelected | Self::ClearEdits => tr("reset restore unablate original"),
            Self::AblateEach => tr("importance ranking knock out silence each prune"),
            Self::SetCombine(_) => tr("aggregate average maximum pool"),
            Self::ClearSelection => tr("deselect nothing"),
            Self::ShowView(pane) => of_view(*pane),
            Self::RepeatedText => tr("control induction sequence"),
            Self::ShuffledText => tr("control random order permute"),
            Self::ResetLayout => tr("restore windows panels tiles"),
            Self::SetTheme(ThemeChoice::Dark) => tr("black night mode"),
            Self::SetTheme(ThemeChoice::Light) => tr("white day mode"),
            Self::SetTheme(ThemeChoice::System) => tr("automatic mode"),
            Self::ZoomIn => tr("larger bigger font size scale"),
            Self::ZoomOut => tr("smaller font size scale"),
            Self::ZoomReset => tr("actual size font scale"),
            Self::FullScreen => tr("maximise whole screen"),
            Self::StopReading | Self::StopOpening => tr("cancel abort interrupt"),
            Self::ReadOn => tr("resume go on"),
            Self::ModelFacts => tr(
                "information architecture details properties context length embedding parameters",
            ),
            Self::Help => tr("shortcuts hotkeys mouse help"),
            Self::Tour => tr("tutorial introduction start help"),
            Self::About => tr("version licence license"),
            Self::Quit => tr("exit close"),
            _ => "",
        }
    }

    /// True if it puts another model, text or session in the place of what is open, or ends the window: such a command is
    /// never guessed from scattered letters.
    pub fn replaces(&self) -> bool {
        matches!(
            self,
            Self::OpenRecent(_)
                | Self::OpenEarlier(_)
                | Self::OpenSample(_)
                | Self::ShowRecorded { .. }
                | Self::Quit
        )
    }
}

/// Other words for what a view shows.
fn of_view(pane: Pane) -> &'static str {
    let kinds = pane.figures();
    match kinds.first() {
        Some(FigureKind::Heads) => tr(
            "table survey entropy statistics role induction sink previous token alike scatter bars",
        ),
        Some(FigureKind::Spans) => tr("attention span mask distance reach"),
        Some(FigureKind::Grid) => tr("overview thumbnails all heads patterns"),
        Some(FigureKind::Cost) => tr("flops memory speed kv cache compute"),
        Some(FigureKind::Training) => tr("loss curve log learning"),
        Some(FigureKind::Attention) => tr("heatmap weights pattern matrix softmax query key"),
        Some(FigureKind::Shares) => tr("memory vectors neurons feed-forward mlp experts key value"),
        Some(FigureKind::Predictions) => tr(
            "logits probabilities next token surprisal perplexity generate temperature logit lens attribution residual stream bits per character",
        ),
        Some(FigureKind::Parameters) => tr("card architecture information size"),
        Some(FigureKind::Text) => tr("tokens shading surprisal perplexity reader"),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_is_found_by_other_words() {
        for pane in Pane::ALL {
            assert!(!of_view(pane).is_empty(), "{pane:?}");
        }
    }
}
