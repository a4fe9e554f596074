//! A text on a page: as an element of its own, or as a mark where it is set later.

use super::font::Weight;
use svg::Node;
use svg::node::element::{Element, Text};

/// Which end of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A coordinate with two decimals at most.
pub(super) fn round(value: f64) -> f64 {
    let rounded = (value * 100.0).round() / 100.0;
    // No "-0".
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// A text in its place.
pub(super) struct Label {
    /// As it was given: see [`fonts::line`].
    pub(super) text: String,
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) anchor: Anchor,
    /// The text as it is drawn.
    pub(super) shown: String,
    pub(super) color: String,
    /// The colour around the letters.
    pub(super) halo: Option<String>,
    pub(super) place: (f64, f64),
    pub(super) upwards: bool,
}

/// The id of the mark that stands for a text in [`super::Canvas::drawing`].
fn mark(number: usize) -> String {
    format!("text-{number}")
}

/// The number of the text that a mark stands for.
pub(super) fn marked(id: &str) -> Option<usize> {
    id.strip_prefix("text-")?.parse().ok()
}

impl Label {
    /// The text as an element.
    fn node(&self) -> Text {
        let mut node = Text::new(self.shown.as_str());
        node.assign("font-size", self.size);
        if self.weight != Weight::Regular {
            node.assign("font-weight", self.weight.number());
        }
        match self.anchor {
            Anchor::Start => {}
            Anchor::Middle => node.assign("text-anchor", "middle"),
            Anchor::End => node.assign("text-anchor", "end"),
        }
        if self.upwards {
            node.assign("transform", self.transform());
        } else {
            node.assign("x", round(self.place.0));
            node.assign("y", round(self.place.1));
        }
        node
    }

    /// The place and the direction as SVG says them.
    fn transform(&self) -> String {
        let turn = if self.upwards { " rotate(-90)" } else { "" };
        let (x, y) = (round(self.place.0), round(self.place.1));
        format!("translate({x} {y}){turn}")
    }

    pub(super) fn letters(&self) -> Text {
        let mut node = self.node();
        node.assign("fill", self.color.as_str());
        node
    }

    /// The rim under the letters.
    pub(super) fn rim(&self) -> Text {
        let mut node = self.node();
        node.assign("fill", "none");
        node.assign("aria-hidden", "true");
        self.edge(&mut node);
        node
    }

    fn edge(&self, node: &mut impl Node) {
        if let Some(halo) = &self.halo {
            node.assign("stroke", halo.as_str());
            node.assign("stroke-width", 2);
            node.assign("stroke-linejoin", "round");
            node.assign("stroke-opacity", 0.8);
        }
    }

    /// The placeholder of the text where it is set later: its place, its colour, and that of its rim.
    pub(super) fn mark(&self, number: usize) -> Element {
        let mut node = Element::new("path");
        node.assign("id", mark(number));
        node.assign("d", "M0 0H1V1H0Z");
        node.assign("transform", self.transform());
        node.assign("fill", self.color.as_str());
        self.edge(&mut node);
        node
    }
}
