//! The last state of the worker: everything that a window draws.

use super::generation_task::Generated;
use super::head_stats::HeadStats;
use super::heatmap_image::{HeatmapImage, HeatmapKind};
use super::neuron_stats::{NeuronFacts, NeuronStats, NeuronsPromoting};
use super::open::LoadedModel;
use super::query_cache::{QueryCache, Score};
use super::reach_task::ReachFacts;
use super::selected_heads::SelectedHeads;
use super::tokens::Tokens;
use super::vector_facts::VectorFacts;
use spanscope_chart::TokenName;
use spanscope_core::analysis::similar::AttentionDivergence;
use spanscope_core::analysis::{Lens, Prediction, Shares, TokenAttention};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Something that went wrong, to be shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Rises with every failure.
    pub number: u64,
    /// The wish to open a model that failed, by its number; `None` when something else did.
    pub opening: Option<u64>,
    /// The wish for the text that cannot be read, by its number: see [`Engine::text_number`](crate::Engine::text_number).
    pub text: Option<u64>,
    /// The failure in words, and the advice.
    pub message: String,
}

/// The state of the work at one moment. Cheap to clone; it never changes once published.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The open model.
    pub model: Option<Arc<LoadedModel>>,
    /// The model that is being opened, as far as it is known before its weights are read: its spans.
    pub preview: Option<Arc<LoadedModel>>,
    /// The wish that opened the model, by its number: rises with every model opened.
    pub model_number: u64,
    /// The last wish that this takes into account, by its number.
    pub version: u64,
    /// Which text of a recorded run is shown, from 0; `None` of any other model.
    pub recorded: Option<usize>,
    /// The text, cut into the model's tokens.
    pub tokens: Arc<Tokens>,
    /// Why the model does not read the text, where it does not: too long, or no list of ids.
    pub refused: Option<Arc<str>>,
    /// Tokens that the network has run over.
    pub done: usize,
    /// Tokens whose weights are at hand: all, but of a text too long for the memory.
    pub at_hand: Range<usize>,
    /// −log2 p of every token that was predicted: the i-th belongs to token i + 1.
    pub surprisal: Arc<Vec<f32>>,
    /// Bits per token: the mean surprisal so far.
    pub bits_per_token: Option<f64>,
    /// Mean shares of every head's weight, layer by layer; nothing before the first token.
    pub shares: Arc<Vec<Shares>>,
    /// The selected heads.
    pub detail: Option<Arc<SelectedHeads>>,
    /// The attention of the selected tokens with these heads: what they read, and who reads them.
    pub gathered: Option<Arc<TokenAttention>>,
    /// The pictures last asked for.
    pub pictures: BTreeMap<HeatmapKind, Arc<HeatmapImage>>,
    /// The terms that the weight last asked about is made of.
    pub score: Option<Arc<Score>>,
    /// The statistics of all heads so far, if they were asked for.
    pub surveyed: Option<Arc<HeadStats>>,
    /// How much the attention of all heads differs from that of the head last asked about.
    pub alike: Option<Arc<AttentionDivergence>>,
    /// The search for a head's reach last asked for.
    pub reach: Option<Arc<ReachFacts>>,
    /// The continuation last asked for, as far as it is drawn.
    pub continued: Option<Arc<Generated>>,
    /// The prediction after the token last asked about.
    pub prediction: Option<Arc<Prediction>>,
    /// What every layer expects after the token last asked about, and what a logit is the sum of.
    pub lens: Option<Arc<Lens>>,
    /// The facts on the persistent vector last asked about.
    pub vector: Option<Arc<VectorFacts>>,
    /// The use of all neurons so far, if it was asked for.
    pub neurons: Option<Arc<NeuronStats>>,
    /// The facts on the neuron last asked about.
    pub neuron: Option<Arc<NeuronFacts>>,
    /// The neurons that promote the token last asked about.
    pub promoting: Option<Arc<NeuronsPromoting>>,
    /// Bits per token of this text without the edits of the model, where that was measured.
    pub unedited_bits: Option<f64>,
    /// The surprisal of this text without the edits of the model, as [`surprisal`](Self::surprisal), where that was measured.
    pub unedited_surprisal: Option<Arc<Vec<f32>>>,
    /// Milliseconds from the last edit until the network had run over the whole text.
    pub milliseconds: Option<f32>,
    /// True if a model is being opened.
    pub opening: bool,
    /// True if there is more to come: something that was wanted is not here yet.
    pub busy: bool,
    /// The last thing that went wrong.
    pub failure: Option<Failure>,
}

impl Snapshot {
    /// With all that has been answered so far.
    pub(super) fn with_answers(self, answers: &QueryCache) -> Self {
        Self {
            detail: answers.detail.clone(),
            gathered: answers.gathered(),
            pictures: answers.pictures(),
            score: answers.score(),
            surveyed: answers.surveyed(),
            alike: answers.alike(),
            reach: answers.reach.facts.clone(),
            prediction: answers.prediction(),
            lens: answers.lens_answer(),
            vector: answers.vector(),
            neurons: answers.neurons.stats.clone(),
            neuron: answers.neurons.facts(),
            promoting: answers.neurons.promoting(),
            ..self
        }
    }

    /// The model whose spans are shown: the one that is being opened, or the open one.
    pub fn shown(&self) -> Option<&Arc<LoadedModel>> {
        self.preview.as_ref().or(self.model.as_ref())
    }

    /// −log2 p of the token at position `token`, given those before it; the first one has none.
    pub fn surprisal_of(&self, token: usize) -> Option<f32> {
        self.surprisal.get(token.checked_sub(1)?).copied()
    }

    /// Bits that the edits of the model add to the surprisal of the token at position `token`; `None` without edits, and where
    /// it was not measured without them.
    pub fn surprisal_change(&self, token: usize) -> Option<f32> {
        let model = self.model.as_ref()?;
        if model.network.edits().is_empty() {
            return None;
        }
        let before = self.unedited_surprisal.as_ref()?;
        let before = before.get(token.checked_sub(1)?)?;
        Some(self.surprisal_of(token)? - before)
    }

    /// A short visible name of the token at position `token`.
    pub fn label(&self, token: usize) -> String {
        match (&self.model, self.tokens.ids.get(token)) {
            (Some(model), Some(&id)) => model.label(id),
            _ => String::new(),
        }
    }

    /// The name in tables of the token at position `token`.
    pub fn token_name(&self, token: usize) -> TokenName {
        match (&self.model, self.tokens.ids.get(token)) {
            (Some(model), Some(&id)) => model.token_name(id),
            _ => TokenName::default(),
        }
    }

    /// The whole character of the text that the token at position `token` is part of; with a model of bytes, most
    /// characters are several tokens. `None` where it is more than a part of one, or where the bytes are no UTF-8.
    pub fn character_of(&self, token: usize) -> Option<&str> {
        self.tokens.character_of(token)
    }
}
