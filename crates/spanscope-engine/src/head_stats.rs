//! The survey of all heads, carried on while nothing more urgent is wanted.

use super::queries::{Heads, Queries, Weighting};
use spanscope_core::analysis::{HeadMeasure, SpanFlag, Survey, Thumbnail, flag, usual_sink_free};
use spanscope_core::model::{Cancel, HeadId, Network, Run};
use spanscope_core::platform::HAS_THREADS;
use spanscope_core::platform::time::Instant;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// The time a step of a survey should take: short enough that a new wish is seen at once.
const STEP: Duration = Duration::from_millis(if HAS_THREADS { 30 } else { 10 });

/// Queries of the first step; later ones are as many as fit its time.
const FIRST: usize = 64;

/// Time between two looks at an unfinished survey, at least.
const SHOW: Duration = Duration::from_millis(400);

/// The measurements on every head.
#[derive(Debug, Clone)]
pub struct HeadStats {
    /// The queries measured.
    pub queries: Range<usize>,
    /// The queries that will be.
    pub wanted: Range<usize>,
    /// Layer by layer.
    pub measures: Vec<HeadMeasure>,
    /// The flag on each head's span, where something is worth pointing out.
    pub flags: Vec<Option<SpanFlag>>,
    /// Of the leading head.
    pub leading: LeadingHead,
    /// The mean weight by distance of the selected heads, as [`LeadingHead::by_distance`], if asked for.
    pub profiles: Vec<(HeadId, Vec<f32>)>,
    /// A small picture of every head, if asked for, layer by layer.
    pub thumbnails: Option<Arc<Vec<Thumbnail>>>,
    /// The weights that effective spans, mean distances, the leading head's and the small pictures are of.
    pub weighting: Weighting,
    /// The first distance of every bin of a thumbnail and, at the end, the first beyond the last.
    pub bin_edges: Vec<usize>,
}

/// The measurements on the leading head by distance and by query.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadingHead {
    /// Layer and head, from 0.
    pub head: HeadId,
    /// The mean weight that the text gives each distance, from 1.
    pub by_distance: Vec<f32>,
    /// The same of later tokens, from distance 1; nothing where queries see none.
    pub by_later_distance: Vec<f32>,
    /// For each of the queries measured, the share of its softmax that the mask took away.
    pub removed: Vec<f32>,
}

/// The form in which a survey is shown: the leading head, rows and columns of thumbnails, and the heads whose profiles are there.
type Shown = (HeadId, Option<(usize, usize)>, Option<Heads>);

fn wanted_form(looks: &Queries) -> Shown {
    let profiles = looks.profiles.then(|| looks.heads.clone());
    (looks.heads.leading(), looks.thumbnails, profiles)
}

/// A survey on its way.
#[derive(Default)]
pub(super) struct HeadStatsTask {
    survey: Option<Survey>,
    /// The beginning of the run that it is of, if it is a close-up.
    near: Option<usize>,
    /// The run that it is complete for.
    complete: Option<u64>,
    /// The part of it shown last: of which run, and how.
    shown: Option<(u64, Shown)>,
    shown_when: Option<Instant>,
    at_once: usize,
    /// True while the statistics shown are of the network before: they stay until this one is measured as a whole.
    holds: bool,
    pub surveyed: Option<Arc<HeadStats>>,
}

impl HeadStatsTask {
    /// The text has changed after its first `len` tokens.
    pub fn truncate(&mut self, len: usize) {
        if let Some(survey) = &mut self.survey {
            survey.truncate(len);
        }
        self.holds = false;
        // After a change of a few words what is shown stays until there is something newer; of another text it does not.
        let is_another = |surveyed: &HeadStats| surveyed.queries.end > 2 * len;
        if self.surveyed.as_deref().is_some_and(is_another) {
            self.surveyed = None;
        }
    }

    /// Another network has read the text.
    pub fn renew(&mut self) {
        self.survey = None;
        self.complete = None;
        self.holds = self.surveyed.is_some();
    }

    /// True if everything that is wanted of it is there.
    pub fn is_done(&self, looks: &Queries, run: u64) -> bool {
        let left_out = self.survey.as_ref().map(Survey::left_out);
        let is_other = looks
            .sink_free
            .is_some_and(|wanted| left_out != Some(wanted));
        let wanted = looks.heads.weighting() == Weighting::Norm;
        let weighted = self.survey.as_ref().map(Survey::is_norm_weighted);
        !looks.survey
            || !is_other
                && weighted == Some(wanted)
                && self.complete == Some(run)
                && self.shown == Some((run, wanted_form(looks)))
    }

    /// Measures some more of the queries in `range`; false when it was told to stop.
    pub fn step(
        &mut self,
        network: &Network,
        run: (&Run, u64),
        range: &Range<usize>,
        near: Option<usize>,
        looks: &Queries,
        cancel: &Cancel,
    ) -> bool {
        let (run, number) = run;
        let sink_free = looks.sink_free.unwrap_or_else(|| usual_sink_free(network));
        let norm = looks.heads.weighting() == Weighting::Norm;
        let mut survey = match self.survey.take() {
            Some(survey)
                if self.near == near
                    && survey.left_out() == sink_free
                    && survey.is_norm_weighted() == norm =>
            {
                survey
            }
            _ => {
                self.complete = None;
                let survey = Survey::new(network).sink_free(sink_free);
                survey.norm_weighted(norm)
            }
        };
        self.near = near;
        let mut done = true;
        if self.complete != Some(number) {
            let start = Instant::now();
            let covered = survey.range();
            let begins = covered.start <= range.start && covered.end >= range.start;
            let from = if begins { covered.end } else { range.start };
            let at_once = self.at_once.max(FIRST);
            let to = (from + at_once).min(range.end);
            done = survey.go_on(run, &(range.start..to), cancel);
            // Where nothing was added, the run has forgotten what it would take.
            let stuck = survey.range().end <= covered.end && begins;
            if done && (to >= range.end || stuck) {
                self.complete = Some(number);
            }
            if done && to - from == at_once {
                let fits =
                    at_once as f32 * STEP.as_secs_f32() / start.elapsed().as_secs_f32().max(1e-4);
                self.at_once = (fits as usize).clamp(FIRST, 2 * at_once);
            }
        }
        let shown_lately = self.shown_when.is_some_and(|when| when.elapsed() < SHOW);
        let is_complete = self.complete == Some(number);
        if is_complete || !shown_lately && !self.holds {
            self.holds &= !is_complete;
            self.show(network, &survey, range, looks);
            let of = self.complete.unwrap_or(0);
            self.shown = Some((of, wanted_form(looks)));
        }
        self.survey = Some(survey);
        done
    }

    fn show(&mut self, network: &Network, survey: &Survey, wanted: &Range<usize>, looks: &Queries) {
        let measures = survey.measures();
        let spans = network.spans();
        let flags = measures.iter().zip(&spans);
        let HeadId { layer, head } = looks.heads.leading();
        let thumbnails = looks.thumbnails.map(|size| {
            let of =
                |span: &spanscope_core::model::Span| survey.thumbnail(span.id(), wanted.end, size);
            Arc::new(spans.iter().map(of).collect())
        });
        let profile = |id: &HeadId| (*id, survey.by_distance(id.layer, id.head));
        let profiles = looks
            .profiles
            .then(|| looks.heads.all().iter().map(profile));
        self.surveyed = Some(Arc::new(HeadStats {
            profiles: profiles.into_iter().flatten().collect(),
            queries: survey.range(),
            wanted: wanted.clone(),
            flags: flags.map(|(measure, span)| flag(measure, span)).collect(),
            measures,
            leading: LeadingHead {
                head: HeadId { layer, head },
                by_distance: survey.by_distance(layer, head),
                by_later_distance: survey.by_later_distance(layer, head),
                removed: survey.removed(layer, head),
            },
            thumbnails,
            weighting: match survey.is_norm_weighted() {
                true => Weighting::Norm,
                false => Weighting::Attention,
            },
            bin_edges: survey.bin_edges(wanted.end).to_vec(),
        }));
        self.shown_when = Some(Instant::now());
    }
}
