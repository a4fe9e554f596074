//! Every head measured on many texts.

use super::jobs::Jobs;
use super::text::{self, Read};
use super::{CorpusError, LeftOut, TextFile, TextRecord};
use crate::{EngineError, LoadedModel};
use spanscope_core::analysis::examples::{
    ExampleRecorder, ExampleSearch, Examples, MemoryExamples,
};
use spanscope_core::analysis::sums::{MOST_TOKENS, SumRecorder, Sums, SumsError, to_units};
use spanscope_core::model::{BLOCK, Cancel, NoObserver, Observer, Run, Tee};
use std::cmp::Reverse;
use std::f64::consts::LOG2_E;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Most ids that are kept between reading the texts and running over them; others are read again.
const MOST_KEPT: usize = 1 << 25;

/// The progress, for whoever waits.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A text cannot be measured and is left out.
    LeftOut(&'a LeftOut),
    /// All texts are read.
    Prepared {
        /// Texts to be run on.
        texts: usize,
        /// Their tokens.
        tokens: u64,
    },
    /// The model ran over so many further tokens.
    Ran(usize),
    /// A text is done.
    Done(&'a TextRecord),
}

/// Some tokens of a text that the model has just run over, before anything is forgotten.
#[derive(Debug)]
pub struct Block<'a> {
    /// The text's place among those that are measured.
    pub index: usize,
    /// The text; its surprisal is that of the blocks before.
    pub text: &'a TextRecord,
    /// All its tokens.
    pub ids: &'a [u32],
    /// The tokens of this block.
    pub range: Range<usize>,
    /// −log p in nats of the tokens after each of the block's; the text's last token has none.
    pub nll: &'a [f32],
    /// The run: what its heads reach back to is at hand.
    pub run: &'a Run,
}

/// The number of a content by its SHA-256 in hexadecimal: its first 64 bits.
pub(crate) fn content(sha256: &str) -> u64 {
    let first = sha256.get(..16).unwrap_or_default();
    u64::from_str_radix(first, 16).unwrap_or(0)
}

/// Whoever wants to keep something of every run is told of it block by block, from several threads.
pub type Keep<'a> = &'a (dyn Fn(&Block<'_>) -> Result<(), CorpusError> + Sync);

/// A measurement of many texts: the model and the options.
pub struct Measure<'a> {
    /// The model.
    pub model: &'a LoadedModel,
    /// Texts at the same time; the threads at hand are shared out among them. Several can be faster where texts are
    /// short, one takes less memory.
    pub jobs: usize,
    /// True if texts that cannot be read, or hold no token that the model knows, are left out; else they are refused.
    pub skip_bad: bool,
    /// True to measure what the masks take away and how even the weights are: it takes twice the time.
    pub removed: bool,
    /// The first tokens that are left out of sink-free spans.
    pub sink_free: usize,
    /// Asks to stop.
    pub cancel: &'a Cancel,
    /// Is told what goes on, from several threads.
    pub progress: &'a (dyn Fn(Progress<'_>) + Sync),
    /// Keeps something of every run.
    pub keep: Option<Keep<'a>>,
    /// Looks for places that show what heads, neurons and persistent vectors do.
    pub examples: Option<ExampleSearch>,
}

/// The measurements on many texts.
#[derive(Debug, Clone, PartialEq)]
pub struct CorpusSums {
    /// The sums over all of them.
    pub sums: Sums,
    /// The texts, in the order in which they were given.
    pub texts: Vec<TextRecord>,
    /// Those that were left out.
    pub left_out: Vec<LeftOut>,
    /// Places that show what heads do, where they were looked for; their texts are those of [`texts`](Self::texts).
    pub examples: Option<Examples>,
}

/// The measurements on one text; examples with its ids.
type OfText = (TextRecord, Sums, Option<(Examples, Vec<u32>)>);

/// The most memory for the places of neurons and vectors, in bytes.
const MOST_PLACES: usize = 1 << 30;

/// A text that was read, and its ids as far as they are kept.
struct Prepared<'a> {
    file: &'a TextFile,
    record: TextRecord,
    ids: Mutex<Option<Vec<u32>>>,
}

impl Measure<'_> {
    /// Measures all heads on `texts`. The result does not depend on threads, jobs or the order of the texts (of which the
    /// records have that of `texts`).
    ///
    /// All texts are read before the first is run on, so that one which cannot be is refused at once. Memory is that of as
    /// many texts as there are jobs, and of what their heads can see.
    ///
    /// # Errors
    /// When a text cannot be measured and is not to be left out, on cancellation, when the device fails, when there are
    /// more tokens than sums can hold, and when [`keep`](Self::keep) fails.
    pub fn run(&self, texts: &[&TextFile]) -> Result<CorpusSums, CorpusError> {
        self.has_room()?;
        let jobs = Jobs::new(self.jobs)?;
        let (prepared, mut left_out) = self.prepare(&jobs, texts)?;
        let tokens: u64 = prepared.iter().map(|text| text.record.tokens).sum();
        if tokens > MOST_TOKENS {
            return Err(SumsError::Full.into());
        }
        (self.progress)(Progress::Prepared {
            texts: prepared.len(),
            tokens,
        });
        // The longest first: none is left over for one job at the end.
        let mut order: Vec<usize> = (0..prepared.len()).collect();
        order.sort_by_key(|i| Reverse(prepared[*i].record.tokens));
        let all =
            Mutex::new(Sums::new(&self.model.network, self.removed).measuring(self.sink_free));
        let none = self.examples.as_ref().map(|search| {
            let network = &self.model.network;
            Mutex::new(Examples::new(network, search))
        });
        let results = jobs.each(order.len(), |i| {
            let index = order[i];
            let text = &prepared[index];
            let (record, sums, examples) = match self.one(index, text)? {
                Ok(measured) => measured,
                Err(why) => return Ok((index, Err(why))),
            };
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            all.add(&sums)?;
            if let (Some(all), Some((examples, ids))) = (&none, &examples) {
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                all.add_text(examples, ids);
            }
            (self.progress)(Progress::Done(&record));
            Ok((index, Ok(record)))
        })?;
        let mut records: Vec<Option<TextRecord>> = vec![None; prepared.len()];
        let mut broken: Vec<Option<SumsError>> = vec![None; prepared.len()];
        for (index, measured) in results {
            match measured {
                Ok(record) => records[index] = Some(record),
                Err(why) => broken[index] = Some(why),
            }
        }
        for (text, why) in prepared.iter().zip(broken) {
            if let Some(why) = why {
                let (name, why) = (text.record.name.clone(), why.to_string());
                self.bad(LeftOut { name, why }, &mut left_out);
            }
        }
        self.refuse(&left_out)?;
        let mut examples = none.map(|examples| {
            examples
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner)
        });
        if let Some(examples) = &mut examples {
            // Those without numbers are no texts.
            let mut next = 0;
            let numbers: Vec<u32> = records
                .iter()
                .map(|record| {
                    let number = next;
                    next += u32::from(record.is_some());
                    number
                })
                .collect();
            examples.renumber(&numbers);
        }
        Ok(CorpusSums {
            examples,
            sums: all.into_inner().unwrap_or_else(PoisonError::into_inner),
            texts: records.into_iter().flatten().collect(),
            left_out,
        })
    }

    /// Refuses places of more neurons and vectors than may be held.
    fn has_room(&self) -> Result<(), CorpusError> {
        let Some(search) = &self.examples else {
            return Ok(());
        };
        let count = search.memories.ids.len();
        let bytes = MemoryExamples::bytes(count, search.top, self.jobs.max(1));
        match bytes <= MOST_PLACES {
            true => Ok(()),
            false => Err(CorpusError::Places {
                count,
                bytes,
                most: MOST_PLACES,
            }),
        }
    }

    /// Reads all texts.
    fn prepare<'a>(
        &self,
        jobs: &Jobs,
        texts: &[&'a TextFile],
    ) -> Result<(Vec<Prepared<'a>>, Vec<LeftOut>), CorpusError> {
        let room = AtomicUsize::new(MOST_KEPT);
        let read = jobs.each(texts.len(), |i| {
            if self.cancel.is_cancelled() {
                return Err(spanscope_core::model::ModelError::Cancelled.into());
            }
            let file = texts[i];
            Ok(text::read(self.model, file)?.map(|Read { ids, record }| {
                let take = |room: usize| room.checked_sub(ids.len());
                let has_room = room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
                Prepared {
                    file,
                    record,
                    ids: Mutex::new(has_room.is_ok().then_some(ids)),
                }
            }))
        })?;
        let mut left_out = Vec::new();
        let mut prepared = Vec::with_capacity(read.len());
        for (file, read) in texts.iter().zip(read) {
            match read {
                Ok(text) => prepared.push(text),
                Err(error) => {
                    let (name, why) = (file.name.clone(), error.to_string());
                    self.bad(LeftOut { name, why }, &mut left_out);
                }
            }
        }
        self.refuse(&left_out)?;
        Ok((prepared, left_out))
    }

    fn bad(&self, text: LeftOut, left_out: &mut Vec<LeftOut>) {
        if self.skip_bad {
            (self.progress)(Progress::LeftOut(&text));
        }
        left_out.push(text);
    }

    fn refuse(&self, left_out: &[LeftOut]) -> Result<(), CorpusError> {
        match left_out.split_first() {
            Some((text, others)) if !self.skip_bad => Err(CorpusError::Text {
                text: text.clone(),
                others: others.len(),
            }),
            _ => Ok(()),
        }
    }

    /// Runs over one text; the inner error is what is wrong with the model's numbers.
    fn one(
        &self,
        index: usize,
        text: &Prepared<'_>,
    ) -> Result<Result<OfText, SumsError>, CorpusError> {
        let mut record = text.record.clone();
        let kept = text
            .ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let ids = match kept {
            Some(ids) => ids,
            None => self.again(text)?,
        };
        let network = &self.model.network;
        let recorder =
            SumRecorder::new(network, self.removed).measuring(network, &ids, self.sink_free);
        let examples = self.examples.as_ref().map(|search| {
            let of = (index as u32, content(&record.sha256));
            ExampleRecorder::new(network, &ids, of, search)
        });
        let no_one = NoObserver;
        let other: &dyn Observer = match &examples {
            Some(examples) => examples,
            None => &no_one,
        };
        let both = Tee(&recorder, other);
        let mut run = Run::new(Arc::clone(network));
        run.for_length(ids.len());
        for (i, block) in ids.chunks(BLOCK).enumerate() {
            run.extend(block, BLOCK, self.cancel, &both)?;
            let range = i * BLOCK..i * BLOCK + block.len();
            let targets = range.start + 1..ids.len().min(range.end + 1);
            let targets = ids.get(targets).unwrap_or_default();
            let nll = run.nll(range.start, targets, self.cancel)?;
            if self.removed {
                recorder.probe(&run, range.clone(), self.cancel)?;
            }
            if let Some(keep) = self.keep {
                keep(&Block {
                    index,
                    text: &record,
                    ids: &ids,
                    range,
                    nll: &nll,
                    run: &run,
                })?;
            }
            run.forget();
            if nll.iter().any(|nats| !nats.is_finite()) {
                return Ok(Err(SumsError::NotFinite));
            }
            for nats in nll {
                let bits = to_units(f64::from(nats) * LOG2_E);
                match record.surprisal.unwrap_or(0).checked_add(bits) {
                    Some(sum) => record.surprisal = Some(sum),
                    None => return Ok(Err(SumsError::Surprisal)),
                }
            }
            (self.progress)(Progress::Ran(block.len()));
        }
        let sums = recorder.finish(record.totals());
        let examples = examples.map(|examples| (examples.finish(), ids));
        Ok(sums.map(|sums| (record, sums, examples)))
    }

    /// Reads a text that was not kept, which must be what it was.
    fn again(&self, text: &Prepared<'_>) -> Result<Vec<u32>, CorpusError> {
        let read = text::read(self.model, text.file)?;
        let changed = |_: EngineError| CorpusError::Changed(text.record.name.clone());
        let read = read.map_err(changed)?;
        match read.record == text.record {
            true => Ok(read.ids),
            false => Err(CorpusError::Changed(text.record.name.clone())),
        }
    }
}
