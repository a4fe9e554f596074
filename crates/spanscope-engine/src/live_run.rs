//! A text being read: the run over it, what is measured on the way, and earlier states to come back to.
//!
//! A text whose run fits the memory is kept whole. A longer one streams: what is measured is kept for all of it, but
//! queries, keys and values only of its last tokens and, where somebody looks elsewhere, of a *close-up*, a window run
//! again from the nearest bookmark. Bookmarks are states of the run from which it can go on, and nothing more.

use spanscope_core::analysis::{CutShares, ShareRecorder, Shares, bits};
use spanscope_core::model::{Cancel, ModelError, Network, Run};
use std::ops::Range;
use std::sync::Arc;

/// A cut that loses fewer tokens is not worth being remembered: they run again at once.
const FEW: usize = 16;

/// Most earlier texts that are kept.
const MOST_EARLIER: usize = 32;

/// Blocks of a long text end at multiples of this, so that everything can go on from a bookmark.
const ALIGNED: usize = 64;

/// Parts of the memory: for the text, for earlier texts, for bookmarks.
const PARTS: [usize; 3] = [6, 1, 1];

/// A text from before an edit.
struct Earlier {
    run: Run,
    /// Up to here the text that replaced it was the same.
    at: usize,
    /// The surprisal measured from there on.
    surprisal: Vec<f32>,
    shares: CutShares,
}

/// A window of a long text, run again.
struct CloseUp {
    run: Run,
    range: Range<usize>,
}

/// A model's run over a text.
pub(super) struct LiveRun {
    network: Arc<Network>,
    run: Run,
    shares: ShareRecorder,
    /// −log2 p of every token that was predicted: the i-th belongs to token i + 1.
    surprisal: Vec<f32>,
    earlier: Vec<Earlier>,
    bookmarks: Vec<Run>,
    /// Tokens of the text, read or not.
    length: usize,
    /// Tokens from one bookmark to the next.
    interval: usize,
    close_up: Option<CloseUp>,
    /// In bytes.
    memory: usize,
}

impl LiveRun {
    /// Nothing read yet. The run and what is kept for coming back take about `memory` bytes.
    pub fn new(network: Arc<Network>, memory: usize) -> Self {
        let architecture = network.architecture();
        let mut reading = Self {
            run: Run::new(Arc::clone(&network)),
            shares: ShareRecorder::new(architecture.nb_layers(), architecture.nb_heads()),
            surprisal: Vec::new(),
            earlier: Vec::new(),
            bookmarks: Vec::new(),
            length: 0,
            interval: 0,
            close_up: None,
            memory,
            network,
        };
        reading.interval = reading.window();
        reading
    }

    /// A run over nothing yet of a text of this length.
    fn begin(&self) -> Run {
        let mut run = Run::new(Arc::clone(&self.network));
        run.for_length(self.length);
        run
    }

    fn share_of_memory(&self, part: usize) -> usize {
        self.memory / PARTS.iter().sum::<usize>() * PARTS[part]
    }

    /// Tokens whose run fits the memory.
    fn room(&self) -> usize {
        (self.share_of_memory(0) / Run::bytes_per_token(&self.network)).max(4 * ALIGNED)
    }

    /// Tokens of a longer text that can be looked at in one place.
    fn window(&self) -> usize {
        self.room() / 2 / ALIGNED * ALIGNED
    }

    /// Tokens read.
    pub fn done(&self) -> usize {
        self.run.ids().len()
    }

    /// Surprisals in bits: the i-th belongs to token i + 1.
    pub fn surprisal(&self) -> &[f32] {
        &self.surprisal
    }

    /// True if `tokens` tokens are read and measured.
    pub fn has_read(&self, tokens: usize) -> bool {
        self.done() == tokens && self.surprisal.len() + 1 >= tokens
    }

    /// Mean shares of every head over what is read.
    pub fn shares(&self) -> Vec<Shares> {
        self.shares.means(self.done())
    }

    /// True if what was read holds for a text of `tokens` tokens that begins alike: not where positions depend on its length.
    pub fn holds_for(&self, tokens: usize) -> bool {
        self.run.is_for_length(tokens)
    }

    /// Goes back to what the text read shares with `ids`, or on to what an earlier one does. Returns the tokens that need
    /// not be read again.
    pub fn set_text(&mut self, ids: &[u32]) -> usize {
        self.close_up = None;
        self.length = ids.len();
        if !self.holds_for(ids.len()) {
            if self.done() > FEW {
                self.remember(0);
            }
            self.cut(0);
            self.run.for_length(ids.len());
        }
        // One step back may make another possible.
        while self.step_back(ids) {}
        let shared = common(self.run.ids(), ids);
        if self.done() > shared + FEW {
            self.remember(shared);
        }
        self.cut(shared);
        self.run.for_length(ids.len());
        self.done()
    }

    /// Changes to the earlier text that has most in common with `ids`, if that is more than the text read has. False
    /// where there is none.
    fn step_back(&mut self, ids: &[u32]) -> bool {
        let shared = common(self.run.ids(), ids);
        let best = (0..self.earlier.len())
            .filter(|&i| {
                let Earlier { run, at, .. } = &self.earlier[i];
                if !run.is_for_length(ids.len()) {
                    return false;
                }
                // What was measured before the cut must still be that of this text.
                common(run.ids(), self.run.ids()) >= *at && self.surprisal.len() + 1 >= *at
            })
            .map(|i| (common(self.earlier[i].run.ids(), ids), i))
            .max()
            .filter(|(length, _)| *length > shared);
        let Some((_, i)) = best else {
            return false;
        };
        let earlier = self.earlier.remove(i);
        if self.done() > earlier.at + FEW {
            self.remember(earlier.at);
        }
        // Bookmarks set since then are of the text that is left.
        self.bookmarks
            .retain(|bookmark| bookmark.ids().len() <= earlier.at);
        self.surprisal.truncate(earlier.at.saturating_sub(1));
        self.surprisal.extend(earlier.surprisal);
        self.shares.put_back(earlier.shares);
        self.run = earlier.run;
        true
    }

    /// Keeps the state of now, of which another text will share the first `at` tokens.
    fn remember(&mut self, at: usize) {
        let run = self.run.to_keep();
        let earlier = Earlier {
            surprisal: self
                .surprisal
                .split_off(at.saturating_sub(1).min(self.surprisal.len())),
            shares: self.shares.cut_off(at),
            run,
            at,
        };
        // A state costs what it does not share with the one that followed.
        let per_token = Run::bytes_per_token(&self.network);
        let cost = |e: &Earlier| {
            let alone = e
                .run
                .ids()
                .len()
                .saturating_sub(e.at.max(e.run.first_kept()));
            alone * per_token + size_of_val(e.run.ids())
        };
        let most = self.share_of_memory(1);
        if cost(&earlier) > most {
            return;
        }
        self.earlier.push(earlier);
        while self.earlier.len() > MOST_EARLIER
            || self.earlier.iter().map(cost).sum::<usize>() > most
        {
            self.earlier.remove(0);
        }
    }

    /// Goes back to the first `len` tokens, or to the nearest bookmark before where they are not kept.
    fn cut(&mut self, len: usize) {
        let before = self.done();
        self.bookmarks
            .retain(|bookmark| bookmark.ids().len() <= len);
        if len < before {
            let ids = self.run.ids()[..len].to_vec();
            self.run.truncate(len);
            if self.run.ids().is_empty()
                && let Some(bookmark) = self.bookmarks.last()
                && ids.starts_with(bookmark.ids())
            {
                self.run = bookmark.clone();
            }
        }
        let done = self.done();
        self.shares.truncate(done);
        self.surprisal.truncate(done.saturating_sub(1));
    }

    /// Reads the next `block` tokens of `ids`. Returns how many it read.
    ///
    /// # Errors
    /// As [`Run::extend`].
    pub fn read(
        &mut self,
        ids: &[u32],
        block: usize,
        cancel: &Cancel,
    ) -> Result<usize, ModelError> {
        let streams = ids.len() > self.room();
        let from = self.done();
        self.shares.truncate(from);
        self.surprisal.truncate(from.saturating_sub(1));
        let to = next_stop(from, block, ids.len(), streams);
        let result = self
            .run
            .extend(&ids[from..to], to - from, cancel, &self.shares);
        if let Err(error) = result {
            self.shares.truncate(self.done());
            return Err(error);
        }
        let predicted = self.surprisal.len();
        let targets = ids.get(predicted + 1..to).unwrap_or_default();
        let nll = self.run.nll(predicted, targets, cancel)?;
        self.surprisal.extend(nll.into_iter().map(bits));
        if streams {
            let kept = to.saturating_sub(self.window());
            self.run.forget_before(kept);
            // An edit can go back a little further than what is kept.
            self.shares.sum_up(kept.saturating_sub(ALIGNED));
            // What an earlier text shared with this one it would now have for itself alone.
            let first = self.run.first_kept();
            self.earlier.retain(|earlier| earlier.at >= first);
            self.mark();
        }
        Ok(to - from)
    }

    /// Sets a bookmark where one is due.
    fn mark(&mut self) {
        let done = self.done();
        let last = self.bookmarks.last().map_or(0, |run| run.ids().len());
        if !done.is_multiple_of(ALIGNED) || done < last + self.interval {
            return;
        }
        let mut bookmark = self.run.to_keep();
        bookmark.forget();
        self.bookmarks.push(bookmark);
        let bytes: usize = self.bookmarks.iter().map(Run::bytes).sum();
        if bytes > self.share_of_memory(2) && self.bookmarks.len() > 1 {
            // Half as many, twice as far apart.
            let mut i = 0;
            self.bookmarks.retain(|_| {
                i += 1;
                i % 2 == 0
            });
            self.interval *= 2;
        }
    }

    /// True if the weights around the token at `around` are at hand or will be without a close-up.
    fn in_window(&self, around: Option<usize>) -> bool {
        around.is_none_or(|token| token >= self.run.first_kept())
    }

    /// True if nothing has to be run again for the weights around the token at `around`.
    pub fn is_close(&self, around: Option<usize>) -> bool {
        self.in_window(around)
            || self.close_up.as_ref().is_some_and(|close_up| {
                around.is_some_and(|token| close_up.range.contains(&token))
                    && close_up.run.ids().len() >= close_up.range.end
            })
    }

    /// Runs the next `block` tokens of the close-up on the token at `around`; once it is there, see
    /// [`LiveRun::is_close`]. Returns how many it ran.
    ///
    /// # Errors
    /// As [`Run::extend`].
    pub fn close_up(
        &mut self,
        around: usize,
        block: usize,
        cancel: &Cancel,
    ) -> Result<usize, ModelError> {
        let window = self.window();
        let there = self
            .close_up
            .take()
            .filter(|close_up| close_up.range.contains(&around));
        let mut close_up = there.unwrap_or_else(|| {
            let start = around.saturating_sub(window / 2) / ALIGNED * ALIGNED;
            let nearest = self
                .bookmarks
                .iter()
                .rfind(|bookmark| bookmark.ids().len() <= start);
            CloseUp {
                run: nearest.map_or_else(|| self.begin(), Run::clone),
                range: start..start + window,
            }
        });
        // The text read may end within the window.
        close_up.range.end = (close_up.range.start + window).min(self.done());
        let from = close_up.run.ids().len();
        let to = next_stop(from, block, close_up.range.end, true);
        let ids = &self.run.ids()[from..to];
        let result =
            close_up
                .run
                .extend(ids, ids.len(), cancel, &spanscope_core::model::NoObserver);
        close_up.run.forget_before(close_up.range.start.min(to));
        self.close_up = Some(close_up);
        result.map(|()| to - from)
    }

    /// The run to look at for the weights around the token at `around`, and where what it has at hand begins.
    pub fn at_hand(&self, around: Option<usize>) -> (&Run, Range<usize>) {
        match &self.close_up {
            Some(close_up) if !self.in_window(around) => {
                let len = close_up.run.ids().len();
                let start = close_up.run.first_kept().max(close_up.range.start).min(len);
                (&close_up.run, start..len)
            }
            _ => (&self.run, self.run.first_kept()..self.done()),
        }
    }

    /// The beginning of the close-up on the token at `around`, if the weights come from one.
    pub fn close_up_start(&self, around: Option<usize>) -> Option<usize> {
        let close_up = self.close_up.as_ref()?;
        (!self.in_window(around)).then_some(close_up.range.start)
    }
}

/// The length of what `a` and `b` have in common at their beginnings.
pub(super) fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// The end of a block from `from` on: at `end`, or after `block` tokens, there where bookmarks can stand if `aligned`.
fn next_stop(from: usize, block: usize, end: usize, aligned: bool) -> usize {
    let to = from + block.max(1);
    let to = if aligned {
        to.next_multiple_of(ALIGNED)
    } else {
        to
    };
    to.min(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LoadedModel, SAMPLES};

    fn model() -> LoadedModel {
        LoadedModel::open_sample(&SAMPLES[0]).unwrap()
    }

    fn ids(model: &LoadedModel, text: &str) -> Vec<u32> {
        model.prepare(text.as_bytes()).unwrap().ids
    }

    fn read(reading: &mut LiveRun, ids: &[u32]) {
        while !reading.has_read(ids.len()) {
            reading.read(ids, 100, &Cancel::default()).unwrap();
        }
    }

    /// Compares a reading with what a fresh reading of the text would have measured.
    fn same_as_fresh(reading: &LiveRun, model: &LoadedModel, ids: &[u32]) {
        let mut fresh = LiveRun::new(Arc::clone(&model.network), 1 << 30);
        fresh.set_text(ids);
        read(&mut fresh, ids);
        // Bit for bit, however the text was cut.
        assert!(reading.run.ids() == ids);
        assert!(reading.surprisal() == fresh.surprisal());
        for (a, b) in reading.shares().iter().zip(fresh.shares()) {
            assert!((a.context - b.context).abs() < 1e-5 && (a.empty - b.empty).abs() < 1e-5);
        }
        let last = ids.len() - 1..ids.len();
        let of = |reading: &LiveRun| reading.run.head_weights(2, 1, last.start, last.end);
        assert!(of(reading) == of(&fresh));
    }

    #[test]
    fn undo_and_redo_read_nothing_again() {
        let model = model();
        let text = SAMPLES[0].text;
        let original = ids(&model, text);
        let mut once = original.clone();
        once.splice(500..520, ids(&model, "another passage, and a longer one"));
        let mut twice = once.clone();
        twice.splice(90..95, []);
        let mut reading = LiveRun::new(Arc::clone(&model.network), 1 << 30);
        reading.set_text(&original);
        read(&mut reading, &original);
        assert_eq!(reading.set_text(&once), 500);
        read(&mut reading, &once);
        assert_eq!(reading.set_text(&twice), 90);
        read(&mut reading, &twice);
        for text in [&once, &original, &once, &twice, &original] {
            assert_eq!(reading.set_text(text), text.len());
            assert!(reading.has_read(text.len()));
            same_as_fresh(&reading, &model, text);
        }
        // An earlier text helps with one that is like it but for its end.
        let mut third = twice.clone();
        third.truncate(800);
        third.push((twice[800] + 1) % 20);
        assert_eq!(reading.set_text(&third), 800);
        read(&mut reading, &third);
        same_as_fresh(&reading, &model, &third);
    }

    #[test]
    fn earlier_texts_take_no_more_than_their_share_of_the_memory() {
        let model = model();
        let original = ids(&model, SAMPLES[0].text);
        let per_token = Run::bytes_per_token(&model.network);
        // An eighth of it holds one text from before an edit at its beginning, not two.
        let mut reading = LiveRun::new(Arc::clone(&model.network), per_token * 8 * 1500);
        reading.set_text(&original);
        read(&mut reading, &original);
        for i in 0..6 {
            let mut changed = original.clone();
            changed[10] = i;
            reading.set_text(&changed);
            read(&mut reading, &changed);
            assert!(reading.earlier.len() <= 1);
        }
        let mut last = original.clone();
        last[10] = 4;
        assert_eq!(reading.set_text(&last), last.len());
        assert_eq!(reading.set_text(&original), 10);
    }

    #[test]
    fn a_long_text_goes_on_from_a_bookmark() {
        let model = model();
        let text = ids(&model, &SAMPLES[0].text.repeat(4));
        let per_token = Run::bytes_per_token(&model.network);
        let mut reading = LiveRun::new(Arc::clone(&model.network), per_token * 8 * 400);
        reading.set_text(&text);
        read(&mut reading, &text);
        let kept = reading.run.first_kept();
        assert!(kept > 1000 && reading.bookmarks.len() > 1);
        let mark = reading.bookmarks[0].ids().len();
        let mut changed = text.clone();
        changed[mark + 30] = (changed[mark + 30] + 1) % 20;
        let again = reading.set_text(&changed);
        assert!(
            again >= mark && again <= mark + 30,
            "{again}, bookmark at {mark}"
        );
        read(&mut reading, &changed);
        same_as_fresh(&reading, &model, &changed);
        assert!(reading.run.bytes() < per_token * 8 * 400);
    }
}
