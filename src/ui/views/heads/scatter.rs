//! All heads as points, by any two of their numbers.

use super::lasso::Lasso;
use super::point_names;
use crate::analysis::{HeadPoint, Role, head_points, outstanding};
use crate::engine::figures::HeadColor;
use crate::model::HeadId;
use crate::ui::language::{tr, trf};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::head_axis::HeadAxis;
use crate::ui::widgets::head_cache::HeadCache;
use crate::ui::widgets::head_menu::{head_menu, head_tooltip};
use crate::ui::widgets::paint::{grid_color, paint_text, paint_upwards};
use crate::ui::widgets::roles::{role_color, role_shape};
use crate::ui::widgets::statistic::{DisplayName, Filter, Row, Statistic};
use eframe::egui::epaint::CircleShape;
use eframe::egui::{self, Align2, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Weak};

/// The state of the scatter.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Scatter {
    /// Along, and up.
    pub axes: [Statistic; 2],
    pub color: HeadColor,
    /// True if dragging draws a loop, else a rectangle.
    pub lasso: bool,
    #[serde(skip)]
    drag: Option<Lasso>,
    #[serde(skip)]
    made: Option<Made>,
}

impl Default for Scatter {
    fn default() -> Self {
        Self {
            axes: [Statistic::Most, Statistic::Entropy],
            color: HeadColor::Layer,
            lasso: false,
            drag: None,
            made: None,
        }
    }
}

/// Room for numbers and names of the axes.
const LEFT: f32 = 46.0;
const UNDER: f32 = 32.0;

/// The farthest that the pointer may be from a point that it points at.
const NEAR: f32 = 9.0;

/// What follows from the numbers alone: kept until there are others.
#[derive(Debug)]
struct Made {
    rows: Weak<[Row]>,
    of: [Statistic; 2],
    axes: [HeadAxis; 2],
    points: Vec<HeadPoint>,
    /// The points, those first that stand apart.
    apart: Vec<usize>,
}

impl Made {
    fn new(rows: &Arc<[Row]>, of: [Statistic; 2]) -> Self {
        let points = head_points(rows, of);
        Self {
            rows: Arc::downgrade(rows),
            of,
            axes: of.map(|axis| HeadAxis::new(axis, rows, false)),
            apart: outstanding(&points, of.map(|axis| axis.is_log(rows))),
            points,
        }
    }

    fn is_of(&self, rows: &Arc<[Row]>, of: [Statistic; 2]) -> bool {
        // A weak pointer keeps the address from being given to others.
        self.of == of && std::ptr::addr_eq(self.rows.as_ptr(), Arc::as_ptr(rows))
    }
}

/// The places of all points in this frame.
struct Places<'a> {
    frame: Rect,
    points: &'a [HeadPoint],
    at: Vec<Pos2>,
    /// The points, those first that stand apart.
    apart: &'a [usize],
    rows: &'a [Row],
    roles: &'a [Option<Role>],
    layers: usize,
}

impl Places<'_> {
    fn id(&self, i: usize) -> HeadId {
        self.rows[self.points[i].row].id()
    }

    /// The point nearest to the pointer.
    fn near(&self, pointer: Pos2) -> Option<usize> {
        let distance = |i: &usize| self.at[*i].distance(pointer);
        let all = (0..self.at.len()).filter(|i| distance(i) <= NEAR);
        all.min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}

impl Scatter {
    /// Draws it into the width there is, `height` high.
    pub(super) fn show(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        cache: &HeadCache,
        filter: &Filter,
        height: f32,
    ) {
        let rows = cache.rows();
        let width = ui.available_width();
        let (area, response) = ui.allocate_exact_size(vec2(width, height), Sense::click_and_drag());
        let frame = Rect::from_min_max(area.min + vec2(LEFT, 6.0), area.max - vec2(8.0, UNDER));
        let made = self.made.take();
        let made = made.filter(|made| made.is_of(&rows, self.axes));
        let made = made.unwrap_or_else(|| Made::new(&rows, self.axes));
        let [along, up] = &made.axes;
        self.axis_lines(ui, frame, (along, up));
        let place = |point: &HeadPoint| {
            let (x, y) = (along.share(point.at[0]), up.share(point.at[1]));
            pos2(
                frame.left() + x.unwrap_or(0.0) * frame.width(),
                frame.bottom() - y.unwrap_or(0.0) * frame.height(),
            )
        };
        let places = Places {
            frame,
            at: made.points.iter().map(place).collect(),
            points: &made.points,
            apart: &made.apart,
            rows: &rows,
            roles: cache.roles(),
            layers: cache.layers(),
        };
        let [x, y] = self.axes.map(DisplayName::name);
        let words = trf(
            "Scatter of {0} heads: {1} against {2}",
            &[&places.at.len(), &y, &x],
        );
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, &words));
        if places.at.is_empty() {
            let ink = ui.visuals().weak_text_color();
            let words = tr("Neither is known of any head yet");
            paint_text(ui, frame.center(), Align2::CENTER_CENTER, words, 12.0, ink);
            return;
        }
        let hovered = response.hover_pos().and_then(|at| places.near(at));
        self.paint(ui, cx, &places, filter);
        self.pointer(ui, cx, &response, &places, (filter, hovered));
        self.made = Some(made);
    }

    fn axis_lines(&self, ui: &Ui, frame: Rect, (along, up): (&HeadAxis, &HeadAxis)) {
        let ink = ui.visuals().weak_text_color();
        let grid = Stroke::new(1.0, grid_color(ui));
        let painter = ui.painter();
        for (share, words) in along.ticks(frame.width(), 52.0) {
            let x = frame.left() + share * frame.width();
            painter.vline(x, frame.y_range(), grid);
            let at = pos2(x, frame.bottom() + 2.0);
            paint_text(ui, at, Align2::CENTER_TOP, &words, 10.0, ink);
        }
        for (share, words) in up.ticks(frame.height(), 26.0) {
            let y = frame.bottom() - share * frame.height();
            painter.hline(frame.x_range(), y, grid);
            let at = pos2(frame.left() - 3.0, y);
            paint_text(ui, at, Align2::RIGHT_CENTER, &words, 10.0, ink);
        }
        painter.hline(frame.x_range(), frame.bottom(), Stroke::new(1.0, ink));
        painter.vline(frame.left(), frame.y_range(), Stroke::new(1.0, ink));
        let [x, y] = self.axes;
        let under = pos2(frame.center().x, frame.bottom() + UNDER - 1.0);
        paint_text(ui, under, Align2::CENTER_BOTTOM, &x.axis(), 11.0, ink);
        paint_upwards(
            ui,
            frame.left() - LEFT,
            frame,
            &[&y.axis(), y.name(), y.short()],
        );
    }

    fn paint(&self, ui: &Ui, cx: &ViewContext<'_>, places: &Places<'_>, filter: &Filter) {
        let pale = ui.visuals().weak_text_color();
        let radius = if places.at.len() > 600 { 2.2 } else { 3.4 };
        let one = |(point, at): (&HeadPoint, &Pos2)| {
            let row = &places.rows[point.row];
            let role = places.roles.get(point.row).copied().flatten();
            let fade = if filter.lets(row) { 1.0 } else { 0.18 };
            match self.color {
                HeadColor::Layer => {
                    let color = cx.palette.layer(row.span.layer, places.layers);
                    CircleShape::filled(*at, radius, color.gamma_multiply(fade)).into()
                }
                HeadColor::Role => {
                    let color = role_color(role, &cx.palette, pale);
                    role_shape(role, *at, radius, color.gamma_multiply(fade))
                }
            }
        };
        let shapes: Vec<Shape> = places.points.iter().zip(&places.at).map(one).collect();
        ui.painter().extend(shapes);
        let strong = ui.visuals().strong_text_color();
        let chosen = &cx.selection.heads;
        let mut first = Vec::new();
        for i in 0..places.at.len() {
            let id = places.id(i);
            let stroke = match () {
                () if chosen.leading() == id => Stroke::new(2.0, strong),
                () if chosen.contains(id) => Stroke::new(1.5, cx.palette.accent),
                () if cx.hover.head == Some(id) => Stroke::new(1.0, strong),
                () => continue,
            };
            ui.painter()
                .circle_stroke(places.at[i], radius + 2.5, stroke);
            if chosen.leading() == id {
                first.insert(0, i);
            } else {
                first.push(i);
            }
        }
        // Selected heads are named first, then those that stand apart.
        let wanted = |i: &usize| filter.lets(&places.rows[places.points[*i].row]);
        let apart = places.apart.iter().copied();
        let apart = apart.filter(|i| !first.contains(i)).filter(wanted);
        // Clear of the rings.
        let first = first.iter().map(|i| (*i, radius + 5.0));
        let names = first.chain(apart.map(|i| (i, 5.0)));
        let names = names.map(|(i, clear)| (places.at[i], clear, places.id(i).to_string()));
        let ink = ui.visuals().text_color();
        point_names::paint(ui, (places.frame, &places.at), names, ink);
    }

    /// What the pointer does: a click selects a head, a drag those that it goes around.
    fn pointer(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        response: &egui::Response,
        places: &Places<'_>,
        (filter, hovered): (&Filter, Option<usize>),
    ) {
        if let (true, Some(at)) = (response.drag_started(), response.interact_pointer_pos()) {
            let origin = ui.input(|input| input.pointer.press_origin());
            self.drag = Some(Lasso::begin(origin.unwrap_or(at), self.lasso));
        }
        if let (Some(drag), Some(at)) = (&mut self.drag, response.interact_pointer_pos()) {
            drag.go_on(at);
            drag.paint(ui, Stroke::new(1.0, cx.palette.accent));
        }
        if response.drag_stopped()
            && let Some(drag) = self.drag.take()
        {
            let inside = |i: &usize| {
                drag.contains(places.at[*i]) && filter.lets(&places.rows[places.points[*i].row])
            };
            let found = (0..places.at.len()).filter(inside);
            let found: Vec<HeadId> = found.map(|i| places.id(i)).collect();
            let adds = ui.input(|input| input.modifiers.command);
            select(cx, found, adds);
        }
        if self.drag.is_some() {
            return;
        }
        let menu_at = ui.make_persistent_id("scatter menu");
        if response.secondary_clicked() {
            ui.data_mut(|data| data.insert_temp(menu_at, hovered.map(|i| places.id(i))));
        }
        let of_menu = ui.data(|data| data.get_temp::<Option<HeadId>>(menu_at));
        let of_menu = of_menu.flatten();
        let row = of_menu.and_then(|id| places.rows.iter().find(|row| row.id() == id));
        if let Some(row) = row {
            response.context_menu(|ui| head_menu(ui, cx, row));
        }
        let Some(i) = hovered else { return };
        let row = &places.rows[places.points[i].row];
        cx.hovering.head = Some(row.id());
        if response.clicked() {
            cx.click_head(ui, row.id());
        }
        response
            .clone()
            .on_hover_ui_at_pointer(|ui| head_tooltip(ui, row));
    }
}

/// Selects heads, or adds them to those that are; the leading one stays where it is among them.
fn select(cx: &mut ViewContext<'_>, mut heads: Vec<HeadId>, adds: bool) {
    if adds {
        heads.extend_from_slice(cx.selection.heads.all());
    }
    let leading = cx.selection.heads.leading();
    let leading = match heads.contains(&leading) {
        true => Some(leading),
        false => heads.first().copied(),
    };
    if let Some(leading) = leading {
        cx.selection.select_heads(leading, heads);
    }
}
