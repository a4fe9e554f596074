//! Which view: a handle that menus, keys, tiles and files name views by.

use crate::engine::figures::FigureKind;
use serde::{Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The facts known of a view before it is drawn.
#[derive(Debug)]
pub struct ViewInfo {
    /// Its name in files and on the command line.
    pub name: &'static str,
    /// Its title, in the language of the window.
    pub title: fn() -> &'static str,
    /// Its figures, the usual one first.
    pub figures: &'static [FigureKind],
    /// The number key that brings it to the front; there are nine.
    pub key: Option<u8>,
    /// Its place in a new window.
    pub home: Home,
    /// What of a model it needs to be drawn.
    pub needs: Needs,
}

/// What of a model a view needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// No model at all.
    Nothing,
    /// Its spans, which are known before its weights are read.
    Spans,
    /// All of it.
    Weights,
}

/// A place in a new window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// The column at the left edge.
    Side,
    /// The left half of the rest.
    Left,
    /// The right half of the rest.
    Right,
    /// Below both halves.
    Below,
}

/// A view, by what is known of it.
#[derive(Clone, Copy)]
pub struct Pane(&'static ViewInfo);

impl Pane {
    /// The view that `info` describes.
    pub const fn new(info: &'static ViewInfo) -> Self {
        Self(info)
    }

    /// The facts known of it.
    pub fn info(self) -> &'static ViewInfo {
        self.0
    }

    /// Its name in files and on the command line.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Its title, in the language of the window.
    pub fn title(self) -> &'static str {
        (self.0.title)()
    }

    /// Its figures, the usual one first.
    pub fn figures(self) -> &'static [FigureKind] {
        self.0.figures
    }

    /// Its number key, from 1.
    pub fn key(self) -> Option<u8> {
        self.0.key
    }
}

impl fmt::Debug for Pane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for Pane {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Pane {}

impl Hash for Pane {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl PartialOrd for Pane {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pane {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl Serialize for Pane {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
