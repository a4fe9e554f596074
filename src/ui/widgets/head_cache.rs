//! What is known of all heads, kept until something newer is.

use super::statistic::{self, Row};
use crate::analysis::role::role;
use crate::analysis::similar::by_scores;
use crate::analysis::{Role, Shares};
use crate::engine::{HeadStats, LoadedModel, Snapshot};
use crate::model::HeadId;
use std::sync::{Arc, Weak};

/// The heads of the open model with their roles. What it was made of is not kept alive.
#[derive(Debug, Default)]
pub struct HeadCache {
    model: Weak<LoadedModel>,
    stats: Weak<HeadStats>,
    shares: Weak<Vec<Shares>>,
    rows: Arc<[Row]>,
    roles: Vec<Option<Role>>,
    /// The heads by their distance from one.
    alike: Option<(HeadId, Vec<Option<f64>>)>,
}

impl HeadCache {
    /// Takes over what a snapshot has, if it is other than before.
    pub fn update(&mut self, snapshot: &Snapshot) {
        let same_model = match &snapshot.model {
            Some(model) => self.model.as_ptr() == Arc::as_ptr(model),
            None => self.rows.is_empty(),
        };
        let same_stats = match &snapshot.surveyed {
            Some(stats) => self.stats.as_ptr() == Arc::as_ptr(stats),
            None => self.stats.strong_count() == 0 && self.stats.as_ptr() == Weak::new().as_ptr(),
        };
        if same_model && same_stats && self.shares.as_ptr() == Arc::as_ptr(&snapshot.shares) {
            return;
        }
        *self = Self {
            model: snapshot
                .model
                .as_ref()
                .map(Arc::downgrade)
                .unwrap_or_default(),
            stats: snapshot
                .surveyed
                .as_ref()
                .map(Arc::downgrade)
                .unwrap_or_default(),
            shares: Arc::downgrade(&snapshot.shares),
            rows: statistic::rows(snapshot).into(),
            ..Self::default()
        };
        self.roles = self.rows.iter().map(role).collect();
    }

    /// The heads, layer by layer.
    pub fn rows(&self) -> Arc<[Row]> {
        Arc::clone(&self.rows)
    }

    /// The layers that they are of.
    pub fn layers(&self) -> usize {
        let layers = self.rows.chunk_by(|a, b| a.span.layer == b.span.layer);
        layers.count()
    }

    /// The role of each.
    pub fn roles(&self) -> &[Option<Role>] {
        &self.roles
    }

    /// How far each is from the head `of` by all numbers.
    pub fn alike(&mut self, of: HeadId) -> &[Option<f64>] {
        if self.alike.as_ref().is_none_or(|(head, _)| *head != of) {
            self.alike = Some((of, by_scores(&self.rows, of)));
        }
        self.alike.as_ref().map_or(&[], |(_, distances)| distances)
    }
}
