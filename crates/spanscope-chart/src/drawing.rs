//! A page as the renderers of PDF and PNG take it: shapes and pictures as a tree, texts as glyphs.

use super::canvas::Canvas;
use super::label::{Anchor, marked};
use crate::fonts::{self, Line};
use resvg::usvg;

/// A page ready to be rendered.
pub(super) struct Drawing {
    pub(super) tree: usvg::Tree,
    texts: Vec<Set>,
}

/// A text set in glyphs.
pub(super) struct Set {
    pub(super) line: Line,
    pub(super) size: f32,
    /// The beginning of the line, relative to its place.
    pub(super) start: f32,
}

impl Drawing {
    pub(super) fn new(page: Canvas) -> Result<Self, usvg::Error> {
        let (svg, labels) = page.drawing();
        let texts = labels.into_iter().map(|label| {
            let line = fonts::line(&label.text, label.weight);
            let size = label.size as f32;
            let share = match label.anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => 0.5,
                Anchor::End => 1.0,
            };
            let start = -share * line.width * size;
            Set { line, size, start }
        });
        Ok(Self {
            texts: texts.collect(),
            ..Self::of(&svg)?
        })
    }

    /// A drawing without texts. Pictures are drawn if they are PNGs in data URIs; no file is read.
    pub(super) fn of(svg: &str) -> Result<Self, usvg::Error> {
        let mut options = usvg::Options::default();
        options.image_href_resolver.resolve_string = Box::new(|_, _| None);
        Ok(Self {
            tree: usvg::Tree::from_str(svg, &options)?,
            texts: Vec::new(),
        })
    }

    /// The text that a shape stands for.
    pub(super) fn text(&self, path: &usvg::Path) -> Option<&Set> {
        self.texts.get(marked(path.id())?)
    }
}
