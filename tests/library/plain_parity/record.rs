//! Everything that a run reports, by its place in the text.

use spanscope::model::{Cancel, HeadWeights, Observer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// One query of a head, as the run reported it.
#[derive(Debug, Clone)]
pub struct Query {
    pub weights: Vec<f32>,
    pub persistent: Vec<f32>,
    pub empty: f32,
}

impl Query {
    /// The i-th query of a tile.
    pub fn of(tile: &HeadWeights, i: usize) -> Self {
        Self {
            weights: tile.row(i).to_vec(),
            persistent: tile.persistent_row(i).to_vec(),
            empty: tile.empty[i],
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// By layer, head and position: the latest report.
    pub queries: BTreeMap<(usize, usize, usize), Query>,
    /// By layer and position.
    pub hidden: BTreeMap<(usize, usize), Vec<f32>>,
    /// How often each query was reported since the last [`Record::count`].
    counts: BTreeMap<(usize, usize, usize), usize>,
    events: usize,
}

pub struct Record {
    /// D.
    width: usize,
    pub seen: Mutex<Seen>,
    /// Weights are kept of these positions only; of all of them if `None`.
    sample: Option<BTreeSet<usize>>,
    /// Asks to stop after so many reports.
    stop: Mutex<Option<(usize, Cancel)>>,
}

impl Clone for Record {
    fn clone(&self) -> Self {
        Self {
            width: self.width,
            seen: Mutex::new(self.seen.lock().unwrap().clone()),
            sample: self.sample.clone(),
            stop: Mutex::default(),
        }
    }
}

impl Record {
    pub fn new(hidden_size: usize, sample: Option<BTreeSet<usize>>) -> Self {
        Self {
            width: hidden_size,
            seen: Mutex::default(),
            sample,
            stop: Mutex::default(),
        }
    }

    /// How often each query was reported since the last call.
    pub fn count(&self) -> BTreeMap<(usize, usize, usize), usize> {
        std::mem::take(&mut self.seen.lock().unwrap().counts)
    }

    /// From now on, asks to stop after so many reports.
    pub fn stop_after(&self, reports: usize, cancel: &Cancel) {
        let already = self.seen.lock().unwrap().events;
        *self.stop.lock().unwrap() = Some((already + reports, cancel.clone()));
    }

    fn event(&self, seen: &mut Seen) {
        seen.events += 1;
        if let Some((after, cancel)) = &*self.stop.lock().unwrap()
            && seen.events >= *after
        {
            cancel.cancel();
        }
    }
}

impl Observer for Record {
    fn head(&self, layer: usize, head: usize, tile: &HeadWeights) {
        let mut seen = self.seen.lock().unwrap();
        assert_eq!(tile.weights.len(), tile.queries * tile.reach);
        assert_eq!(tile.persistent.len(), tile.queries * tile.vectors);
        assert_eq!(tile.empty.len(), tile.queries);
        for i in 0..tile.queries {
            let place = (layer, head, tile.first + i);
            *seen.counts.entry(place).or_default() += 1;
            if self.sample.as_ref().is_none_or(|s| s.contains(&place.2)) {
                seen.queries.insert(place, Query::of(tile, i));
            }
        }
        self.event(&mut seen);
    }

    fn hidden(&self, layer: usize, first: usize, rows: &[f32]) {
        let mut seen = self.seen.lock().unwrap();
        self.event(&mut seen);
        for (i, row) in rows.chunks_exact(self.width).enumerate() {
            seen.hidden.insert((layer, first + i), row.to_vec());
        }
    }
}
