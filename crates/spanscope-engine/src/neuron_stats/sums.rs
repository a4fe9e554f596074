//! The sums over a text's neurons, and those over beginnings of it to come back to.

use spanscope_core::analysis::NeuronRecorder;
use spanscope_core::model::{Cancel, Network, Run};
use std::ops::Range;

/// Memory of all that is kept to come back to, in bytes.
const MOST_BYTES: usize = 96 << 20;

/// Tokens that an edit at the end of the text has measured again, at most.
const LAST: usize = 8;

/// Sums over the first tokens of a text.
#[derive(Debug, Clone)]
struct Mark {
    end: usize,
    recorder: NeuronRecorder,
}

/// Sums over the tokens of a text, in their order.
#[derive(Debug)]
pub(super) struct Sums {
    start: usize,
    now: Mark,
    /// Those over its beginnings: the farther back, the fewer. By rising end.
    marks: Vec<Mark>,
    /// How many there may be.
    most: usize,
}

impl Sums {
    /// Of no tokens yet, from position `start` on.
    pub fn new(network: &Network, start: usize) -> Self {
        let architecture = network.architecture();
        let bytes = NeuronRecorder::bytes(architecture).max(1);
        Self {
            start,
            now: Mark {
                end: start,
                recorder: NeuronRecorder::new(architecture),
            },
            marks: Vec::new(),
            most: (MOST_BYTES / bytes).clamp(2, 24),
        }
    }

    /// The tokens that they are over.
    pub fn range(&self) -> Range<usize> {
        self.start..self.now.end
    }

    pub fn recorder(&self) -> &NeuronRecorder {
        &self.now.recorder
    }

    /// Goes back to the first `len` tokens of the text, or some before. False where it has to begin anew.
    pub fn truncate(&mut self, len: usize) -> bool {
        while self.now.end > len {
            let Some(mark) = self.marks.pop() else {
                return false;
            };
            self.now = mark;
        }
        true
    }

    /// Adds about `count` tokens of those up to `end`, in steps from which it can come back; false when it was told to stop, and
    /// nothing was added. Where the run has forgotten what it would take, nothing is added either.
    pub fn go_on(&mut self, run: &Run, count: usize, end: usize, cancel: &Cancel) -> bool {
        let from = self.now.end;
        if from >= end {
            return true;
        }
        let count = count.max(1).next_power_of_two();
        let mut to = (from / count + 1) * count;
        if to >= end {
            // The next edit is most likely near the end.
            let near = (end - 1) / LAST * LAST;
            to = if near > from { near } else { end };
        }
        let before = self.now.clone();
        match run.again(from, to, cancel, &self.now.recorder) {
            Ok(true) => {
                self.now.end = to;
                self.keep(before);
                true
            }
            Ok(false) => true,
            // Some layers have some of the tokens already.
            Err(_) => {
                self.now = before;
                false
            }
        }
    }

    /// Keeps the sums of before, and of those farther back as many as are worth their memory: one for each doubling of the distance.
    fn keep(&mut self, mark: Mark) {
        if mark.end > self.start {
            self.marks.push(mark);
        }
        let end = self.now.end;
        self.marks.retain(|mark| {
            let back = end - mark.end;
            mark.end.is_multiple_of(1 << back.max(1).ilog2())
        });
        let over = self.marks.len().saturating_sub(self.most);
        self.marks.drain(..over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanscope_core::checkpoint::Checkpoint;
    use spanscope_core::model::{NeuronId, NoObserver};
    use std::path::Path;
    use std::sync::Arc;

    fn network() -> Arc<Network> {
        let path = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/data/families/llama"
        ));
        Arc::new(Network::load(&Checkpoint::open(path).unwrap(), None).unwrap())
    }

    fn run(network: &Arc<Network>, ids: &[u32]) -> Run {
        let mut run = Run::new(Arc::clone(network));
        run.set(ids, &Cancel::default(), &NoObserver).unwrap();
        run
    }

    /// All that the sums say.
    fn all(network: &Network, sums: &Sums) -> String {
        let tokens = sums.range().len();
        let layers = 0..network.architecture().nb_layers();
        let of = |layer| {
            let usage = sums.recorder().usage(network, layer, tokens);
            let users = (0..network.architecture().neurons(layer)).map(|n| {
                sums.recorder()
                    .users(network.architecture(), NeuronId::new(layer, n))
            });
            format!("{usage:?} {:?}", users.collect::<Vec<_>>())
        };
        layers.map(of).collect()
    }

    fn through(sums: &mut Sums, run: &Run, count: usize) {
        let end = run.ids().len();
        while sums.range().end < end {
            assert!(sums.go_on(run, count, end, &Cancel::default()));
        }
    }

    #[test]
    fn sums_are_the_same_however_a_text_came_about() {
        let network = network();
        let ids: Vec<u32> = (0..210).map(|i| (i * i * 7 + i / 3) % 190).collect();
        let run_of = |ids: &[u32]| run(&network, ids);
        let (whole, other) = (run_of(&ids), run_of(&[&ids[..150], &[3, 4, 5]].concat()));
        let mut plain = Sums::new(&network, 0);
        through(&mut plain, &whole, 1 << 20);
        let wanted = all(&network, &plain);
        for count in [1, 3, 32, 64] {
            let mut sums = Sums::new(&network, 0);
            through(&mut sums, &whole, count);
            assert!(all(&network, &sums) == wanted, "{count} at once");
            // Another text and back: what both share is not measured again, but for a little before.
            assert!(sums.truncate(150));
            let kept = sums.range().end;
            assert!(count > 3 || kept >= 90, "{kept} of 150");
            through(&mut sums, &other, count);
            assert!(sums.truncate(150));
            through(&mut sums, &whole, count);
            assert!(all(&network, &sums) == wanted, "{count} at once, edited");
        }
        // Letters typed at the end.
        let mut sums = Sums::new(&network, 0);
        for end in 1..=ids.len() {
            through(&mut sums, &run_of(&ids[..end]), 64);
            let back = end.saturating_sub(2);
            if end % 7 == 0 && sums.truncate(back) {
                assert!(back - sums.range().end <= LAST, "{end}");
                through(&mut sums, &run_of(&ids[..end]), 64);
            }
        }
        assert!(all(&network, &sums) == wanted);
        assert!(sums.marks.len() < 12, "{}", sums.marks.len());
    }

    #[test]
    fn a_stop_leaves_nothing_half_done() {
        let network = network();
        let ids: Vec<u32> = (0..40).map(|i| i * 3 % 190).collect();
        let run = run(&network, &ids);
        let mut sums = Sums::new(&network, 0);
        assert!(sums.go_on(&run, 16, 40, &Cancel::default()));
        let before = all(&network, &sums);
        let cancel = Cancel::default();
        cancel.cancel();
        assert!(!sums.go_on(&run, 16, 40, &cancel));
        assert_eq!(sums.range(), 0..16);
        assert!(all(&network, &sums) == before);
    }
}
