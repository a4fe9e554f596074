//! The names of commands, and what they do, in words.

use super::command::Command;
use crate::chart::thousands;
use crate::engine::figures::FigureKind;
use crate::engine::{Combine, Sample};
use crate::model::FirstTokens;
use crate::ui::export::figures::{self, TENSORS, Way};
use crate::ui::language::{tr, trf};
use crate::ui::session::settings::ThemeChoice;
use crate::ui::widgets::names::head_name;

impl Command {
    /// The name, for menus.
    pub fn name(&self) -> String {
        let name = match self {
            Self::OpenRecent(path) => return path.display().to_string(),
            Self::OpenEarlier(session) => return session.name(),
            Self::SelectHead(head) => return head_name(*head),
            Self::SetRamp(ramp) => return trf("Ramp of {0} tokens", &[ramp]),
            Self::SetSpan {
                head,
                span: Some(span),
            } => return trf("Set the span of {0} to {1}", &[&head_name(*head), span]),
            Self::SetSpan { head, span: None } => {
                return trf("Span of {0} as trained", &[&head_name(*head)]);
            }
            Self::Ablate {
                head,
                ablated: true,
            } => {
                return trf("Ablate {0}", &[&head_name(*head)]);
            }
            Self::Ablate { head, .. } => {
                return trf("Restore {0}", &[&head_name(*head)]);
            }
            Self::AblateNeuron { id, ablated: true } => {
                return trf("Ablate neuron {0}", &[id]);
            }
            Self::AblateNeuron { id, .. } => return trf("Restore neuron {0}", &[id]),
            Self::SpanOfSelected(span) => {
                return trf("Set the span of the selected heads to {0} tokens", &[span]);
            }
            Self::Change(wish) => return trf("Change the model: {0}", &[wish]),
            Self::FirstTokens(Some(FirstTokens::Keep(count))) => {
                return trf("Keep the first {0} tokens", &[count]);
            }
            Self::FirstTokens(Some(FirstTokens::Drop(count))) => {
                return trf("Drop the first {0} tokens", &[count]);
            }
            Self::FirstTokens(None) => tr("The first tokens as all others"),
            Self::ShowView(pane) => return trf("Show {0}", &[&pane.title()]),
            Self::ShowRecorded { index, name } => {
                return trf("Text {0} of the run: {1}", &[&(index + 1), name]);
            }
            Self::ToggleView(pane) => return trf("Open or close {0}", &[&pane.title()]),
            Self::SetLanguage(language) => return language.name().into(),
            Self::SetMemory(mb) => return trf("{0} MB of memory for a text", &[&thousands(*mb)]),
            Self::TakeSpecialTokens(true) => tr("Special tokens in the text are tokens"),
            Self::TakeSpecialTokens(false) => tr("Special tokens in the text are text"),
            Self::OpenModel => tr("Open model…"),
            Self::OpenRun => tr("Open training run…"),
            Self::FollowRun => tr("Follow training run"),
            Self::OpenSample(sample) => sample_name(sample),
            Self::StepRecorded(-1) => tr("Previous text of the run"),
            Self::StepRecorded(_) => tr("Next text of the run"),
            Self::OpenText => tr("Open text…"),
            Self::OpenExamples => tr("Open examples…"),
            Self::ShowPlace { .. } => tr("Show a place in its text"),
            Self::RepeatedText => tr("Random tokens, twice"),
            Self::ShuffledText => tr("Shuffle the text"),
            Self::OpenVocabulary => tr("Choose vocabulary…"),
            Self::Undo => tr("Undo"),
            Self::Redo => tr("Redo"),
            Self::EditText => tr("Edit the text"),
            Self::Insert { .. } => tr("Insert text"),
            Self::CloseText => tr("Close this text"),
            Self::Replace { .. } => tr("Replace text"),
            Self::Continue(_) => tr("Continue the text"),
            Self::StopContinuing => tr("Stop continuing"),
            Self::ExportView => tr("Export this view…"),
            Self::Export(kind, way) => {
                let figure = figures::name(*kind);
                return match way {
                    Way::Save => trf("Export {0}…", &[&figure]),
                    Way::CopyPicture => trf("Copy picture: {0}", &[&figure]),
                    Way::CopyNumbers => trf("Copy data (CSV): {0}", &[&figure]),
                    Way::CopySvg => trf("Copy SVG: {0}", &[&figure]),
                };
            }
            Self::FigureOptions => tr("Figure options…"),
            Self::ExportPage => tr("Interactive page…"),
            Self::Move { layers: -1, .. } => tr("Previous layer"),
            Self::Move { layers: 1, .. } => tr("Next layer"),
            Self::Move { heads: -1, .. } => tr("Previous head"),
            Self::Move { .. } => tr("Next head"),
            Self::SelectLayer => tr("Select whole layer"),
            Self::NextUnknown => tr("Next text outside the vocabulary"),
            Self::SelectAll => tr("Select all heads"),
            Self::ClearSelection => tr("Clear selection"),
            Self::SetCombine(Combine::Mean) => tr("Several heads: their mean"),
            Self::SetCombine(Combine::Max) => tr("Several heads: the largest"),
            Self::AblateSelected => tr("Ablate the selected heads"),
            Self::RestoreSelected => tr("Restore selected heads"),
            Self::ClearEdits => tr("All heads as trained"),
            Self::AblateEach => tr("Ablate every head in turn"),
            Self::ResetLayout => tr("Reset layout"),
            Self::SetTheme(ThemeChoice::System) => tr("Theme as the desktop"),
            Self::SetTheme(ThemeChoice::Dark) => tr("Dark theme"),
            Self::SetTheme(ThemeChoice::Light) => tr("Light theme"),
            Self::ZoomIn => tr("Zoom in"),
            Self::ZoomOut => tr("Zoom out"),
            Self::ZoomReset => tr("Actual size"),
            Self::FullScreen => tr("Full screen"),
            Self::StopReading => tr("Stop processing"),
            Self::ReadOn => tr("Resume"),
            Self::StopOpening => tr("Stop opening the model"),
            Self::ModelFacts => tr("About this model"),
            Self::Palette => tr("Find a command…"),
            Self::Help => tr("Keys and gestures"),
            Self::Tour => tr("A short tour"),
            Self::About => tr("About spanscope"),
            Self::Quit => tr("Quit"),
        };
        name.into()
    }

    /// The effect of the command, in a sentence; nothing where the name says it.
    pub fn explanation(&self) -> &'static str {
        match self {
            Self::OpenModel => {
                tr("A .pt, .safetensors or .gguf file, a folder of Hugging Face, or a recorded run")
            }
            Self::OpenRun => {
                tr("The folder that spanscope train writes to; the views follow the training")
            }
            Self::FollowRun => {
                tr("Shows every checkpoint that the run writes, or stays with the one on show")
            }
            Self::ShowRecorded { .. } | Self::StepRecorded(_) => {
                tr("The texts that were recorded; each has its own views")
            }
            Self::OpenRecent(_) => tr("A model or a run opened before"),
            Self::OpenEarlier(_) => {
                tr("What a window had when it was closed; what is open now is kept as well")
            }
            Self::OpenSample(_) => tr("A bundled model, with a text that suits it"),
            Self::OpenExamples => tr(
                "Places in texts that show what every head does, as spanscope examples wrote them",
            ),
            Self::ShowPlace { .. } => tr("Opens the text and selects the token"),
            Self::RepeatedText => tr(
                "A control: 128 random tokens and the same again in the place of the text; induction heads stand out on it",
            ),
            Self::ShuffledText => tr(
                "A control: the words of the text in random order, or its characters where tokens are characters",
            ),
            Self::OpenText => tr("A text file, plain, .zip or .gz; the model runs over it"),
            Self::OpenVocabulary => tr("A train.txt, the raw training text, or JSON"),
            Self::SetRamp(_) => tr("The length of the soft mask's ramp"),
            Self::Undo => tr("Take back the last change of the text or of the model"),
            Self::Redo => tr("Redo the last change undone"),
            Self::EditText => tr("Show the text, and put the caret into it"),
            Self::CloseText => tr("The text before it comes back"),
            Self::Insert { .. } | Self::Replace { .. } => {
                tr("Where it says; the text is as before with Undo")
            }
            Self::Continue(_) => {
                tr("The model writes on after the selected token, or the last one")
            }
            Self::StopContinuing => tr("What is written so far stays"),
            Self::ExportView => tr("The view that was last used, else the span chart"),
            Self::Export(FigureKind::Attention, Way::Save) => {
                tr("The queries in view, as SVG, PDF, PNG, CSV, JSON or safetensors")
            }
            Self::Export(kind, Way::Save) if figures::endings(*kind).contains(&TENSORS) => {
                tr("As SVG, PDF, PNG, CSV, JSON or safetensors")
            }
            Self::Export(_, Way::Save) => tr("As SVG, PDF, PNG, CSV or JSON"),
            Self::Export(_, Way::CopyPicture) => tr("As PNG, to be pasted into a document"),
            Self::Export(_, Way::CopyNumbers) => tr("As CSV, to be pasted into a spreadsheet"),
            Self::Export(_, Way::CopySvg) => tr("The text of the drawing"),
            Self::ExportPage => {
                tr("One .html file with this window and the run, which opens in any browser")
            }
            Self::FigureOptions => {
                tr("Size, font, colours and background of exported figures, with a preview")
            }
            Self::Move { .. } => tr("Where no text has the focus"),
            Self::SelectHead(_) => tr("Select this head in every view"),
            Self::SelectLayer => tr("All heads of the selected head's layer"),
            Self::NextUnknown => tr("Underlined in the text; the model does not see it"),
            Self::SelectAll => tr("Where no text has the focus"),
            Self::ClearSelection => tr(
                "One head, no token: the views follow the end of the text; dismisses notifications",
            ),
            Self::SetCombine(_) => tr("How several selected heads become one picture"),
            Self::FirstTokens(_) => tr(
                "Streaming caches keep some tokens at the text's start visible whatever the window, or drop them",
            ),
            Self::SetSpan { .. } | Self::SpanOfSelected(_) | Self::Change(_) => {
                tr("See what follows if a head looked just so far; the file stays as it is")
            }
            Self::Ablate { .. } | Self::AblateNeuron { .. } | Self::AblateSelected => {
                tr("They add nothing to their layer's output; the file stays as it is")
            }
            Self::RestoreSelected => tr("Takes back spans set and heads ablated among them"),
            Self::ClearEdits => tr("Takes back all spans set and heads ablated"),
            Self::AblateEach => tr("Ranks all heads by the bits that this text costs without each"),
            Self::ShowView(_) => tr("Bring this view to the front"),
            Self::ToggleView(_) => tr("A closed view comes back where it was"),
            Self::ResetLayout => tr("All views in their default places"),
            Self::SetTheme(_) | Self::SetLanguage(_) => tr("Interface of the whole window"),
            Self::SetMemory(_) => {
                tr("Of a longer text, weights are available around the selection")
            }
            Self::TakeSpecialTokens(true) => {
                tr("One that is spelled in the text, such as <s>, is that token")
            }
            Self::TakeSpecialTokens(false) => {
                tr("One that is spelled in the text, such as <s>, is cut like any other word")
            }
            Self::ZoomIn | Self::ZoomOut | Self::ZoomReset => tr("The whole interface"),
            Self::FullScreen => tr("The same key brings the window back"),
            Self::StopReading => tr("What was read so far stays and is shown"),
            Self::ReadOn => tr("From where the run was stopped"),
            Self::StopOpening => tr("The model that is open stays"),
            Self::ModelFacts => tr("What was read, inferred and assumed"),
            Self::Palette => tr("Search commands, views, heads and files"),
            Self::Help => tr("What keys and the mouse do"),
            Self::Tour => tr("Short notes that show where to begin"),
            Self::About => tr("Versions, licences, and what it is made of"),
            Self::Quit => tr("Your session is restored on restart"),
        }
    }
}

/// The name of a bundled model, in the language of the window.
pub fn sample_name(sample: &Sample) -> &'static str {
    match sample.name {
        "Shakespeare, adaptive span" => tr("Shakespeare, adaptive span"),
        "Wikipedia, all-attention" => tr("Wikipedia, all-attention"),
        "Shakespeare, adaptive span up to 1,024" => tr("Shakespeare, adaptive span up to 1,024"),
        "Shakespeare, all-attention" => tr("Shakespeare, all-attention"),
        "Shakespeare, fixed span of 1,024" => tr("Shakespeare, fixed span of 1,024"),
        "Prose and code, local and global layers" => tr("Prose and code, local and global layers"),
        other => other,
    }
}
