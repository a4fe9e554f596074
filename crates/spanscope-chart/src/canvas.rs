//! A page on which a figure is drawn, which remembers where its text is.

use svg::Node;
use svg::node::element::{Description, Element, SVG, Title};

use super::font::{self, Weight};
use super::label::Label;
pub(super) use super::label::{Anchor, round};
use super::theme::PT_PER_MM;
use super::{Missing, Provenance, Style};
use crate::fonts;

/// The look of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type<'a> {
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) color: &'a str,
    pub(super) anchor: Anchor,
}

impl<'a> Type<'a> {
    /// Regular type that starts at its place.
    pub(super) fn new(size: f64, color: &'a str) -> Self {
        Self {
            size,
            weight: Weight::Regular,
            color,
            anchor: Anchor::Start,
        }
    }

    /// The same, set against another end.
    pub(super) fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    /// The same in semi-bold.
    pub(super) fn bold(self) -> Self {
        Self {
            weight: Weight::SemiBold,
            ..self
        }
    }

    /// Width of `text` in this type.
    pub(super) fn width(&self, text: &str) -> f64 {
        font::width(text, self.size, self.weight)
    }
}

/// The room that a text takes on the page.
#[derive(Clone, Debug)]
pub(super) struct TextBox {
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) text: String,
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// An item on a page.
enum Item {
    Shape(Box<dyn Node>),
    Text(Box<Label>),
}

/// A drawn page, measured from the top left in points of the layout: see [`Style::font_pt`].
pub struct Canvas {
    pub(super) width: f64,
    pub(super) height: f64,
    /// The ratio of the page's size on paper to its size in the layout.
    scale: f64,
    body: Vec<Item>,
    /// Characters of its texts that no bundled font has.
    pub(super) missing: Missing,
    /// Every text drawn so far.
    pub(super) boxes: Vec<TextBox>,
}

/// `text` without the characters that XML cannot carry; line ends become spaces.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if matches!(c, '\n' | '\r' | '\t') {
                ' '
            } else {
                c
            }
        })
        .filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .collect()
}

impl Canvas {
    /// An empty page.
    pub(super) fn new(width: f64, height: f64, style: &Style) -> Self {
        let mut canvas = Self {
            width,
            height,
            scale: style.scale(),
            body: Vec::new(),
            missing: Missing::default(),
            boxes: Vec::new(),
        };
        if !style.transparent {
            canvas.rect(0.0, 0.0, width, height, style.theme().background);
        }
        canvas
    }

    /// Its height on paper, in millimetres.
    pub(super) fn height_mm(&self) -> f64 {
        self.height * self.scale / PT_PER_MM
    }

    /// Puts a finished element on the page.
    pub(super) fn add(&mut self, element: impl Into<Box<dyn Node>>) {
        self.body.push(Item::Shape(element.into()));
    }

    /// True if no text is in a rectangle of the page, and all of it is on the page.
    pub(super) fn is_free(&self, (left, top): (f64, f64), (right, bottom): (f64, f64)) -> bool {
        let inside = left >= 0.0 && top >= 0.0 && right <= self.width && bottom <= self.height;
        let apart = |text: &TextBox| {
            text.right <= left || text.left >= right || text.bottom <= top || text.top >= bottom
        };
        inside && self.boxes.iter().all(apart)
    }

    /// A filled rectangle.
    pub(super) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: &str) {
        self.add(rect(x, y, width, height, fill));
    }

    /// A straight line.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), color: &str, width: f64) {
        self.add(line(from, to, color, width));
    }

    /// A line of text whose baseline is at `y`.
    pub(super) fn text(&mut self, x: f64, y: f64, text: &str, style: Type<'_>) {
        self.write((x, y), text, style, None);
    }

    fn write(&mut self, (x, y): (f64, f64), text: &str, style: Type<'_>, halo: Option<&str>) {
        let text = clean(text);
        if text.trim().is_empty() {
            return;
        }
        let (before, after) = ends(style.width(&text), style.anchor);
        self.boxes.push(TextBox {
            left: x - before,
            right: x + after,
            top: y - font::ASCENT * style.size,
            bottom: y + font::DESCENT * style.size,
            text: text.clone(),
        });
        self.label((x, y), text, style, halo, false);
    }

    fn label(
        &mut self,
        place: (f64, f64),
        text: String,
        style: Type<'_>,
        halo: Option<&str>,
        upwards: bool,
    ) {
        let (shown, missing) = fonts::shown(&text, style.weight);
        self.missing.add(&missing);
        self.body.push(Item::Text(Box::new(Label {
            shown: shown.into_owned(),
            text,
            size: style.size,
            weight: style.weight,
            anchor: style.anchor,
            color: style.color.to_owned(),
            halo: halo.map(str::to_owned),
            place,
            upwards,
        })));
    }

    /// A line of text that stays readable over lines: it has a rim in `halo`.
    pub(super) fn text_halo(&mut self, x: f64, y: f64, text: &str, style: Type<'_>, halo: &str) {
        self.write((x, y), text, style, Some(halo));
    }

    /// A line of text centred vertically on `y`.
    pub(super) fn text_middle(&mut self, x: f64, y: f64, text: &str, style: Type<'_>) {
        self.text(x, y + font::CAP_HEIGHT * style.size / 2.0, text, style);
    }

    /// A text that reads upwards, centred on `x`; its anchor is at `y`.
    pub(super) fn text_up(&mut self, x: f64, y: f64, text: &str, style: Type<'_>) {
        let text = clean(text);
        if text.trim().is_empty() {
            return;
        }
        let (before, after) = ends(style.width(&text), style.anchor);
        let base = x + font::CAP_HEIGHT * style.size / 2.0;
        self.boxes.push(TextBox {
            left: base - font::ASCENT * style.size,
            right: base + font::DESCENT * style.size,
            top: y - after,
            bottom: y + before,
            text: text.clone(),
        });
        self.label((base, y), text, style, None, true);
    }

    /// The page without what is on it.
    fn page(&self) -> SVG {
        let mm = |points: f64| format!("{}mm", round(points * self.scale / PT_PER_MM));
        let mut page = SVG::new();
        page.assign("xmlns:xlink", "http://www.w3.org/1999/xlink");
        page.assign("width", mm(self.width));
        page.assign("height", mm(self.height));
        page.assign(
            "viewBox",
            format!("0 0 {} {}", round(self.width), round(self.height)),
        );
        page
    }

    /// The drawing for the renderers of PDF and PNG, which set its texts themselves: in the place of each stands a mark of
    /// its place and colours, which [`super::label::marked`] knows.
    pub(super) fn drawing(self) -> (String, Vec<Label>) {
        let mut page = self.page();
        let mut body = Element::new("g");
        let mut labels = Vec::new();
        for item in self.body {
            match item {
                Item::Shape(node) => body.append(node),
                Item::Text(label) => {
                    body.append(label.mark(labels.len()));
                    labels.push(*label);
                }
            }
        }
        page.append(body);
        (page.to_string(), labels)
    }

    /// The finished drawing, with its title and where it came from.
    pub(super) fn finish(self, title: &str, provenance: &Provenance) -> String {
        let mut page = self.page();
        page.assign("role", "img");
        page.assign("font-family", font::FAMILY);
        let title = clean(title);
        if !title.is_empty() {
            page.append(Title::new(title));
        }
        let mut description = Description::new();
        description.append(svg::node::Text::new(clean(&provenance.to_string())));
        page.append(description);
        let mut metadata = Element::new("metadata");
        metadata.append(svg::node::Text::new(clean(&provenance.json().to_string())));
        page.append(metadata);
        let mut body = Element::new("g");
        for item in self.body {
            match item {
                Item::Shape(node) => body.append(node),
                Item::Text(label) => {
                    // A text of its own: some programs draw a stroke over its letters, whatever `paint-order` says.
                    if label.halo.is_some() {
                        body.append(label.rim());
                    }
                    body.append(label.letters());
                }
            }
        }
        page.append(body);
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{page}\n")
    }
}

/// The distances that a text of this width extends before and after its anchor.
fn ends(width: f64, anchor: Anchor) -> (f64, f64) {
    match anchor {
        Anchor::Start => (0.0, width),
        Anchor::Middle => (width / 2.0, width / 2.0),
        Anchor::End => (width, 0.0),
    }
}

/// A filled rectangle as an element.
pub(super) fn rect(x: f64, y: f64, width: f64, height: f64, fill: &str) -> Element {
    let mut rect = Element::new("rect");
    rect.assign("x", round(x));
    rect.assign("y", round(y));
    rect.assign("width", round(width));
    rect.assign("height", round(height));
    rect.assign("fill", fill);
    rect
}

/// A straight line as an element.
pub(super) fn line(from: (f64, f64), to: (f64, f64), color: &str, width: f64) -> Element {
    let mut line = Element::new("line");
    line.assign("x1", round(from.0));
    line.assign("y1", round(from.1));
    line.assign("x2", round(to.0));
    line.assign("y2", round(to.1));
    line.assign("stroke", color);
    line.assign("stroke-width", width);
    line
}
