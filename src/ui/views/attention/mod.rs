//! The selected heads' weights as a heatmap: query × key, or query × distance.

mod axes;
mod axis_labels;
mod camera;
mod cells;
mod map_layout;
mod marks;
mod picture;
mod readout;
mod side_columns;
mod toolbar;

use super::context::ViewContext;
use super::pane::{Home, Needs, ViewInfo};
use super::view::View;
use crate::analysis::{BandLayout, Pool, TokenSet};
use crate::chart::{ColorMap, Scale};
use crate::engine::figures::{FigureChoice, FigureKind, HeatmapStyle};
use crate::engine::{Snapshot, Tokens};
use crate::model::Span;
use crate::ui::language::tr;
use crate::ui::widgets::paint::nothing;
use camera::{Camera, Motion};
use cells::Axes;
use eframe::egui::{self, Response, Ui};
use egui_plot::{Plot, PlotTransform};
use map_layout::Places;
use marks::Marks;
use picture::{HeatPicture, Look};
use serde::{Deserialize, Serialize};
use side_columns::Legend;
use std::ops::Range;
use std::sync::Arc;

/// Most cells a side of an exported heatmap: of a longer text several weights share one.
const CELLS: usize = 2048;

/// The state of the view.
#[derive(Serialize, Deserialize)]
#[serde(default)]
pub struct AttentionView {
    /// What the columns are.
    pub layout: BandLayout,
    /// How weights are spread over the colours.
    pub scale: Scale,
    /// The colours.
    pub map: ColorMap,
    /// What a cell of several weights shows.
    pub pool: Pool,
    /// True if the largest weight in view gets the last colour, and not that of the whole text.
    pub in_view: bool,
    /// The queries in view, for the figure that is exported.
    #[serde(skip)]
    shown: Range<usize>,
    /// The columns in view.
    #[serde(skip)]
    columns: Range<usize>,
    /// The model, by its number, and the text that these are of.
    #[serde(skip)]
    seen_of: Option<(u64, Arc<Tokens>)>,
    /// The room that the longest name of that text's tokens takes, in points.
    #[serde(skip)]
    longest: f32,
    /// The tokens selected when the map was last aimed.
    #[serde(skip)]
    tokens: TokenSet,
    /// Where the map is to be looked at from, if not where the user left it.
    #[serde(skip)]
    aim: Aim,
    /// Where it is looked at from.
    #[serde(skip)]
    camera: Option<Camera>,
    /// Where a key or a button leads.
    #[serde(skip)]
    target: Option<Camera>,
    /// The model on show, by its number.
    #[serde(skip)]
    model: u64,
    /// The token at which a drag along an axis began.
    #[serde(skip)]
    dragged: Option<usize>,
    /// True if the last turn of a wheel was fingers on a trackpad.
    #[serde(skip)]
    trackpad: bool,
    /// Width that the row of buttons needs to show all of them, as far as it is known.
    #[serde(skip)]
    row: f32,
    /// The same of the row with a menu and the full name of the heads.
    #[serde(skip)]
    short_row: f32,
    #[serde(skip)]
    picture: HeatPicture,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum Aim {
    /// Keep the selected query in view, large enough to read.
    #[default]
    Follow,
    /// Show everything.
    Whole,
    /// Where the user left it.
    Free,
}

impl Default for AttentionView {
    fn default() -> Self {
        Self {
            layout: BandLayout::Key,
            scale: Scale::Sqrt,
            map: ColorMap::Viridis,
            pool: Pool::Max,
            in_view: false,
            shown: 0..0,
            columns: 0..0,
            seen_of: None,
            longest: 0.0,
            tokens: TokenSet::default(),
            aim: Aim::Follow,
            camera: None,
            target: None,
            model: 0,
            dragged: None,
            trackpad: false,
            row: 0.0,
            short_row: 0.0,
            picture: HeatPicture::default(),
        }
    }
}

impl View for AttentionView {
    const INFO: ViewInfo = ViewInfo {
        name: "attention",
        title: || tr("Attention"),
        figures: &[FigureKind::Attention],
        key: Some(3),
        home: Home::Right,
        needs: Needs::Weights,
    };

    fn choose(&self, _kind: FigureKind, snapshot: &Snapshot, choice: &mut FigureChoice) {
        let (queries, columns) = self.seen(snapshot);
        let largest = snapshot.detail.as_ref().map(|detail| detail.largest);
        choice.queries = queries;
        choice.heatmap = HeatmapStyle {
            layout: self.layout,
            map: self.map,
            scale: self.scale,
            columns,
            order: Arc::default(),
            most: CELLS,
            pool: self.pool,
            // As in the window: the largest weight of all, or of what is in view.
            high: largest.filter(|_| !self.in_view && self.pool == Pool::Max),
        };
    }

    fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        self.toolbar(ui, cx);
        let tokens = cx.snapshot.done;
        let Some(span) = cx.span().filter(|_| tokens > 0) else {
            let words = tr("Type a text to see what each token attends to.");
            return nothing(ui, &cx.without_text(words));
        };
        if self.layout == BandLayout::Vector {
            // Persistent vectors have a view of their own.
            self.layout = BandLayout::Key;
        }
        if self.model != cx.snapshot.model_number {
            self.model = cx.snapshot.model_number;
            self.turn();
        }
        self.picture.upload(ui.ctx(), cx);
        let axes = Axes {
            layout: self.layout,
            tokens,
            nearest: cx.nearest(),
            reach: match cx.later() {
                0 => cx.seen(tokens),
                // An encoder's heads see the text, however long.
                later => later + 1,
            },
            later: cx.later(),
        };
        let is_seen = self.seen_of.as_ref().is_some_and(|(model, tokens)| {
            *model == cx.snapshot.model_number && Arc::ptr_eq(tokens, &cx.snapshot.tokens)
        });
        if !is_seen {
            self.longest = map_layout::longest_name(cx.snapshot);
        }
        let names = map_layout::names(cx, ui.available_width(), self.longest);
        let Some(places) = Places::new(ui, &axes, &names, cx) else {
            return nothing(ui, tr("Make this view larger to see the map."));
        };
        let camera = self.aimed(ui, &axes, cx, &places);
        let (response, transform) = self.plot(ui, cx, &axes, &places, camera);
        self.move_by_hand(ui, &axes, &places, &response, &transform);
        self.seen_of = Some((cx.snapshot.model_number, Arc::clone(&cx.snapshot.tokens)));
        self.shown = map_layout::seen(
            transform.bounds().min()[1],
            transform.bounds().max()[1],
            tokens,
        );
        self.columns = map_layout::seen(
            transform.bounds().min()[0],
            transform.bounds().max()[0],
            axes.width(),
        );
        let look = Look {
            map: self.map,
            scale: self.scale,
            pool: self.pool,
            in_view: self.in_view,
        };
        HeatPicture::request(ui, cx, &axes, &transform, look);

        let marks = Marks::new(ui, &transform, &axes, cx.palette);
        marks.spans(cx, &span);
        marks.selected(&cx.tokens());
        marks.crosshair(ui, &cx.hover);
        if response.has_focus() {
            marks::focus(ui, places.map);
        }
        axis_labels::rows(self, ui, cx, &axes, &places, &transform, names);
        axis_labels::columns(self, ui, cx, &axes, &places, &transform, names);
        let cell = response
            .hover_pos()
            .and_then(|at| marks::inside(&axes, &transform, at));
        self.beside(ui, cx, &axes, &places, &transform, cell);
        if let Some(cell) = cell {
            self.pointed(ui, cx, &response, cell, &span);
        }
    }
}

impl AttentionView {
    /// The queries and the columns in view; all of them where this view has not been seen with this model and text.
    pub fn seen(&self, snapshot: &Snapshot) -> (Range<usize>, Range<usize>) {
        let of_these = self.seen_of.as_ref().is_some_and(|(model, tokens)| {
            *model == snapshot.model_number && Arc::ptr_eq(tokens, &snapshot.tokens)
        });
        if of_these && !self.shown.is_empty() && !self.columns.is_empty() {
            (self.shown.clone(), self.columns.clone())
        } else {
            (0..snapshot.done, 0..usize::MAX)
        }
    }

    /// A click on the map, and what is said of the cell under the pointer.
    fn pointed(
        &mut self,
        ui: &Ui,
        cx: &mut ViewContext<'_>,
        response: &Response,
        (query, key): (usize, Option<usize>),
        span: &Span,
    ) {
        cx.hovering.token = Some(query);
        cx.hovering.key = key;
        if response.double_clicked() {
            if cx.selection.tokens.single() != Some(query) {
                cx.selection.drag_tokens(query, query);
            }
            self.tokens = cx.selection.tokens.clone();
            self.go(Aim::Follow);
        } else if response.clicked() {
            cx.click_token(ui, query);
            self.stay(cx);
        }
        if response.dragged() {
            return;
        }
        let picture = self
            .picture
            .picture(self.layout)
            .filter(|picture| picture.heads == cx.selection.heads);
        readout::show(response, cx, (query, key), span, picture);
    }

    /// The selection was made here: the map stays where it is.
    fn stay(&mut self, cx: &ViewContext<'_>) {
        self.tokens = cx.selection.tokens.clone();
        self.aim = Aim::Free;
    }

    /// Goes somewhere else from the next frame on, by itself.
    fn go(&mut self, aim: Aim) {
        self.aim = aim;
        self.target = self.camera;
    }

    /// Another map: nothing is left of where this one was looked at from.
    fn turn(&mut self) {
        self.aim = Aim::Follow;
        self.camera = None;
        self.target = None;
    }

    /// Where the map is looked at from in this frame.
    fn aimed(&mut self, ui: &Ui, axes: &Axes, cx: &ViewContext<'_>, places: &Places) -> Camera {
        let size = places.map.size();
        let query = cx.query().unwrap_or(0);
        // An edit of the text moves the query as well.
        let edited = self.seen_of.as_ref().is_some_and(|(model, tokens)| {
            *model == cx.snapshot.model_number && !Arc::ptr_eq(tokens, &cx.snapshot.tokens)
        });
        let chosen_elsewhere = self.tokens != cx.selection.tokens || edited;
        self.tokens.clone_from(&cx.selection.tokens);
        let now = self
            .camera
            .unwrap_or_else(|| Camera::reading(axes, size, query));
        let mut next = match self.aim {
            Aim::Follow => Camera::reading(axes, size, query),
            Aim::Whole => Camera::whole(axes, size),
            Aim::Free if chosen_elsewhere => {
                self.target = None;
                now.brought_to(axes, size, query)
            }
            Aim::Free => self.target.unwrap_or(now),
        };
        next.limit(axes, size);
        // A button or a key was pressed: it goes there by itself. Otherwise it is there at once.
        if self.target.is_some() {
            let mut camera = now;
            let seconds = ui.input(|input| input.stable_dt);
            if camera.glide(&next, seconds) {
                self.target = None;
            } else {
                ui.ctx().request_repaint();
            }
            next = camera;
        }
        self.camera = Some(next);
        next
    }

    /// The map itself.
    fn plot(
        &self,
        ui: &mut Ui,
        cx: &ViewContext<'_>,
        axes: &Axes,
        places: &Places,
        camera: Camera,
    ) -> (Response, PlotTransform) {
        let image = self.picture.image(axes, cx);
        let builder = egui::UiBuilder::new().max_rect(places.map);
        let shown = ui.scope_builder(builder, |ui| {
            Plot::new("attention map")
                .width(places.map.width())
                .height(places.map.height())
                .invert_y(true)
                .show_x(false)
                .show_y(false)
                .show_grid(false)
                .show_axes(false)
                .allow_drag(false)
                .allow_zoom(false)
                .allow_scroll(false)
                .allow_axis_zoom_drag(false)
                .allow_double_click_reset(false)
                .allow_boxed_zoom(true)
                .label_formatter(|_| None)
                .show(ui, |plot| {
                    plot.set_plot_bounds(camera.bounds(places.map.size()));
                    if let Some(image) = image {
                        plot.image(image);
                    }
                })
        });
        let (response, transform) = (shown.inner.response, shown.inner.transform);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(
                egui::Role::Canvas,
                true,
                tr("Attention heatmap: click a row to select its query"),
            )
        });
        (response, transform)
    }

    /// What drags, wheels and keys do to the map, from the next frame on.
    fn move_by_hand(
        &mut self,
        ui: &Ui,
        axes: &Axes,
        places: &Places,
        response: &Response,
        transform: &PlotTransform,
    ) {
        let (size, Some(mut camera)) = (places.map.size(), self.camera) else {
            return;
        };
        let before = camera;
        let pointer = ui.input(|input| input.pointer.hover_pos());
        if response.dragged_by(egui::PointerButton::Primary)
            || response.dragged_by(egui::PointerButton::Middle)
        {
            camera.pan(response.drag_delta());
            camera.limit(axes, size);
            ui.set_cursor_icon(egui::CursorIcon::Grabbing);
        } else if response.drag_stopped_by(egui::PointerButton::Secondary) {
            // A box was drawn around what is to be seen.
            camera = Camera::at(transform.bounds(), axes, size);
        }
        if response.clicked() || response.drag_started() {
            response.request_focus();
        }
        if let Some(at) = pointer.filter(|_| response.contains_pointer() || places.over_gutter(ui))
        {
            let motion = Motion::of_wheel(ui, &mut self.trackpad);
            if motion.any() {
                let at = places.map.clamp(at);
                let rows = places.rows.contains(pointer.unwrap_or(at));
                motion.apply(&mut camera, axes, places.map, at, rows);
            }
        }
        if camera != before {
            self.camera = Some(camera);
            self.target = None;
            self.aim = Aim::Free;
            ui.ctx().request_repaint();
        }
        if response.has_focus() {
            ui.memory_mut(|memory| {
                let arrows = egui::EventFilter {
                    horizontal_arrows: true,
                    vertical_arrows: true,
                    ..egui::EventFilter::default()
                };
                memory.set_focus_lock_filter(response.id, arrows);
            });
            let motion = Motion::of_keys(ui, size);
            if motion.any() {
                // A second press goes on from where the first one leads.
                let mut target = self.target.unwrap_or(camera);
                motion.apply(&mut target, axes, places.map, places.map.center(), false);
                self.target = Some(target);
                self.aim = Aim::Free;
                ui.ctx().request_repaint();
            }
        }
    }

    /// What stands around the map and is not for clicking.
    fn beside(
        &self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        axes: &Axes,
        places: &Places,
        transform: &PlotTransform,
        cell: Option<(usize, Option<usize>)>,
    ) {
        side_columns::columns(
            ui,
            cx,
            &self.picture,
            places.sides,
            places.below(),
            transform,
        );
        let Some(picture) = self.picture.picture(axes.layout) else {
            return;
        };
        if let Some(profile) = places.profile {
            side_columns::profile(ui, profile, transform, picture, cx.palette.context);
        }
        let detail = cx.detail();
        let weight = |(query, key): (usize, Option<usize>)| detail?.weight(query, key?);
        let legend = Legend::of(picture, cx.selection.weighting(), cell.and_then(weight));
        match places.legend {
            Some(area) => legend.upright(ui, area, true),
            None => legend.small(ui, places.map.right_top() + egui::vec2(-6.0, 6.0)),
        }
    }
}
