//! A line of text, set in the bundled fonts: which font draws which character, and where every glyph stands.

use super::faces::{Face, faces};
use harfrust::{BufferClusterLevel, Direction, Feature, ShapeOptions, Tag, UnicodeBuffer};
use std::borrow::Cow;
use std::ops::Range;
use unicode_bidi::{BidiInfo, Level};
use unicode_segmentation::UnicodeSegmentation as _;

/// The weight of a text's font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// For everything but titles.
    Regular,
    /// For titles.
    SemiBold,
}

impl Weight {
    /// The number that SVG wants.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Regular => 400,
            Self::SemiBold => 600,
        }
    }

    /// The fonts in which a character is looked for, in this order.
    fn fonts(self) -> impl Iterator<Item = (usize, &'static Face)> + Clone {
        let own = usize::from(self == Self::SemiBold);
        let faces = faces().iter().enumerate();
        faces.filter(move |(number, _)| *number == own || *number > 1)
    }
}

/// A glyph in its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Glyph {
    /// The number of its font: see [`super::face`].
    pub(crate) font: usize,
    /// Its number in the font.
    pub(crate) id: u16,
    /// The glyph's place from the line's beginning, as shares of the font size; y upwards.
    pub(crate) at: (f32, f32),
    /// The text that it stands for by itself, wherever it stands; empty where only glyphs beside it say what they are together.
    pub(crate) letter: String,
}

/// Glyphs that cannot be parted: mostly one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cluster {
    /// The text that they stand for, as it was before characters without a glyph were written out.
    pub(crate) text: String,
    pub(crate) glyphs: Vec<Glyph>,
}

/// A line of text as glyphs, from left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Line {
    /// As a share of the font size.
    pub(crate) width: f32,
    pub(crate) clusters: Vec<Cluster>,
}

/// A text with a font for every character.
struct Resolved {
    /// The text as it is drawn: characters that no font has are written out.
    shown: String,
    /// The end of each run of characters in one font, and the font.
    fonts: Vec<(usize, usize)>,
    /// The ranges that are written out, and the characters that they replace.
    replaced: Vec<(Range<usize>, char)>,
}

/// The text drawn for a character that no bundled font has: ⟨U+1F4A9⟩.
fn written_out(c: char) -> String {
    format!("⟨U+{:04X}⟩", u32::from(c))
}

/// True if a character shows by what it does to its neighbours, never by a glyph of its own.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The byte that a private character stands for in a text that is no UTF-8, as names of tokens have it: ⟨xE4⟩; else the character.
fn readable(c: char) -> Cow<'static, str> {
    match u32::from(c) {
        code @ 0x0010_FE80..=0x0010_FEFF => format!("⟨x{:02X}⟩", code - 0x0010_FE00).into(),
        _ => c.to_string().into(),
    }
}

/// True if a character stands by itself, whatever is beside it: its width in a line is its own.
fn is_plain(c: char) -> bool {
    matches!(c, '\u{20}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{58f}'
        | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{2070}'..='\u{20cf}' | '\u{2100}'..='\u{25ff}'
        | '\u{27c0}'..='\u{2aff}' | '\u{2e80}'..='\u{3029}' | '\u{3031}'..='\u{3098}' | '\u{309b}'..='\u{3163}'
        | '\u{3165}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff00}'..='\u{ff9d}')
}

impl Resolved {
    fn new(text: &str, weight: Weight) -> Self {
        let mut resolved = Self {
            shown: String::with_capacity(text.len()),
            fonts: Vec::new(),
            replaced: Vec::new(),
        };
        for cluster in text.graphemes(true) {
            let needs = cluster.chars().filter(|c| !is_ignorable(*c));
            let whole = weight
                .fonts()
                .find(|(_, face)| needs.clone().all(|c| face.has(c)));
            if let Some((font, _)) = whole {
                // What joins or varies goes with what it stands by.
                let font = match (needs.clone().next(), resolved.fonts.last()) {
                    (None, Some((_, last))) => *last,
                    _ => font,
                };
                resolved.push(cluster, font);
                continue;
            }
            for c in cluster.chars() {
                let mut fonts = weight.fonts();
                if let Some((font, _)) = fonts.find(|(_, face)| face.has(c)) {
                    resolved.push(c.encode_utf8(&mut [0; 4]), font);
                } else if is_ignorable(c) {
                    let font = resolved.fonts.last().map_or(0, |(_, font)| *font);
                    resolved.push(c.encode_utf8(&mut [0; 4]), font);
                } else {
                    let start = resolved.shown.len();
                    for letter in written_out(c).chars() {
                        let has = |(_, face): &(usize, &Face)| face.has(letter);
                        let font = weight.fonts().find(has).map_or(0, |(font, _)| font);
                        resolved.push(letter.encode_utf8(&mut [0; 4]), font);
                    }
                    resolved.replaced.push((start..resolved.shown.len(), c));
                }
            }
        }
        resolved
    }

    fn push(&mut self, text: &str, font: usize) {
        self.shown.push_str(text);
        match self.fonts.last_mut() {
            Some((end, last)) if *last == font => *end = self.shown.len(),
            _ => self.fonts.push((self.shown.len(), font)),
        }
    }

    /// Parts of one font and direction, from left to right, and whether each reads from right to left.
    fn parts(&self) -> Vec<(Range<usize>, usize, bool)> {
        // What is written out stays together, in whatever it stands.
        let mut text = Cow::Borrowed(self.shown.as_str());
        for (range, _) in &self.replaced {
            text.to_mut()
                .replace_range(range.clone(), &"A".repeat(range.len()));
        }
        let bidi = BidiInfo::new(&text, Some(Level::ltr()));
        let mut parts = Vec::new();
        for paragraph in &bidi.paragraphs {
            let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
            for run in runs {
                let turned = levels.get(run.start).is_some_and(Level::is_rtl);
                let from = parts.len();
                let mut start = 0;
                for (end, font) in &self.fonts {
                    let part = start.max(run.start)..(*end).min(run.end);
                    if !part.is_empty() {
                        parts.push((part, *font, turned));
                    }
                    start = *end;
                }
                if turned {
                    parts[from..].reverse();
                }
            }
        }
        parts
    }

    /// The character that is written out at a place.
    fn replaced_at(&self, at: usize) -> Option<(usize, char)> {
        let next = self.replaced.partition_point(|(range, _)| range.end <= at);
        let (range, c) = self.replaced.get(next)?;
        range.contains(&at).then_some((next, *c))
    }
}

/// The text as it is drawn: characters that no bundled font has are written out, and come back beside it.
pub(crate) fn shown(text: &str, weight: Weight) -> (Cow<'_, str>, Vec<char>) {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return (Cow::Borrowed(text), Vec::new());
    }
    let resolved = Resolved::new(text, weight);
    let missing = resolved.replaced.iter().map(|(_, c)| *c).collect();
    (Cow::Owned(resolved.shown), missing)
}

/// The pieces that a text may be cut into.
pub(crate) fn clusters(text: &str) -> Vec<&str> {
    text.graphemes(true).collect()
}

/// Width of a text as a share of the font size; kerning is left out.
pub(crate) fn width(text: &str, weight: Weight) -> f64 {
    if !text.chars().all(is_plain) {
        return f64::from(line(text, weight).width);
    }
    let em = |c: char| weight.fonts().find_map(|(_, face)| face.em(c));
    let written = |c: char| -> f32 { written_out(c).chars().filter_map(em).sum() };
    let em = |c: char| f64::from(em(c).unwrap_or_else(|| written(c)));
    text.chars().map(em).sum()
}

/// Sets a line of text.
pub(crate) fn line(text: &str, weight: Weight) -> Line {
    let resolved = Resolved::new(text, weight);
    let mut line = Line::default();
    // The character written out that the last cluster belongs to.
    let mut open = None;
    for (range, font, turned) in resolved.parts() {
        let Some(face) = faces().get(font) else {
            continue;
        };
        let part = &resolved.shown[range.clone()];
        for (cluster, at) in shaped(face, font, part, turned, &mut line.width) {
            let replaced = resolved.replaced_at(range.start + at);
            match (replaced, line.clusters.last_mut()) {
                (Some((number, _)), Some(last)) if open == Some(number) => {
                    last.glyphs.extend(cluster.glyphs);
                }
                (Some((_, c)), _) => line.clusters.push(Cluster {
                    text: c.to_string(),
                    ..cluster
                }),
                (None, _) => line.clusters.push(cluster),
            }
            open = replaced.map(|(number, _)| number);
        }
    }
    line
}

/// The clusters of a text in one font and direction, from left to right, and where each begins in it. `x` is where it
/// starts, and then where it ends.
fn shaped(
    face: &Face,
    font: usize,
    text: &str,
    turned: bool,
    x: &mut f32,
) -> Vec<(Cluster, usize)> {
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.set_cluster_level(BufferClusterLevel::MonotoneCharacters);
    buffer.guess_segment_properties();
    buffer.set_direction(match turned {
        true => Direction::RightToLeft,
        false => Direction::LeftToRight,
    });
    // A figure shows the characters that are there: Inter would draw an arrow for a hyphen and a greater-than sign.
    let off = |tag| Feature::new(Tag::new(tag), 0, ..);
    let literal = [off(b"calt"), off(b"liga"), off(b"clig")];
    let features: &[Feature] = if font < 2 { &literal } else { &[] };
    let shaper = face.shaper.shaper(&face.font).build();
    let glyphs = shaper.shape(buffer, ShapeOptions::new().features(features));

    let mut starts: Vec<usize> = glyphs
        .glyph_infos()
        .iter()
        .map(|info| info.cluster as usize)
        .collect();
    starts.sort_unstable();
    starts.dedup();
    let end = |start: usize| {
        let next = starts.partition_point(|other| *other <= start);
        starts.get(next).copied().unwrap_or(text.len())
    };
    let mut clusters: Vec<(Cluster, usize)> = Vec::new();
    for (info, place) in glyphs.glyph_infos().iter().zip(glyphs.glyph_positions()) {
        let start = info.cluster as usize;
        let units = |length: i32| length as f32 / face.units;
        let glyph = Glyph {
            font,
            id: u16::try_from(info.glyph_id).unwrap_or(0),
            at: (*x + units(place.x_offset), units(place.y_offset)),
            letter: String::new(),
        };
        *x += units(place.x_advance);
        match clusters.last_mut() {
            Some((cluster, at)) if *at == start => cluster.glyphs.push(glyph),
            _ => {
                let text = text.get(start..end(start)).unwrap_or_default().to_owned();
                let glyphs = vec![glyph];
                clusters.push((Cluster { text, glyphs }, start));
            }
        }
    }
    for (cluster, _) in &mut clusters {
        if turned {
            cluster.text = turned_text(&cluster.text);
        }
        name_glyphs(face, cluster);
        cluster.text = cluster.text.chars().map(readable).collect();
    }
    join_ignorables(clusters, turned)
}

/// Says what each glyph of a cluster stands for by itself: characters that have a glyph of their own have that, and what
/// is left over belongs to the first other glyph. Such a letter is the same in every cluster.
fn name_glyphs(face: &Face, cluster: &mut Cluster) {
    if let [only] = cluster.glyphs.as_mut_slice() {
        only.letter = cluster.text.chars().map(readable).collect();
        return;
    }
    let mut left: Vec<char> = cluster.text.chars().collect();
    for glyph in &mut cluster.glyphs {
        let own = left.iter().position(|c| face.draws(*c, glyph.id));
        if let Some(own) = own {
            glyph.letter = readable(left.remove(own)).into_owned();
        }
    }
    let mut others = cluster
        .glyphs
        .iter_mut()
        .filter(|glyph| glyph.letter.is_empty());
    if let Some(other) = others.next() {
        other.letter = left.into_iter().collect();
    }
}

/// The text of a cluster that reads from right to left: one character if there is one that means the same. Readers turn
/// round what they find from left to right, several letters of one glyph as well.
fn turned_text(text: &str) -> String {
    let text: String = text.chars().filter(|c| !is_ignorable(*c)).collect();
    match text.as_str() {
        "\u{644}\u{622}" => "\u{fef5}".into(),
        "\u{644}\u{623}" => "\u{fef7}".into(),
        "\u{644}\u{625}" => "\u{fef9}".into(),
        "\u{644}\u{627}" => "\u{fefb}".into(),
        _ => text,
    }
}

/// Characters without a shape go with the cluster that they follow: their glyphs are blank.
fn join_ignorables(mut clusters: Vec<(Cluster, usize)>, turned: bool) -> Vec<(Cluster, usize)> {
    if turned {
        clusters.reverse();
    }
    let mut joined: Vec<(Cluster, usize)> = Vec::with_capacity(clusters.len());
    for (cluster, at) in clusters {
        if !cluster.text.chars().all(is_ignorable) {
            joined.push((cluster, at));
        } else if let (Some((last, _)), false) = (joined.last_mut(), turned) {
            last.text.push_str(&cluster.text);
        }
    }
    if turned {
        joined.reverse();
    }
    joined
}

#[cfg(test)]
mod tests;
