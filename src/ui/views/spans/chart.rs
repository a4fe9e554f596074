//! The chart of all heads.

use super::SpansView;
use super::axes::{Scale, layer_marks, layer_tick, linear_marks, log_marks, tick};
use super::facts::Facts;
use super::marks::{Mark, Pen, Sign, legend, marks};
use super::sinks::beside;
use super::span_drag::Field;
use super::tooltip::tooltip;
use crate::analysis::{EFFECTIVE_SHARES, SpanFlag};
use crate::chart::{SpanMeasure as Measure, thousands};
use crate::engine::Weighting;
use crate::engine::figures::Quantity;
use crate::model::HeadId;
use crate::ui::language::{tr, trf};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::paint::grid_color;
use eframe::egui::{self, FontId, Rect, Response, Sense, Shape, Stroke, Ui, pos2, vec2};
use egui_plot::{AxisHints, Plot, PlotBounds, PlotTransform};
use std::ops::RangeInclusive;

/// How far bounds are moved to have a point in them: not at all where it is.
fn brings(bounds: &PlotBounds, at: [f64; 2]) -> egui::Vec2 {
    let (min, max) = (bounds.min(), bounds.max());
    let by = |i: usize| match (min[i]..=max[i]).contains(&at[i]) {
        true => 0.0,
        false => (at[i] - 0.5 * (min[i] + max[i])) as f32,
    };
    egui::vec2(by(0), by(1))
}

/// Height of the room above the highest head for its flag, in points.
const HEADROOM: f64 = 23.0;

impl SpansView {
    pub(super) fn chart(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, facts: &Facts) {
        let scale = self.scale(facts, cx.snapshot.tokens.ids.len());
        let architecture = facts.architecture().clone();
        let (layers, heads) = (architecture.nb_layers(), architecture.nb_heads());
        let trained = |span: &crate::model::Span| {
            let network = &facts.model.network;
            let trained = network.trained_span(span.layer, span.head);
            trained.unwrap_or(span.span)
        };
        let marks = marks(&facts.spans, heads, scale, self.sorted, trained);
        let (low, high) = self.range(facts, &marks, scale, ui.available_height());
        let right = (layers * (heads + 1)) as f64;
        let linear = self.linear;
        let plot = Plot::new((
            "spans",
            cx.snapshot.model_number,
            linear,
            self.measure == Measure::Reach,
        ))
        .show_x(false)
        .show_y(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .set_margin_fraction(egui::vec2(0.0, 0.0))
        .include_x(-0.5)
        .include_x(right)
        .include_y(low)
        .include_y(high)
        .x_grid_spacer(move |input| layer_marks(&input, layers, heads))
        .show_grid([false, true])
        .grid_color(grid_color(ui))
        .y_grid_spacer(move |input| match linear {
            true => linear_marks(input),
            false => log_marks(input),
        })
        .label_formatter(|_| None)
        .custom_y_axes(vec![
            AxisHints::new_y()
                .label(match self.measure {
                    Measure::Reach => tr(Quantity::Reach.axis()),
                    Measure::Span => tr(Quantity::Span.axis()),
                })
                .label_spacing(egui::Rangef::new(8.0, 14.0))
                .formatter(move |mark, _: &RangeInclusive<f64>| tick(mark, linear)),
        ])
        .custom_x_axes(vec![
            AxisHints::new_x()
                .label(tr(Quantity::Layer.axis()))
                .label_spacing(egui::Rangef::new(14.0, 18.0))
                .formatter(move |mark, _| layer_tick(mark, heads)),
        ]);
        // A chart that was zoomed is moved to a head that was selected elsewhere.
        let leading = cx.selection.heads.leading();
        let seen = self.seen.replace(leading);
        let elsewhere = seen.is_some_and(|seen| seen != leading);
        let selected = find(&marks, elsewhere.then_some(leading));
        let selected = selected.map(|mark| [mark.x, mark.y]);
        let response = plot.show(ui, |plot| {
            if let Some(at) = selected {
                let by = brings(&plot.plot_bounds(), at);
                // Bounds that were moved, however little, fit themselves to what is drawn no more.
                if by != egui::Vec2::ZERO {
                    plot.translate_bounds(by);
                }
            }
        });
        let (transform, response) = (response.transform, response.response);
        response.widget_info(|| {
            let name = tr("Span chart: click a head to select it");
            egui::WidgetInfo::labeled(egui::Role::Canvas, true, name)
        });
        let pen = Pen {
            painter: ui.painter().with_clip_rect(transform.frame().expand(1.0)),
            transform: &transform,
            scale,
            ink: ui.visuals().text_color(),
            weak: ui.visuals().weak_text_color(),
            ground: ui.visuals().extreme_bg_color,
        };
        local_layers(&pen, facts, heads);
        layer_lines(&pen, ui, layers, heads);
        // Where no token sees itself, the limit is the longest span that was trained.
        let is_context = architecture.nearest() == 0;
        let (limit, limit_is) = match architecture.limit().end() {
            Some(limit) => {
                let limit_is = thousands(limit);
                let words = match is_context {
                    true => trf("context {0}", &[&limit_is]),
                    false => format!("S = {limit_is}"),
                };
                (limit as f64, words)
            }
            None => (scale.top, tr("no limit").to_owned()),
        };
        limit_line(&pen, cx, limit);
        self.paint(&pen, cx, facts, &marks);
        limit_name(&pen, cx, limit, limit_is);
        let field = Field {
            facts,
            scale,
            marks: &marks,
            transform: &transform,
        };
        let held = self.hand.reach_for(ui, cx, &field);
        let nearest = under(&marks, &transform, &response).map(Mark::head);
        self.point_at(ui, cx, facts, (&response, nearest), held);
        if let Some(mark) = find(&marks, cx.hover.head) {
            pen.hover(mark);
        }
        if let Some(mark) = find(&marks, self.hand.dragged()) {
            let words = self.dragging_words(cx, facts, mark);
            pen.tag(mark.place(&transform), &words);
        }
    }

    /// The heights between which all heads are to be seen; while a head is dragged they stand still.
    fn range(&self, facts: &Facts, marks: &[Mark], scale: Scale, room: f32) -> (f64, f64) {
        if let Some(bounds) = self.hand.bounds() {
            return bounds;
        }
        let mut low = if scale.linear { 0.0 } else { 1.0 };
        let mut high = f64::NEG_INFINITY;
        let mut see = |y: f64| {
            low = f64::min(low, y);
            high = f64::max(high, y);
        };
        for mark in marks {
            see(mark.y);
            if let Some(trained) = facts.ghost(mark.head()) {
                see(scale.y(scale.value(&trained)));
            }
            if let Some(tokens) = self.held_by(facts, mark.head()) {
                see(scale.y(tokens as f64));
            }
        }
        let limit = facts.architecture().limit().end();
        let limit = scale.y(limit.map_or(scale.top, |limit| limit as f64));
        // The line of the limit is drawn where it does not squeeze the heads, or where they may be dragged up to it.
        let near = if scale.linear { 1.6 * high } else { high + 1.0 };
        if limit <= near || self.hand.on && facts.editable {
            high = high.max(limit);
        }
        if !scale.linear && low < 1.0 {
            // A little below the decade, so that what stands on it can be seen.
            low = low.floor().max(-1.0) - 0.05;
        }
        let share = HEADROOM / f64::from(room - 40.0).max(2.0 * HEADROOM);
        (low, high + share * (high - low).max(0.2))
    }

    /// The effective span that is drawn of a head.
    fn held_by(&self, facts: &Facts, head: HeadId) -> Option<usize> {
        self.effective(facts, head)?[self.held.index()?]
    }

    fn paint(&self, pen: &Pen<'_>, cx: &ViewContext<'_>, facts: &Facts, marks: &[Mark]) {
        let layers = facts.architecture().nb_layers();
        let of = |mark: &Mark| cx.palette.layer(mark.span.layer, layers);
        // What is of another state of the model stands back.
        let fade = if facts.is_fresh { 1.0 } else { 0.55 };
        for layer in marks.chunk_by(|a, b| a.span.layer == b.span.layer) {
            pen.layer(layer, of(&layer[0]), self.sorted);
        }
        for mark in marks {
            let color = of(mark).gamma_multiply(fade);
            let later = facts.measure(mark.head()).and_then(|of| of.later);
            let side = if later.is_some() { -1.0 } else { 0.0 };
            if let Some(tokens) = self.held_by(facts, mark.head()) {
                pen.held((mark, side), tokens, color);
            }
            // Beside it, paler, that of later tokens.
            let index = self.held.index();
            if let Some(tokens) = later.zip(index).and_then(|(of, i)| of.effective[i]) {
                pen.held((mark, 1.0), tokens, color.gamma_multiply(0.5));
            }
        }
        for mark in marks {
            if let Some(trained) = facts.ghost(mark.head()) {
                pen.ghost(mark, &trained);
            }
            pen.point(mark, of(mark), facts.ablated(mark.head()));
        }
        for mark in marks {
            let head = mark.head();
            if let Some(flag) = facts.flag(head) {
                pen.flag(mark, flag);
            }
            if cx.selection.heads.contains(head) {
                pen.ring(mark, cx.selection.heads.leading() == head);
            }
        }
    }

    /// The effects of the pointer: it selects, shows numbers, and opens the menu of a head.
    fn point_at(
        &mut self,
        ui: &Ui,
        cx: &mut ViewContext<'_>,
        facts: &Facts,
        (chart, nearest): (&Response, Option<HeadId>),
        held: Option<(HeadId, Response)>,
    ) {
        let at = held.as_ref().map(|(head, _)| *head).or(nearest);
        if let Some(head) = at {
            cx.hovering.head = Some(head);
        }
        let mut responses = vec![chart.clone()];
        responses.extend(held.map(|(_, handle)| handle));
        for response in responses {
            if let Some(head) = at {
                if response.clicked() && !response.double_clicked() {
                    cx.click_head(ui, head);
                }
                if response.secondary_clicked() {
                    self.hand.menu = Some(head);
                }
            }
            self.head_menu(ui, cx, facts, &response);
            if let Some(head) = at
                && self.hand.dragged().is_none()
            {
                let hand = ui.input(|input| input.modifiers.alt) || self.hand.on;
                let shown = if hand {
                    response
                } else {
                    response.on_hover_cursor(egui::CursorIcon::PointingHand)
                };
                shown.on_hover_ui_at_pointer(|ui| tooltip(ui, facts, head));
            }
        }
    }

    /// The signs of the chart, in a row of a given place.
    pub(super) fn legend(&self, ui: &Ui, row: Rect, cx: &ViewContext<'_>, facts: &Facts) {
        if self.part == super::Part::Leading || row.width() < 1.0 {
            return;
        }
        let response = ui.interact(row, ui.scope_id().with("signs"), Sense::hover());
        let mut signs = vec![(
            Sign::Point,
            match self.measure {
                Measure::Reach => tr("reach").to_owned(),
                Measure::Span => tr("z").to_owned(),
            },
        )];
        if let Some(index) = self.held.index().filter(|_| facts.surveyed.is_some()) {
            let share = 100.0 * EFFECTIVE_SHARES[index];
            let weighting = facts
                .surveyed
                .as_ref()
                .map_or(Weighting::Attention, |of| of.weighting);
            let words = match weighting {
                Weighting::Attention => trf("{0} % of the weight", &[&share]),
                Weighting::Norm => trf("{0} % of the norm-weighted weight", &[&share]),
            };
            let both = facts.architecture().is_bidirectional();
            let words = match both {
                true => trf("{0}: left earlier, right later tokens", &[&words]),
                false => words,
            };
            signs.push((Sign::Held, words + &beside(self.left_out(facts))));
        }
        let flagged = |which| facts.flagged().any(|(_, flag)| flag == which);
        if flagged(SpanFlag::Unused) {
            let words = tr("not used").to_owned();
            signs.push((Sign::Flag(SpanFlag::Unused), words));
        }
        if flagged(SpanFlag::Pressed) {
            let words = tr("span-limited").to_owned();
            signs.push((Sign::Flag(SpanFlag::Pressed), words));
        }
        for (flag, words) in [
            (SpanFlag::Edge, tr("window-limited")),
            (SpanFlag::Local, tr("could be windowed")),
            (SpanFlag::Sink, tr("only sinks")),
        ] {
            if flagged(flag) {
                signs.push((Sign::Flag(flag), words.to_owned()));
            }
        }
        if has_both_kinds(facts) {
            signs.push((Sign::Local, tr("local layer").to_owned()));
        }
        if facts.spans.iter().any(|s| facts.ghost(s.id()).is_some()) {
            signs.push((Sign::Ghost, tr("trained").to_owned()));
        }
        if facts.model.network.edits().ablated().next().is_some() {
            signs.push((Sign::Ablated, tr("ablated").to_owned()));
        }
        let color = cx.palette.layer(0, facts.architecture().nb_layers());
        legend(ui, row, color, &signs, &progress(facts));
        response.on_hover_text(tr(
            "Every point is a head. Its bar ends at the distance within which the given share of its weight on this text \
             lies. Hollow triangle: it reaches much farther than this text makes use of. Full triangle: it is span-limited. Hollow circle: where training left a head that was changed by hand.",
        ));
    }
}

/// The share of the text that is measured, while it is not all.
fn progress(facts: &Facts) -> String {
    let Some(surveyed) = &facts.surveyed else {
        return String::new();
    };
    let (done, all) = (surveyed.queries.len(), surveyed.wanted.len());
    if done < all {
        trf("measured {0} %", &[&(100 * done / all)])
    } else {
        String::new()
    }
}

/// The head of that name.
fn find(marks: &[Mark], head: Option<HeadId>) -> Option<&Mark> {
    let head = head?;
    marks.iter().find(|mark| mark.head() == head)
}

/// The head whose column the pointer is in.
fn under<'a>(
    marks: &'a [Mark],
    transform: &PlotTransform,
    response: &Response,
) -> Option<&'a Mark> {
    let pointer = response.hover_pos()?;
    let at = transform.value_from_position(pointer);
    let distance = |mark: &&Mark| (mark.x - at.x).abs();
    let nearest = marks
        .iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)));
    nearest.filter(|mark| distance(mark) < 0.8)
}

/// True if some layers have windows by design and others see the whole text.
fn has_both_kinds(facts: &Facts) -> bool {
    let layers = &facts.architecture().layers;
    let open = layers
        .iter()
        .filter(|layer| layer.attention.window.most().is_none());
    (1..layers.len()).contains(&open.count())
}

/// A shade behind the layers that have windows by design, where others have none.
fn local_layers(pen: &Pen<'_>, facts: &Facts, heads: usize) {
    if !has_both_kinds(facts) {
        return;
    }
    let frame = *pen.transform.frame();
    for (i, layer) in facts.architecture().layers.iter().enumerate() {
        if layer.attention.window.most().is_none() {
            continue;
        }
        let at = |layer: usize| {
            pen.transform
                .position_from_point_x((layer * (heads + 1)) as f64 - 0.5)
        };
        let band = egui::Rect::from_x_y_ranges(at(i)..=at(i + 1), frame.y_range());
        let shade = pen.weak.gamma_multiply(0.10);
        pen.painter.rect_filled(band.intersect(frame), 0.0, shade);
    }
}

/// A line between every two layers.
fn layer_lines(pen: &Pen<'_>, ui: &Ui, layers: usize, heads: usize) {
    let frame = pen.transform.frame();
    let mut line = ui.visuals().widgets.noninteractive.bg_stroke;
    if pen.pitch() * ((heads + 1) as f32) < 20.0 {
        line.color = line.color.gamma_multiply(0.45);
    }
    for layer in 1..layers {
        let x = (layer * (heads + 1)) as f64 - 0.5;
        let x = pen.transform.position_from_point_x(x);
        if frame.x_range().contains(x) {
            pen.painter.vline(x, frame.y_range(), line);
        }
    }
}

/// The limit S, the context, or the place of what nothing ends, where it is in view.
fn limit_line(pen: &Pen<'_>, cx: &ViewContext<'_>, limit: f64) {
    let frame = *pen.transform.frame();
    let y = pen.transform.position_from_point_y(pen.scale.y(limit));
    if frame.y_range().contains(y) {
        let path = [pos2(frame.left(), y), pos2(frame.right(), y)];
        let stroke = Stroke::new(1.0, cx.palette.limit);
        pen.painter
            .extend(Shape::dashed_line(&path, stroke, 8.0, 6.0));
    }
}

/// The name of the line, over what else is there.
fn limit_name(pen: &Pen<'_>, cx: &ViewContext<'_>, limit: f64, words: String) {
    let frame = *pen.transform.frame();
    let y = pen.transform.position_from_point_y(pen.scale.y(limit));
    if !frame.y_range().contains(y) {
        return;
    }
    let color = cx.palette.limit;
    let font = FontId::proportional(11.0);
    let name = pen.painter.layout_no_wrap(words, font, color);
    // Clear of the points and the ring around a selected one, which may stand on the line.
    let clear = 8.0;
    let top = match y - frame.top() < clear + name.size().y {
        true => y + clear,
        false => y - clear - name.size().y,
    };
    // At the left, where the short heads are.
    let at = pos2(frame.left() + 4.0, top);
    let ground = Rect::from_min_size(at, name.size()).expand2(vec2(2.0, 0.0));
    pen.painter.rect_filled(ground, 2.0, pen.ground);
    pen.painter.galley(at, name, color);
}
