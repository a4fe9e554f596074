//! All that belongs to one open model: the engine that runs it, what is known of it, what is selected, its text and changes
//! with their history, and the file that it came from. The window has one such document.

pub mod draft;
pub mod following;
pub mod history;
pub mod model_file;
pub mod recorded;
mod replace;
pub mod selection;
pub mod text_file;
mod typing;

use crate::engine::{Engine, Queries, Sample, Snapshot, Source, Weighting};
use crate::model::{Edits, HeadId, ModelError};
use crate::text::Accept;
use draft::TextCaret;
use eframe::egui;
use following::Following;
use history::{History, Text};
use model_file::{ModelFile, OpenModel, source_of};
use replace::splice;
use selection::{Hover, Selected, Selection};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use text_file::TextFile;

/// The state that a model of the last session is given back once it is open.
#[derive(Debug)]
pub struct Restored {
    /// The selection; `None` where another model was open.
    pub selected: Option<Selected>,
    /// The edits made by hand.
    pub edits: Edits,
    /// In this model.
    pub of: Option<OpenModel>,
    /// The text of a recorded run to show; `None` for the first.
    pub recorded: Option<usize>,
}

/// An open model with its text.
pub struct Document {
    /// The engine that runs the model.
    pub engine: Engine,
    /// The state that the engine last knew.
    pub snapshot: Arc<Snapshot>,
    /// The selection.
    pub selection: Selection,
    /// The things under the pointer in the last frame.
    pub hover: Hover,
    /// The queries that the engine was last asked to look at.
    looks: Queries,
    /// The text and what is changed in the model, now and before.
    pub history: History,
    /// A text file being read.
    pub text_file: Option<TextFile>,
    /// The open checkpoint with the answers about it; `None` for a bundled model.
    pub file: Option<ModelFile>,
    /// Wishes to open a model, by their numbers, until they are carried out.
    pub asked: Vec<(u64, Option<ModelFile>)>,
    /// The wishes for the training run that is open.
    pub following: Following,
    /// The number of the model and of the failure last seen.
    pub seen: (u64, u64),
    /// The state that the model is given back once it is open.
    pub restored: Option<Restored>,
    /// The model that was opened last.
    opened: Option<OpenModel>,
    /// True if it has no vocabulary, so that its texts are token ids; `None` before the first.
    pub reads_ids: Option<bool>,
    /// True if the text is a file of ids that the last session had open, with another model.
    pub foreign_ids: bool,
    /// True if that is a recorded run.
    pub shows_recorded: bool,
    /// While a recorded run is shown, the model that the history's changes belong to.
    pub behind: Option<OpenModel>,
    /// The caret in the text, and in that of a recorded run.
    caret: [TextCaret; 2],
    /// The text that the caret stands in.
    caret_of: Arc<str>,
    /// The number of times that something else than a key has set the caret.
    placed: u64,
    /// Where the caret goes in the first text, as it was at the last start, in characters.
    first_caret: Option<(usize, usize)>,
    /// True until the engine has the text: not while a file is read that takes its place.
    withheld: bool,
}

/// The state that a document begins with.
pub struct Beginning {
    /// The model.
    pub source: Source,
    /// Its file, unless it is a bundled one.
    pub file: Option<ModelFile>,
    /// The text to begin with.
    pub text: Text,
    /// A file whose text comes later.
    pub text_file: Option<TextFile>,
    /// The state that the model is given back once it is open.
    pub restored: Option<Restored>,
    /// The caret of the last session, and where what was selected begins, in characters.
    pub caret: Option<(usize, usize)>,
}

impl Document {
    /// A document whose model is being opened on `device`; `notify` is called when there is more to draw.
    pub fn new(
        device: crate::model::Device,
        beginning: Beginning,
        notify: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        // A text that is on its way is the one that was named: no other is run meanwhile.
        let withheld = beginning.text_file.is_some();
        let text = match withheld {
            true => Arc::default(),
            false => Arc::clone(&beginning.text.text),
        };
        let engine = Engine::start_on(device, beginning.source, text, notify);
        let mut document = Self {
            snapshot: engine.snapshot(),
            engine,
            selection: Selection::default(),
            hover: Hover::default(),
            looks: Queries::default(),
            history: History::new(beginning.text),
            text_file: beginning.text_file,
            file: None,
            asked: vec![(1, beginning.file)],
            following: Following::default(),
            seen: (0, 0),
            restored: beginning.restored,
            opened: None,
            reads_ids: None,
            foreign_ids: false,
            shows_recorded: false,
            behind: None,
            caret: [TextCaret::default(); 2],
            caret_of: Arc::default(),
            placed: 0,
            first_caret: beginning.caret,
            withheld,
        };
        document.place_caret();
        document
    }

    /// True if everything that was asked for is done and in the snapshot.
    pub fn settled(&self) -> bool {
        self.text_file.is_none() && self.asked.is_empty() && self.engine.is_settled(&self.snapshot)
    }

    /// The model that is open.
    pub fn model_now(&self) -> Option<OpenModel> {
        match (&self.file, &self.snapshot.model) {
            (Some((path, _)), _) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                Some(OpenModel::File(path))
            }
            (None, Some(model)) => Some(OpenModel::Sample(model.file_name().to_owned())),
            (None, None) => None,
        }
    }

    /// Opens a bundled model; the text stays.
    pub fn open_sample(&mut self, sample: &'static Sample) {
        let number = self.engine.open(Source::Sample(sample));
        self.asked.push((number, None));
    }

    /// Opens a checkpoint; the text stays.
    pub fn open_file(&mut self, file: ModelFile) {
        let number = self.engine.open(source_of(&file));
        self.asked.push((number, Some(file)));
    }

    /// Reads a text file; one that is being read is let go.
    pub fn read_text(&mut self, path: PathBuf, ctx: &egui::Context) {
        self.text_file = Some(TextFile::read(path, Accept::Texts, ctx));
    }

    /// Gives the engine the text at hand where the file that was to take its place could not be read.
    pub fn give_withheld(&mut self) {
        if self.withheld && self.text_file.is_none() {
            self.text_changed();
        }
    }

    /// The history's text is another one: the engine is to run over it.
    pub fn text_changed(&mut self) {
        self.withheld = false;
        if !self.shows_recorded {
            self.selection.clear_tokens();
        }
        self.place_caret();
        self.engine.set_text(Arc::clone(self.own_text()));
    }

    /// The same where it is the text before, changed at some place: the caret goes there.
    fn text_edited(&mut self) {
        self.withheld = false;
        if !self.shows_recorded {
            self.selection.clear_tokens();
        }
        self.caret_to_change();
        self.engine.set_text(Arc::clone(self.own_text()));
    }

    /// Has the engine look at what the views need, beside what is selected.
    pub fn look(&mut self, mut looks: Queries) {
        let model = self.snapshot.model.as_ref();
        if model.is_some_and(|model| model.recorded.is_some()) {
            // It has no values to weigh by.
            self.selection.set_weighting(Weighting::Attention);
        }
        looks.heads = self.selection.heads.clone();
        looks.tokens = self.selection.tokens.clone();
        if looks != self.looks {
            self.engine.look(looks.clone());
            self.looks = looks;
        }
    }

    /// Goes back or on in the history, and runs what is then at hand.
    pub fn step(&mut self, step: impl FnOnce(&mut History) -> bool) {
        let before = self.history.present().clone();
        if !step(&mut self.history) {
            return;
        }
        if !Arc::ptr_eq(&before.text.text, self.own_text()) {
            self.text_edited();
        }
        if before.edits != self.history.present().edits {
            self.engine
                .edit_of(self.snapshot.model_number, self.edits().clone());
        }
    }

    /// Puts `text` in the place of a range of the text's own bytes.
    pub fn replace(&mut self, range: Range<usize>, text: &str) {
        let new = splice(self.own_text(), range, text);
        self.history.load(Text {
            text: new.into(),
            name: Arc::clone(&self.history.present().text.name),
            origin: None,
        });
        self.text_edited();
    }

    /// Changes the model by hand, at `time`.
    ///
    /// # Errors
    /// When there is no such change.
    pub fn edit(
        &mut self,
        change: impl FnOnce(&mut Edits, &[HeadId]) -> Result<(), ModelError>,
        time: f64,
    ) -> Result<(), ModelError> {
        let mut edits = self.edits().clone();
        change(&mut edits, self.selection.heads.all())?;
        self.engine
            .edit_of(self.snapshot.model_number, edits.clone());
        self.history.edit(edits, time);
        Ok(())
    }

    /// Selects the head that is so many layers and heads away from the leading one.
    pub fn move_head(&mut self, layers: isize, heads: isize) {
        let Some(model) = &self.snapshot.model else {
            return;
        };
        let architecture = model.network.architecture();
        let step = |at: usize, by: isize, end: usize| {
            at.saturating_add_signed(by).min(end.saturating_sub(1))
        };
        let HeadId { layer, head } = self.selection.heads.leading();
        self.selection.select_head(HeadId {
            layer: step(layer, layers, architecture.nb_layers()),
            head: step(head, heads, architecture.nb_heads()),
        });
    }

    /// Selects the token before the next part of the text that the vocabulary lacks, from the selected one on and round; false where
    /// there is none.
    pub fn select_before_unknown(&mut self) -> bool {
        let tokens = &self.snapshot.tokens;
        let lacks = |at: &usize| {
            tokens
                .pieces
                .get(*at)
                .is_some_and(|piece| piece.id.is_none())
        };
        let selected = self.selection.tokens.last();
        let selected = selected.and_then(|token| tokens.piece_of.get(token));
        let from = selected.map_or(0, |piece| {
            let mut next = *piece as usize + 1;
            while lacks(&next) {
                next += 1;
            }
            next
        });
        let all = tokens.pieces.len();
        let Some(found) = (from..all).find(lacks).or_else(|| (0..all).find(lacks)) else {
            return false;
        };
        let before = tokens
            .piece_of
            .partition_point(|piece| (*piece as usize) < found);
        let before = before.saturating_sub(1);
        self.selection.drag_tokens(before, before);
        true
    }

    /// Selects every head that `wanted` wants; the leading one stays the leading one.
    pub fn select(&mut self, wanted: impl Fn(HeadId) -> bool) {
        let Some(model) = &self.snapshot.model else {
            return;
        };
        let (layers, heads) = (
            model.network.architecture().nb_layers(),
            model.network.architecture().nb_heads(),
        );
        let all = (0..layers).flat_map(|layer| (0..heads).map(move |head| HeadId { layer, head }));
        let leading = self.selection.heads.leading();
        self.selection
            .select_heads(leading, all.filter(|head| wanted(*head)));
    }

    /// The name of the text that is shown.
    pub fn text_name(&self) -> String {
        let recorded = self.snapshot.model.as_ref();
        let recorded = recorded.and_then(|model| model.recorded.as_ref());
        let header = recorded.and_then(|run| {
            let index = self.snapshot.recorded.unwrap_or(0);
            run.text_header(index).ok()
        });
        match header {
            Some(header) => header.name.clone(),
            None => self.history.present().text.name.to_string(),
        }
    }
}
