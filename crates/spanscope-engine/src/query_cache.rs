//! The answers computed from a run for whoever looks at it, the most urgent first.

use super::alike_task::AlikeTask;
use super::answer::Answer;
use super::head_stats::{HeadStats, HeadStatsTask};
use super::heatmap_image::{HeatmapImage, HeatmapKind, HeatmapRequest};
use super::neuron_stats::NeuronStatsTask;
use super::open::LoadedModel;
use super::queries::{Heads, LensQuery, Queries};
use super::reach_task::ReachTask;
use super::run_file::{CANDIDATES, RunFileError};
use super::selected_heads::{SelectedHeads, SelectedHeadsTask};
use super::text_run::TextRun;
use super::vector_facts::VectorFacts;
use spanscope_core::analysis::similar::AttentionDivergence;
use spanscope_core::analysis::{Lens, Prediction, TokenAttention, TokenSet, lens};
use spanscope_core::model::{Cancel, HeadId, ModelError, Network, ScoreParts, TokenTrace};
use spanscope_core::platform::time::Instant;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Layer and head, query and key.
type ScoreOf = (HeadId, (usize, usize));

/// The terms that a weight is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Layer and head, from 0.
    pub head: HeadId,
    /// Position of the query.
    pub query: usize,
    /// Position of the key.
    pub key: usize,
    /// The terms that its weight is made of.
    pub parts: ScoreParts,
    /// The share of the query's softmax that the soft mask takes away, from 0 to 1.
    pub removed: f32,
}

/// A run over a text, for one step.
pub(super) struct Context<'a> {
    pub model: &'a LoadedModel,
    pub network: &'a Network,
    /// The tokens of the text.
    pub ids: &'a [u32],
    pub reading: &'a TextRun,
    pub looks: &'a Queries,
    /// Rises whenever the run changes.
    pub run: u64,
    /// True if the run is over the whole text.
    pub finished: bool,
    pub cancel: &'a Cancel,
}

/// All answers.
#[derive(Default)]
pub(super) struct QueryCache {
    /// The heads and the run that the detail belongs to, whether or not there is one.
    looked: Option<(Heads, u64)>,
    /// With the beginning of the close-up that it is of, if any.
    looking: Option<(SelectedHeadsTask, Option<usize>)>,
    pub detail: Option<Arc<SelectedHeads>>,
    /// Rises with every detail.
    details: u64,
    gathered: Answer<TokenSet, TokenAttention>,
    pictures: BTreeMap<HeatmapKind, Answer<HeatmapRequest, HeatmapImage>>,
    prediction: Answer<usize, Prediction>,
    score: Answer<ScoreOf, Score>,
    /// One token's way through the network: every logit after it is attributed along this one.
    trace: Answer<usize, TokenTrace>,
    lens: Answer<LensQuery, Lens>,
    surveying: HeadStatsTask,
    alike: AlikeTask,
    pub reach: ReachTask,
    vector: Answer<(Heads, usize), VectorFacts>,
    pub neurons: NeuronStatsTask,
    /// When the last look ended, and how long it took.
    looked_when: Option<Instant>,
    look_time: Duration,
    /// The error of a recorded run, to be told.
    trouble: Option<String>,
}

impl QueryCache {
    /// The error since it was last asked for.
    pub fn take_trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }

    /// An answer from a file; what is wrong with the file is noted.
    fn noted<T>(&mut self, answer: Result<Option<T>, RunFileError>) -> Option<T> {
        answer.unwrap_or_else(|error| {
            self.trouble = Some(error.to_string());
            None
        })
    }

    /// True if another look at an unfinished run would take more time than it leaves to the run.
    pub fn must_wait(&self) -> bool {
        self.looked_when
            .is_some_and(|when| when.elapsed() < self.look_time * 4)
    }

    /// The text has changed after its first `len` tokens. Until somebody has looked again, no weights stand beside tokens
    /// that are not theirs.
    pub fn truncate(&mut self, len: usize) {
        self.detail = self.detail.take().map(|detail| {
            let mut detail = Arc::unwrap_or_clone(detail);
            detail.weights.truncate(len);
            Arc::new(detail)
        });
        match &mut self.looking {
            Some((looking, None)) => looking.truncate(len),
            looking => *looking = None,
        }
        // Sums over tokens that are gone are no one's.
        self.gathered
            .forget_if(|sums| sums.tokens.last().is_some_and(|last| last >= len));
        self.prediction.forget_if(|prediction| prediction.at >= len);
        self.lens.forget_if(|lens| lens.at >= len);
        self.surveying.truncate(len);
        self.neurons.truncate(len);
        self.alike.forget();
        self.reach.forget();
    }

    /// The run begins anew.
    pub fn forget_run(&mut self) {
        self.looking = None;
        self.surveying = HeadStatsTask::default();
        self.neurons = NeuronStatsTask::default();
        self.alike.forget();
        self.reach.forget();
    }

    /// Another network has read the same text: what it is asked anew is shown as the one before answered until then.
    pub fn renew_run(&mut self) {
        self.looking = None;
        self.surveying.renew();
        self.neurons = NeuronStatsTask::default();
        self.alike.forget();
        self.reach.forget();
    }

    fn looked_at(&self, looks: &Queries, run: u64) -> bool {
        self.looked
            .as_ref()
            .is_some_and(|(heads, of)| *heads == looks.heads && *of == run)
    }

    /// The selected tokens, or the last one.
    fn tokens(&self, looks: &Queries) -> TokenSet {
        let end = self.detail.as_ref().map_or(0, |detail| detail.end());
        match end.checked_sub(1) {
            Some(last) if looks.tokens.is_empty() => TokenSet::one(last),
            _ => looks.tokens.clone(),
        }
    }

    fn drawn(&self, looks: &Queries, which: HeatmapKind) -> bool {
        looks.pictures.get(&which).is_none_or(|request| {
            let picture = self.pictures.get(&which);
            picture.is_some_and(|picture| picture.is(request, self.details))
        })
    }

    fn predicted(&self, looks: &Queries, run: u64) -> bool {
        looks
            .prediction
            .is_none_or(|at| self.prediction.is(&at, run))
    }

    fn scored(&self, looks: &Queries, run: u64) -> bool {
        let question = |of| (looks.heads.leading(), of);
        looks
            .score
            .is_none_or(|of| self.score.is(&question(of), run))
    }

    fn has_lens(&self, looks: &Queries, run: u64) -> bool {
        looks.lens.is_none_or(|query| self.lens.is(&query, run))
    }

    fn knows_vector(&self, looks: &Queries) -> bool {
        let question = |vector| (looks.heads.clone(), vector);
        looks
            .vector
            .is_none_or(|vector| self.vector.is(&question(vector), self.details))
    }

    /// True if nothing is left to do.
    pub fn complete(&self, looks: &Queries, run: u64) -> bool {
        self.looked_at(looks, run)
            && self.predicted(looks, run)
            && self.scored(looks, run)
            && self.has_lens(looks, run)
            && self.surveying.is_done(looks, run)
            && self.neurons.is_done(looks, run)
            && self.alike.is_done(looks, run)
            && self.reach.is_done(looks, run)
            && (self.detail.is_none()
                || self.gathered.is(&self.tokens(looks), self.details)
                    && looks.pictures.keys().all(|which| self.drawn(looks, *which))
                    && self.knows_vector(looks))
    }

    /// Does what is most urgent of what is left. False when it was told to stop.
    pub fn step(&mut self, asked: &Context<'_>) -> bool {
        let looks = asked.looks;
        if !self.looked_at(looks, asked.run) && !self.look(asked) {
            return false;
        }
        if let Some(at) = looks.prediction
            && !self.predicted(looks, asked.run)
        {
            let next = asked.ids.get(at + 1).copied();
            let prediction = asked.reading.prediction(at, next, CANDIDATES);
            let prediction = self.noted(prediction);
            self.prediction.set(at, asked.run, prediction);
        }
        if let Some((query, key)) = looks.score
            && !self.scored(looks, asked.run)
        {
            let head = looks.heads.leading();
            let (run, _) = asked.reading.at_hand(Some(query));
            let parts = run.score(head.layer, head.head, query, key);
            let probe = run.probe(head.layer, head.head, query, query + 1);
            let removed = probe.and_then(|probe| probe.removed.first().copied());
            let score = parts.map(|parts| Score {
                head,
                query,
                key,
                parts,
                removed: removed.unwrap_or(0.0),
            });
            self.score.set((head, (query, key)), asked.run, score);
        }
        if let Some(detail) = self.detail.clone() {
            self.show(asked, &detail);
        }
        self.neurons.look_up(asked.model, looks, asked.cancel)
            && self.look_through(asked)
            && self.verify(asked)
            && self.survey(asked)
            && self.add_up_neurons(asked)
            && self.compare(asked)
    }

    /// Measures some more of all neurons, once the run is over the whole text; false when it was told to stop.
    fn add_up_neurons(&mut self, asked: &Context<'_>) -> bool {
        if !asked.looks.neurons || !asked.finished || self.neurons.is_done(asked.looks, asked.run) {
            return true;
        }
        let around = asked.looks.around();
        let (run, range) = asked.reading.at_hand(around);
        let near = asked.reading.close_up_start(around);
        let of = (run, asked.run);
        self.neurons
            .step(asked.network, of, &range, near, asked.cancel)
    }

    /// Reads the logits of every layer after the wanted token, once the run is over the whole text; false when it was told to stop.
    fn look_through(&mut self, asked: &Context<'_>) -> bool {
        let Some(query) = asked.looks.lens else {
            return true;
        };
        if !asked.finished || self.has_lens(asked.looks, asked.run) {
            return true;
        }
        match self.lens(query, asked) {
            Ok(found) => {
                self.lens.set(query, asked.run, found);
                true
            }
            // Nothing else can go wrong with it.
            Err(_) => false,
        }
    }

    fn lens(&mut self, query: LensQuery, asked: &Context<'_>) -> Result<Option<Lens>, ModelError> {
        let at = query.at;
        if !self.trace.is(&at, asked.run) {
            let (run, _) = asked.reading.at_hand(Some(at));
            self.trace.set(at, asked.run, run.trace(at, asked.cancel)?);
        }
        let Some(trace) = self.trace.answer.clone() else {
            return Ok(None);
        };
        let next = asked.ids.get(at + 1).copied();
        lens(asked.network, &trace, next, query.target, asked.cancel)
    }

    /// Searches on for how far a head sees, once the run is over the whole text, and forgets it when nobody asks any more; false when
    /// it was told to stop.
    fn verify(&mut self, asked: &Context<'_>) -> bool {
        let Some(of) = asked.looks.reach else {
            self.reach.forget();
            return true;
        };
        if !asked.finished || self.reach.is_done(asked.looks, asked.run) {
            return true;
        }
        let (run, _) = asked.reading.at_hand(asked.looks.around());
        self.reach.step((run, asked.run), of, asked.cancel)
    }

    /// Measures some more of all heads, once the run is over the whole text; false when it was told to stop.
    fn survey(&mut self, asked: &Context<'_>) -> bool {
        if !asked.finished || self.surveying.is_done(asked.looks, asked.run) {
            return true;
        }
        let around = asked.looks.around();
        let (run, range) = asked.reading.at_hand(around);
        let near = asked.reading.close_up_start(around);
        let of = (run, asked.run);
        self.surveying
            .step(asked.network, of, &range, near, asked.looks, asked.cancel)
    }

    /// Compares some more of all heads' attention, once they are measured; false when it was told to stop.
    fn compare(&mut self, asked: &Context<'_>) -> bool {
        let (looks, number) = (asked.looks, asked.run);
        let waits = !asked.finished || !self.surveying.is_done(looks, number);
        if waits || self.alike.is_done(looks, number) {
            return true;
        }
        let (run, range) = asked.reading.at_hand(looks.around());
        let of = (run, number);
        self.alike
            .step(asked.network, of, &range, looks, asked.cancel)
    }

    /// The comparison of all heads' attention last completed.
    pub fn alike(&self) -> Option<Arc<AttentionDivergence>> {
        self.alike.found.clone()
    }

    /// Updates the results drawn from the selected heads' weights.
    fn show(&mut self, asked: &Context<'_>, detail: &SelectedHeads) {
        let looks = asked.looks;
        let tokens = self.tokens(looks);
        if !self.gathered.is(&tokens, self.details) {
            let gathered = TokenAttention::new(&detail.weights, &tokens);
            self.gathered.set(tokens, self.details, Some(gathered));
        }
        for (which, request) in &looks.pictures {
            if !self.drawn(looks, *which) {
                let picture = HeatmapImage::new(detail, request.clone());
                let place = self.pictures.entry(*which).or_default();
                place.set(request.clone(), self.details, Some(picture));
            }
        }
        if let Some(vector) = looks.vector
            && !self.knows_vector(looks)
        {
            let facts = VectorFacts::of(asked.network, asked.reading, detail, vector);
            let facts = self.noted(facts);
            let question = (looks.heads.clone(), vector);
            self.vector.set(question, self.details, facts);
        }
    }

    /// Looks at the wanted heads; false when it was told to stop.
    fn look(&mut self, asked: &Context<'_>) -> bool {
        let start = Instant::now();
        let (heads, around) = (&asked.looks.heads, asked.looks.around());
        let (run, range) = asked.reading.at_hand(around);
        let near = asked.reading.close_up_start(around);
        let goes_on = |(looking, place): &(SelectedHeadsTask, Option<usize>)| {
            looking.heads() == heads && *place == near
        };
        if !self.looking.as_ref().is_some_and(goes_on) {
            self.looking =
                SelectedHeadsTask::new(run, heads.clone()).map(|looking| (looking, near));
        }
        let looked = match &mut self.looking {
            Some((looking, _)) => looking.go_on(run, &range, asked.cancel),
            None => true,
        };
        if looked {
            self.detail = self
                .looking
                .as_ref()
                .map(|(looking, _)| Arc::new(looking.detail()));
            self.details += 1;
            self.looked = Some((heads.clone(), asked.run));
            self.look_time = start.elapsed();
            self.looked_when = Some(Instant::now());
        }
        looked
    }

    /// The tokens that the selected ones read, and those that read them.
    pub fn gathered(&self) -> Option<Arc<TokenAttention>> {
        self.gathered.answer.clone()
    }

    /// The prediction after the token last asked about.
    pub fn prediction(&self) -> Option<Arc<Prediction>> {
        self.prediction.answer.clone()
    }

    /// The lens on the token last asked about.
    pub fn lens_answer(&self) -> Option<Arc<Lens>> {
        self.lens.answer.clone()
    }

    /// The terms of the weight last asked about.
    pub fn score(&self) -> Option<Arc<Score>> {
        self.score.answer.clone()
    }

    /// The measurements on all heads so far.
    pub fn surveyed(&self) -> Option<Arc<HeadStats>> {
        self.surveying.surveyed.clone()
    }

    /// The facts about the persistent vector last asked about.
    pub fn vector(&self) -> Option<Arc<VectorFacts>> {
        self.vector.answer.clone()
    }

    /// The pictures, as last drawn.
    pub fn pictures(&self) -> BTreeMap<HeatmapKind, Arc<HeatmapImage>> {
        let drawn = self.pictures.iter();
        drawn
            .filter_map(|(which, picture)| Some((*which, picture.answer.clone()?)))
            .collect()
    }
}
