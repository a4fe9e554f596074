//! Changing spans by hand: what is being dragged, and what was asked for and has not come back.

use super::axes::Scale;
use super::facts::Facts;
use super::marks::Mark;
use crate::model::HeadId;
use crate::ui::commands::command::Command;
use crate::ui::language::trf;
use crate::ui::views::context::ViewContext;
use eframe::egui::{self, Key, Rect, Response, Sense, Ui, vec2};
use egui_plot::PlotTransform;

/// Distance from a head's point within which the pointer takes hold of it, in points.
const NEAR: f32 = 14.0;

/// Distance from its trained place within which a point goes there by itself, in points.
const SNAP: f32 = 5.0;

/// Time for which a change that was asked for is shown if the worker does not confirm it, in seconds: it may have been
/// refused.
const PATIENCE: f64 = 2.0;

#[derive(Debug, Default)]
pub(super) struct Hand {
    /// True if points can be dragged without holding Alt.
    pub on: bool,
    drag: Option<Drag>,
    asked: Option<Asked>,
    /// The head that the open menu is about.
    pub menu: Option<HeadId>,
    /// Bits per token of the whole text, when it last had run, and of which model.
    bits: Option<(u64, f64)>,
}

#[derive(Debug)]
struct Drag {
    head: HeadId,
    /// From the pointer up to the point.
    offset: f32,
    /// The heights between which the chart stands still meanwhile.
    bounds: (f64, f64),
}

#[derive(Debug)]
struct Asked {
    model: u64,
    head: HeadId,
    /// `None`: as trained.
    span: Option<f32>,
    when: f64,
    /// True if the worker has it.
    is_there: bool,
}

/// The chart as it lies under the hand.
pub(super) struct Field<'a> {
    pub facts: &'a Facts,
    pub scale: Scale,
    pub marks: &'a [Mark],
    pub transform: &'a PlotTransform,
}

/// The effect of the edits on the text's bits per token.
pub(super) struct Effect {
    pub bits: f64,
    /// True if the text has run to its end with all edits.
    pub is_now: bool,
    pub unedited: Option<f64>,
}

impl Hand {
    /// Takes note of what the worker has done.
    pub fn begin(&mut self, ui: &Ui, cx: &ViewContext<'_>) {
        let snapshot = cx.snapshot;
        let now = ui.input(|input| input.time);
        if let (Some(asked), Some(model)) = (&mut self.asked, &snapshot.model) {
            let HeadId { layer, head } = asked.head;
            let has = model.network.edits().span(layer, head);
            asked.is_there = has == asked.span;
            let done = asked.is_there && self.drag.is_none();
            let other = asked.model != snapshot.model_number;
            if done || other || now - asked.when > PATIENCE && self.drag.is_none() {
                self.asked = None;
            }
        }
        if !ui.input(|input| input.pointer.any_down()) || snapshot.preview.is_some() {
            self.drag = None;
        }
        let whole = snapshot.done > 0 && snapshot.done == snapshot.tokens.ids.len();
        if let Some(bits) = snapshot
            .bits_per_token
            .filter(|_| whole && !snapshot.opening)
        {
            self.bits = Some((snapshot.model_number, bits));
        }
    }

    pub fn asked_head(&self) -> Option<HeadId> {
        self.asked.as_ref().map(|asked| asked.head)
    }

    /// True if the worker has all that was asked for.
    pub fn is_there(&self) -> bool {
        self.asked.as_ref().is_none_or(|asked| asked.is_there)
    }

    pub fn asked_span(&self) -> Option<f32> {
        self.asked.as_ref()?.span
    }

    /// The head that is being dragged.
    pub fn dragged(&self) -> Option<HeadId> {
        self.drag.as_ref().map(|drag| drag.head)
    }

    /// The heights between which the chart stands still while a head is dragged.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        self.drag.as_ref().map(|drag| drag.bounds)
    }

    /// The effect of the edits on the bits per token; nothing before the text has run once.
    pub fn effect(&self, cx: &ViewContext<'_>) -> Option<Effect> {
        let snapshot = cx.snapshot;
        let (model, bits) = self.bits?;
        let whole = snapshot.done == snapshot.tokens.ids.len();
        (model == snapshot.model_number && snapshot.done > 0).then_some(Effect {
            bits,
            is_now: whole && self.is_there(),
            unedited: snapshot.unedited_bits,
        })
    }

    /// Sets a head's z, or sets it back.
    pub fn ask(&mut self, ui: &Ui, cx: &mut ViewContext<'_>, head: HeadId, span: Option<f32>) {
        cx.commands.push(Command::SetSpan { head, span });
        self.asked = Some(Asked {
            model: cx.snapshot.model_number,
            head,
            span,
            when: ui.input(|input| input.time),
            is_there: false,
        });
    }

    /// Leaves a head as trained.
    pub fn set_back(&mut self, ui: &Ui, cx: &mut ViewContext<'_>, facts: &Facts, head: HeadId) {
        if facts.ablated(head) {
            let ablated = false;
            cx.commands.push(Command::Ablate { head, ablated });
        }
        if facts.model.network.edits().of(head).is_some() {
            self.ask(ui, cx, head, None);
        }
    }

    /// Lets heads' points be dragged. Returns the head that the pointer can take hold of.
    pub fn reach_for(
        &mut self,
        ui: &Ui,
        cx: &mut ViewContext<'_>,
        field: &Field<'_>,
    ) -> Option<(HeadId, Response)> {
        let Field {
            facts,
            marks,
            transform,
            ..
        } = *field;
        let alt = ui.input(|input| input.modifiers.alt);
        if !facts.editable || !(self.on || alt || self.drag.is_some()) {
            self.drag = None;
            return None;
        }
        let frame = *transform.frame();
        let pointer = ui
            .input(|input| input.pointer.hover_pos())
            .filter(|_| ui.rect_contains_pointer(frame));
        let nearest = pointer.and_then(|pointer| {
            let distance = |mark: &&Mark| mark.place(transform).distance(pointer);
            let near = marks
                .iter()
                .min_by(|a, b| distance(a).total_cmp(&distance(b)));
            near.filter(|mark| distance(mark) < NEAR).map(Mark::head)
        });
        if nearest.is_none() && self.drag.is_none() {
            self.wait(ui, cx, field);
        }
        let mut heads = vec![cx.selection.heads.leading()];
        heads.extend(nearest);
        heads.extend(self.dragged());
        heads.sort_unstable();
        heads.dedup();
        let mut held = None;
        for head in heads {
            let Some(mark) = marks.iter().find(|mark| mark.head() == head) else {
                continue;
            };
            let at = mark.place(transform);
            if !frame.expand(2.0).contains(at) && self.dragged() != Some(head) {
                continue;
            }
            // Where heads are crowded, only the nearest one is to be had.
            let is_nearest = nearest == Some(head) || nearest.is_none();
            let size = if is_nearest { 2.0 * NEAR } else { 2.0 };
            let rect = Rect::from_center_size(at, vec2(size, size));
            let id = ui.scope_id().with(("span", head));
            let handle = ui.interact(rect, id, Sense::click_and_drag());
            handle.widget_info(|| {
                egui::WidgetInfo::slider(
                    true,
                    f64::from(mark.span.span),
                    trf("Span z of layer {0}, head {1}", &[&head.layer, &head.head]),
                )
            });
            self.drag(ui, cx, field, mark, &handle);
            if handle.hovered() || handle.dragged() || handle.has_focus() {
                ui.ctx().set_cursor_icon(egui::CursorIcon::ResizeVertical);
            }
            if handle.contains_pointer() || self.dragged() == Some(head) {
                held = Some((head, handle));
            }
        }
        held
    }

    /// Takes hold of a point that the pointer was not near before it was pressed: a finger comes from nowhere.
    fn wait(&mut self, ui: &Ui, cx: &mut ViewContext<'_>, field: &Field<'_>) {
        let leading = cx.selection.heads.leading();
        let frame = *field.transform.frame();
        for mark in field.marks.iter().filter(|mark| mark.head() != leading) {
            let at = mark.place(field.transform);
            if frame.contains(at) {
                let rect = Rect::from_center_size(at, vec2(2.0 * NEAR, 2.0 * NEAR));
                let id = ui.scope_id().with(("span", mark.head()));
                let handle = ui.interact(rect, id, Sense::DRAG | Sense::CLICK);
                self.drag(ui, cx, field, mark, &handle);
            }
        }
    }

    fn drag(
        &mut self,
        ui: &Ui,
        cx: &mut ViewContext<'_>,
        field: &Field<'_>,
        mark: &Mark,
        handle: &Response,
    ) {
        let Field {
            facts,
            scale,
            transform,
            ..
        } = *field;
        let (head, at) = (mark.head(), mark.place(transform));
        if handle.double_clicked() {
            return self.set_back(ui, cx, facts, head);
        }
        if handle.drag_started() {
            let origin = ui.input(|input| input.pointer.press_origin());
            let bounds = transform.bounds();
            // What is dragged is what every view shows.
            cx.selection.select_head(head);
            self.drag = Some(Drag {
                head,
                offset: origin.map_or(0.0, |origin| at.y - origin.y),
                bounds: (bounds.min()[1], bounds.max()[1]),
            });
        }
        let drag = self.drag.as_ref().filter(|drag| drag.head == head);
        if let (Some(drag), Some(pointer)) = (drag, handle.interact_pointer_pos())
            && handle.dragged()
        {
            let y = pointer.y + drag.offset;
            let trained = facts.ghost(head).unwrap_or(mark.span);
            let home = transform.position_from_point_y(scale.y(scale.value(&trained)));
            let span = if (home - y).abs() < SNAP {
                None
            } else {
                let y = transform.value_from_position(egui::pos2(at.x, y)).y;
                Some(scale.span_at(y, &mark.span))
            };
            self.move_to(ui, cx, facts, head, span);
        }
        if handle.has_focus() {
            let filter = egui::EventFilter {
                vertical_arrows: true,
                ..egui::EventFilter::default()
            };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(handle.id, filter));
            let steps = ui.input(|input| {
                let presses = |key| input.num_presses(key) as f32;
                presses(Key::ArrowUp) - presses(Key::ArrowDown)
            });
            if steps != 0.0 {
                let z = mark.span.span + steps * (mark.span.span / 20.0).round().max(1.0);
                let z = mark.span.with(z).span;
                self.move_to(ui, cx, facts, head, Some(z));
            }
        }
    }

    /// Asks for a span unless it is the one there.
    fn move_to(
        &mut self,
        ui: &Ui,
        cx: &mut ViewContext<'_>,
        facts: &Facts,
        HeadId { layer, head }: HeadId,
        span: Option<f32>,
    ) {
        let there = match &self.asked {
            Some(asked) if asked.head == HeadId { layer, head } => asked.span,
            _ => facts.model.network.edits().span(layer, head),
        };
        if there != span {
            self.ask(ui, cx, HeadId { layer, head }, span);
        }
    }
}
