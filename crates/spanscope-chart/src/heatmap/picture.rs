//! The cells of a matrix: rectangles where they are few, one picture where they are many.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rayon::prelude::*;
use svg::Node;
use svg::node::element::{Element, Group, Title};

use super::super::canvas::{Canvas, clean, rect, round};
use super::super::{raster, theme};
use super::Scale;
use super::marks::{Area, Ink};

/// From this many cells on, a picture takes the place of rectangles.
const MANY_CELLS: usize = 4000;
/// Most cells that have tooltips.
const MOST_TOOLTIPS: usize = 2000;
/// Longest side of the picture; more cells than that share a pixel.
const MAX_PICTURE: usize = 2048;
/// Most bytes of the picture; a coarser one takes the place of a larger one.
const MAX_BYTES: usize = 1_400_000;
/// Colours of the picture; one more is none.
const SHADES: usize = 255;

/// Fills an area with a matrix of `shape`, row by row; values that are missing or not numbers are blank. `tip` is what a
/// browser shows over a cell.
pub(crate) fn cells(
    page: &mut Canvas,
    area: Area,
    shape: (usize, usize),
    ink: &Ink,
    values: &[f32],
    tip: Option<&dyn Fn(usize, usize) -> String>,
) {
    let (rows, cols) = shape;
    if rows == 0 || cols == 0 {
        return;
    }
    let count = rows.saturating_mul(cols);
    if count >= MANY_CELLS {
        if let Some(image) = picture(area, shape, ink, values) {
            page.add(image);
        }
        return;
    }
    let mut group = Group::new();
    group.assign("shape-rendering", "crispEdges");
    let x = |col: usize| area.left + area.width * col as f64 / cols as f64;
    let y = |row: usize| area.top + area.height * row as f64 / rows as f64;
    let tip = tip.filter(|_| count <= MOST_TOOLTIPS);
    for (i, value) in values.iter().enumerate().take(count) {
        let Some(color) = ink.color(*value) else {
            continue;
        };
        let (row, col) = (i / cols, i % cols);
        let (left, top) = (round(x(col)), round(y(row)));
        let (width, height) = (round(x(col + 1)) - left, round(y(row + 1)) - top);
        let mut cell = rect(left, top, width, height, &theme::hex(color));
        if let Some(tip) = tip {
            cell.append(Title::new(clean(&tip(row, col))));
        }
        group.append(cell);
    }
    page.add(group);
}

/// The matrix as a picture with one pixel for each cell, or for the largest of several.
pub(crate) fn picture(
    area: Area,
    (rows, cols): (usize, usize),
    ink: &Ink,
    values: &[f32],
) -> Option<Element> {
    let mut most = MAX_PICTURE;
    let (mut width, mut height, png) = loop {
        let (width, height) = (cols.min(most), rows.min(most));
        let pixels = shades((rows, cols), (height, width), ink, values);
        let (w, h) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
        let colors: Vec<[u8; 3]> = (0..SHADES)
            .map(|i| ink.at(i as f64 / (SHADES - 1) as f64))
            .collect();
        let png = raster::encode_indexed((w, h), &pixels, &colors).ok()?;
        if png.len() <= MAX_BYTES || most <= 256 {
            break (width as f64, height as f64, png);
        }
        most = most * 3 / 4;
    };
    let mut image = Element::new("image");
    image.assign("x", round(area.left));
    image.assign("y", round(area.top));
    image.assign("width", round(area.width));
    image.assign("height", round(area.height));
    image.assign("preserveAspectRatio", "none");
    // Hard edges while the pixels are large enough to be seen.
    (width, height) = (width / area.width, height / area.height);
    if width < 4.0 && height < 4.0 {
        image.assign("image-rendering", "pixelated");
    }
    let uri = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(&png));
    // Inkscape before 1.3 and other older programs know the name of SVG 1.1 only; newer ones take either.
    image.assign("xlink:href", uri);
    Some(image)
}

/// Which of [`SHADES`] colours each pixel has, `SHADES` for none; of several values the largest.
fn shades(
    (rows, cols): (usize, usize),
    (height, width): (usize, usize),
    ink: &Ink,
    values: &[f32],
) -> Vec<u8> {
    let mut pixels = vec![SHADES as u8; width * height];
    let shade = shade(ink);
    let line = |(y, out): (usize, &mut [u8])| {
        let mut merged: Vec<f32> = Vec::new();
        let mut row: &[f32] = &[];
        for i in part(y, height, rows) {
            let start = i.saturating_mul(cols).min(values.len());
            let next = &values[start..start.saturating_add(cols).min(values.len())];
            if row.is_empty() && merged.is_empty() {
                row = next;
                continue;
            }
            if merged.is_empty() {
                merged = row.to_vec();
                merged.resize(cols, f32::NAN);
            }
            for (most, value) in merged.iter_mut().zip(next) {
                // Not-a-number loses to everything.
                *most = most.max(*value);
            }
        }
        let row = if merged.is_empty() { row } else { &merged };
        if width == cols {
            for (pixel, value) in out.iter_mut().zip(row) {
                *pixel = shade(*value);
            }
        } else {
            for (x, pixel) in out.iter_mut().enumerate() {
                let range = part(x, width, cols);
                let all = row.get(range.start.min(row.len())..range.end.min(row.len()));
                let most = all
                    .unwrap_or_default()
                    .iter()
                    .fold(f32::NAN, |m, v| m.max(*v));
                *pixel = shade(most);
            }
        }
    };
    pixels
        .par_chunks_mut(width.max(1))
        .enumerate()
        .for_each(line);
    pixels
}

/// Which of `count` things the `i`th of `of` parts has; at least one.
fn part(i: usize, of: usize, count: usize) -> std::ops::Range<usize> {
    let start = (i as u128 * count as u128 / of as u128) as usize;
    let end = ((i as u128 + 1) * count as u128 / of as u128) as usize;
    start..end.max(start + 1)
}

/// The number of a value's colour, as [`Range::share`](super::Range::share) has it, but in single precision: there are
/// millions of them.
fn shade(ink: &Ink) -> impl Fn(f32) -> u8 + Sync + use<> {
    let scale = ink.range.scale;
    let low = ink.range.low as f32;
    let spread = move |v: f32| match scale {
        Scale::Linear => v,
        Scale::Sqrt => v.max(0.0).sqrt(),
        Scale::Log => v.max(low).ln(),
    };
    let (from, to) = (spread(low), spread(ink.range.high as f32));
    let step = (SHADES - 1) as f32 / (to - from);
    let step = if step.is_finite() { step } else { 0.0 };
    move |value: f32| {
        if value.is_nan() {
            return SHADES as u8;
        }
        // A float-to-integer cast saturates.
        let at = ((spread(value) - from) * step + 0.5).min((SHADES - 1) as f32);
        at as u8
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::ColorMap;
    use super::super::Range;
    use super::*;

    #[test]
    fn shades_are_those_of_the_scale() {
        for scale in Scale::ALL {
            for (low, high) in [(0.0, 1.0), (1e-4, 0.25), (1e-30, 1e-27), (-2.0, 3.0)] {
                let low = if scale == Scale::Linear {
                    low
                } else {
                    f64::max(low, 1e-30)
                };
                let range = Range { scale, low, high };
                let shade = shade(&Ink::of(range, ColorMap::Viridis, false));
                for i in 0..=100 {
                    let value = low + (high - low) * f64::from(i) / 100.0;
                    let want = range.share(value) * 254.0;
                    let got = f64::from(shade(value as f32));
                    assert!((got - want).abs() <= 0.6, "{scale:?} {value}: {got} {want}");
                }
                assert_eq!(shade(f32::NAN), 255);
                assert_eq!(shade(f32::INFINITY), 254);
                assert_eq!(shade(f32::NEG_INFINITY), 0);
            }
        }
    }

    #[test]
    fn a_pixel_is_the_largest_value_that_it_covers() {
        let range = Range {
            scale: Scale::Linear,
            low: 0.0,
            high: 254.0,
        };
        let ink = Ink::of(range, ColorMap::Viridis, false);
        let nan = f32::NAN;
        let values = [1.0, 2.0, 3.0, nan, 5.0, 6.0, nan, nan, 9.0, nan, nan, 12.0];
        assert_eq!(shades((3, 4), (3, 4), &ink, &values)[..4], [1, 2, 3, 255]);
        assert_eq!(shades((3, 4), (3, 2), &ink, &values), [2, 3, 6, 255, 9, 12]);
        assert_eq!(shades((3, 4), (1, 4), &ink, &values), [9, 6, 3, 12]);
        // What is missing is blank.
        assert_eq!(shades((2, 2), (2, 2), &ink, &[7.0]), [7, 255, 255, 255]);
        assert_eq!(shades((4, 1), (2, 1), &ink, &[7.0]), [7, 255]);
    }

    #[test]
    fn a_picture_of_noise_is_made_coarser() {
        let range = Range {
            scale: Scale::Linear,
            low: 0.0,
            high: 1.0,
        };
        let ink = Ink::of(range, ColorMap::Viridis, false);
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        let side = 2048;
        let values: Vec<f32> = (0..side * side).map(|_| noise()).collect();
        let area = Area {
            left: 0.0,
            top: 0.0,
            width: 200.0,
            height: 200.0,
        };
        let image = picture(area, (side, side), &ink, &values).unwrap();
        assert!(image.to_string().len() < 2_000_000);
    }
}
