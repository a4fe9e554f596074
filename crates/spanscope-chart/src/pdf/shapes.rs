//! Shapes, their lines and their colours.

use super::super::ChartError;
use super::page::{Page, matrix, name};
use pdf_writer::types::{FunctionShadingType, LineCapStyle, LineJoinStyle};
use pdf_writer::{Filter, Finish as _, Name};
use resvg::tiny_skia::PathSegment;
use resvg::usvg;

/// Colours of a gradient.
const SAMPLES: u16 = 256;

/// A colour as PDF writes it.
fn rgb(color: usvg::Color) -> [f32; 3] {
    [color.red, color.green, color.blue].map(|part| f32::from(part) / 255.0)
}

impl Page<'_> {
    /// Draws a shape.
    pub(super) fn shape(&mut self, path: &usvg::Path) -> Result<(), ChartError> {
        if !path.is_visible() {
            return Ok(());
        }
        self.content.save_state();
        let fill = path.fill();
        let clear = |opacity: Option<usvg::Opacity>| opacity.unwrap_or(usvg::Opacity::ONE);
        let stroke = path.stroke();
        self.opacity(
            clear(fill.map(usvg::Fill::opacity)),
            clear(stroke.map(usvg::Stroke::opacity)),
        );
        if let Some(fill) = fill {
            match fill.paint() {
                usvg::Paint::Color(_) => {
                    self.set_fill(fill.paint());
                    self.trace(path);
                    match fill.rule() {
                        usvg::FillRule::NonZero => self.content.fill_nonzero(),
                        usvg::FillRule::EvenOdd => self.content.fill_even_odd(),
                    };
                }
                usvg::Paint::LinearGradient(gradient) => {
                    self.content.save_state();
                    self.trace(path);
                    self.content.clip_nonzero().end_path();
                    self.gradient(gradient)?;
                    self.content.restore_state();
                }
                _ => {
                    let words = "a shape has a pattern, which is not written to PDFs";
                    return Err(ChartError::Pdf(words.into()));
                }
            }
        }
        if let Some(stroke) = stroke {
            self.set_stroke(stroke);
            self.trace(path);
            self.content.stroke();
        }
        self.content.restore_state();
        Ok(())
    }

    fn trace(&mut self, path: &usvg::Path) {
        let content = &mut self.content;
        let mut last = (0.0, 0.0);
        for segment in path.data().segments() {
            match segment {
                PathSegment::MoveTo(to) => {
                    content.move_to(to.x, to.y);
                    last = (to.x, to.y);
                }
                PathSegment::LineTo(to) => {
                    content.line_to(to.x, to.y);
                    last = (to.x, to.y);
                }
                PathSegment::QuadTo(by, to) => {
                    let part = |from: f32, by: f32| from + (by - from) * 2.0 / 3.0;
                    let first = (part(last.0, by.x), part(last.1, by.y));
                    let second = (part(to.x, by.x), part(to.y, by.y));
                    content.cubic_to(first.0, first.1, second.0, second.1, to.x, to.y);
                    last = (to.x, to.y);
                }
                PathSegment::CubicTo(a, b, to) => {
                    content.cubic_to(a.x, a.y, b.x, b.y, to.x, to.y);
                    last = (to.x, to.y);
                }
                PathSegment::Close => {
                    content.close_path();
                }
            }
        }
    }

    /// Sets the colour of what is filled.
    pub(super) fn set_fill(&mut self, paint: &usvg::Paint) {
        if let usvg::Paint::Color(color) = paint {
            let [r, g, b] = rgb(*color);
            self.content.set_fill_rgb(r, g, b);
        }
    }

    /// Sets the colour and the form of lines.
    pub(super) fn set_stroke(&mut self, stroke: &usvg::Stroke) {
        if let usvg::Paint::Color(color) = stroke.paint() {
            let [r, g, b] = rgb(*color);
            self.content.set_stroke_rgb(r, g, b);
        }
        let content = &mut self.content;
        content.set_line_width(stroke.width().get());
        content.set_line_cap(match stroke.linecap() {
            usvg::LineCap::Butt => LineCapStyle::ButtCap,
            usvg::LineCap::Round => LineCapStyle::RoundCap,
            usvg::LineCap::Square => LineCapStyle::ProjectingSquareCap,
        });
        content.set_line_join(match stroke.linejoin() {
            usvg::LineJoin::Miter | usvg::LineJoin::MiterClip => LineJoinStyle::MiterJoin,
            usvg::LineJoin::Round => LineJoinStyle::RoundJoin,
            usvg::LineJoin::Bevel => LineJoinStyle::BevelJoin,
        });
        content.set_miter_limit(stroke.miterlimit().get());
        if let Some(dashes) = stroke.dasharray() {
            content.set_dash_pattern(dashes.iter().copied(), stroke.dashoffset());
        }
    }

    /// Fills what is clipped with a gradient.
    fn gradient(&mut self, gradient: &usvg::LinearGradient) -> Result<(), ChartError> {
        let colors: Vec<u8> = (0..SAMPLES)
            .flat_map(|i| color_at(gradient.stops(), f32::from(i) / f32::from(SAMPLES - 1)))
            .collect();
        let colors = super::deflate(&colors)?;
        let file = &mut self.file;
        let (function, id) = (file.next.bump(), file.next.bump());
        let mut samples = file.pdf.sampled_function(function, &colors);
        samples.filter(Filter::FlateDecode);
        samples
            .domain([0.0, 1.0])
            .range([0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
        samples.size([i32::from(SAMPLES)]).bits_per_sample(8);
        samples.finish();
        let mut shading = file.pdf.function_shading(id);
        shading.shading_type(FunctionShadingType::Axial);
        shading.color_space().device_rgb();
        shading
            .coords([gradient.x1(), gradient.y1(), gradient.x2(), gradient.y2()])
            .function(function)
            .extend([true, true]);
        shading.finish();
        let name = name('S', self.shadings.len());
        self.shadings.push(id);
        self.content.transform(matrix(gradient.transform()));
        self.content.shading(Name(name.as_bytes()));
        Ok(())
    }
}

/// The colour of a gradient at a share of its length.
fn color_at(stops: &[usvg::Stop], share: f32) -> [u8; 3] {
    let parts = |stop: &usvg::Stop| [stop.color().red, stop.color().green, stop.color().blue];
    let after = stops.partition_point(|stop| stop.offset().get() < share);
    match (
        after.checked_sub(1).and_then(|i| stops.get(i)),
        stops.get(after),
    ) {
        (Some(low), Some(high)) => {
            let (from, to) = (low.offset().get(), high.offset().get());
            let way = ((share - from) / (to - from).max(1e-6)).clamp(0.0, 1.0);
            let (low, high) = (parts(low), parts(high));
            std::array::from_fn(|i| {
                let (low, high) = (f32::from(low[i]), f32::from(high[i]));
                (low + (high - low) * way).round() as u8
            })
        }
        (Some(only), None) | (None, Some(only)) => parts(only),
        (None, None) => [0; 3],
    }
}
