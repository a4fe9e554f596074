//! The selected head's weights as a heatmap: query × key, or query × distance.

use super::super::command::Command;
use super::super::state::{ViewContext, head_name, percent};
use super::super::theme::{quiet, strong};
use super::attention_marks::{self as marks, Axes};
use super::attention_picture::HeatPicture;
use crate::analysis::{BandLayout, TokenSet};
use crate::chart::{ColorMap, Scale, thousands};
use crate::model::soft_mask;
use crate::text::{Unit, Vocabulary};
use eframe::egui::{self, Ui, vec2};
use egui_plot::{AxisHints, Plot, PlotBounds};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Room for the two columns beside the heatmap.
const SIDE: f32 = 46.0;

/// Height of a row whose token can be read, and room for the axis below, in points.
const READABLE: (f32, f32) = (12.6, 40.0);

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
    /// The queries in view, for the figure that is exported.
    #[serde(skip)]
    pub shown: Range<usize>,
    /// The tokens selected when the picture was last aimed.
    #[serde(skip)]
    tokens: TokenSet,
    /// Where the next frame should look, if not where the user left it.
    #[serde(skip)]
    aim: Aim,
    #[serde(skip)]
    picture: HeatPicture,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Aim {
    /// Keep the selected query in view: the user has not moved the picture.
    Follow,
    /// Show everything, once.
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
            shown: 0..0,
            tokens: TokenSet::default(),
            aim: Aim::Follow,
            picture: HeatPicture::default(),
        }
    }
}

impl AttentionView {
    /// Draws the view.
    pub fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        self.toolbar(ui, cx);
        let tokens = cx.snapshot.done;
        let Some(span) = cx.span().filter(|_| tokens > 0) else {
            return super::nothing(ui, "Type a text to see what each token attends to.");
        };
        self.picture.upload(ui.ctx(), cx);
        let axes = Axes {
            layout: self.layout,
            tokens,
            reach: span.reach,
            vectors: cx.detail().map_or(0, |detail| detail.weights.vectors),
        };
        let size = vec2(
            (ui.available_width() - SIDE).max(80.0),
            ui.available_height(),
        );
        if self.tokens != cx.selection.tokens {
            // Selected in another view: bring it into this one.
            self.tokens = cx.selection.tokens.clone();
            self.aim = Aim::Follow;
        }
        let bounds = self.aimed(&axes, cx.query().unwrap_or(0), size);
        let labels = cx.snapshot;
        let unit = labels
            .model
            .as_ref()
            .and_then(|model| model.vocabulary.as_ref())
            .map(Vocabulary::unit);
        let characters = matches!(unit, Some(Unit::Byte | Unit::Char));
        // egui_plot leaves out labels higher than their row.
        let font = egui::FontId::monospace(10.0);
        let mut plot = Plot::new((
            "attention",
            cx.snapshot.model_number,
            self.layout == BandLayout::Key,
        ))
        .width(size.x)
        .height(size.y)
        .invert_y(true)
        .show_x(false)
        .show_y(false)
        .show_grid(false)
        .allow_scroll(false)
        .allow_boxed_zoom(true)
        .allow_double_click_reset(false)
        .label_formatter(|_| None)
        .x_grid_spacer(move |input| match axes.layout {
            BandLayout::Key => marks::key_spacer(input, characters),
            BandLayout::Distance => marks::distance_spacer(input),
            // Columns count from 0, as keys do.
            BandLayout::Vector => marks::key_spacer(input, false),
        })
        .y_grid_spacer(marks::query_spacer)
        .custom_x_axes(vec![
            AxisHints::new_x()
                .label(match self.layout {
                    BandLayout::Key => "Key: the token attended to",
                    BandLayout::Distance => "Distance from query to key (tokens)",
                    BandLayout::Vector => "Persistent vector",
                })
                .label_spacing(egui::Rangef::new(6.0, 8.0))
                .tick_label_font(font.clone())
                .formatter(move |mark, _| match axes.layout {
                    BandLayout::Key => marks::token_tick(labels, mark),
                    BandLayout::Distance => marks::distance_tick(mark),
                    BandLayout::Vector => marks::vector_tick(mark),
                }),
        ])
        .custom_y_axes(vec![
            AxisHints::new_y()
                .label("Query: the token that attends")
                .label_spacing(egui::Rangef::new(6.0, 8.0))
                .tick_label_font(font.clone())
                .min_thickness(38.0)
                .formatter(move |mark, _| marks::token_tick(labels, mark)),
        ]);
        if self.layout == BandLayout::Key {
            plot = plot.data_aspect(1.0);
        }
        let origin = ui.cursor().min;
        let (palette, query) = (cx.palette, cx.query());
        let image = self.picture.image(&axes, &cx.selection.heads);
        let response = plot.show(ui, |plot| {
            if let Some(bounds) = bounds {
                plot.set_plot_bounds(bounds);
            }
            if let Some(image) = image {
                plot.image(image);
            }
            marks::span_lines(plot, &axes, &span, &palette);
            if let Some(query) = query {
                marks::query_lines(plot, &axes, query, &palette);
            }
            plot.pointer_coordinate()
                .filter(|_| plot.response().hovered())
        });
        let (transform, pointer) = (response.transform, response.inner);
        let response = response.response;
        response.widget_info(|| {
            egui::WidgetInfo::labeled(
                egui::Role::Canvas,
                true,
                "Attention heatmap: click a row to select its query",
            )
        });
        let zoomed = response.contains_pointer() && ui.input(|i| i.zoom_delta() != 1.0);
        if response.dragged() || zoomed {
            self.aim = Aim::Free;
        }
        let bounds = transform.bounds();
        let (wide, high) = (axes.width() as f64, tokens as f64);
        if self.aim == Aim::Free
            && bounds.width() > 2.5 * wide.max(8.0)
            && bounds.height() > 2.5 * high.max(8.0)
        {
            // Farther out there is nothing to see.
            self.aim = Aim::Whole;
        }
        self.shown =
            bounds.min()[1].max(0.0) as usize..bounds.max()[1].ceil().clamp(0.0, high) as usize;
        self.picture
            .request(ui, cx, &axes, &transform, (self.map, self.scale));

        let back = response.double_clicked();
        let cell = pointer.and_then(|at| axes.cell(at.x, at.y));
        if let Some((query, key)) = cell {
            cx.hovering.token = Some(key.unwrap_or(query));
            if response.clicked() && !response.double_clicked() {
                cx.click_token(ui, query);
                self.tokens = cx.selection.tokens.clone();
                self.aim = Aim::Free;
            }
            response.on_hover_ui_at_pointer(|ui| readout(ui, cx, query, key, &span));
        }
        if back {
            self.aim = Aim::Follow;
        }
        let side =
            egui::Rect::from_min_size(origin + vec2(size.x + 6.0, 0.0), vec2(SIDE - 6.0, size.y));
        marks::side_columns(ui, cx, side, &transform, self.map);
        if let Some(detail) = cx.detail() {
            marks::color_legend(ui, &transform, self.map, detail.largest);
        }
    }

    fn toolbar(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        ui.horizontal_wrapped(|ui| {
            for (layout, name, words) in [
                (
                    BandLayout::Key,
                    "Keys",
                    "Query × key: each row is a query, each column a token of the text",
                ),
                (
                    BandLayout::Distance,
                    "Distances",
                    "Query × distance: each column is a distance back from the query",
                ),
            ] {
                if ui
                    .selectable_label(self.layout == layout, name)
                    .on_hover_text(words)
                    .clicked()
                {
                    self.layout = layout;
                    self.aim = Aim::Follow;
                }
            }
            ui.separator();
            let combo = egui::ComboBox::from_id_salt("scale")
                .selected_text(self.scale.name())
                .show_ui(ui, |ui| {
                    for scale in Scale::ALL {
                        ui.selectable_value(&mut self.scale, scale, scale.name());
                    }
                })
                .response;
            super::name_combo(&combo, "Colour scale");
            combo.on_hover_text("How weights are spread over the colours");
            let combo = egui::ComboBox::from_id_salt("map")
                .selected_text(self.map.name())
                .show_ui(ui, |ui| {
                    for map in ColorMap::ALL {
                        ui.selectable_value(&mut self.map, map, map.name());
                    }
                })
                .response;
            super::name_combo(&combo, "Colour map");
            combo.on_hover_text("The colours");
            if ui
                .button("All")
                .on_hover_text("Show the whole text; drag to move, Ctrl+wheel to zoom")
                .clicked()
            {
                self.aim = Aim::Whole;
            }
            let following = self.aim == Aim::Follow;
            if ui
                .selectable_label(following, "Follow")
                .on_hover_text(
                    "Keep the selected token in view, near enough to read (double-click)",
                )
                .clicked()
            {
                self.aim = Aim::Follow;
            }
            if ui
                .button("Export…")
                .on_hover_text("Write the heatmap as SVG, PNG or CSV (Ctrl+Shift+S)")
                .clicked()
            {
                cx.commands.push(Command::ExportAttention);
            }
            if let Some(first) = cx
                .detail()
                .map(|detail| detail.weights.first)
                // Where the text is too long for all heads, the status bar says so.
                .filter(|first| *first > cx.snapshot.at_hand.start)
            {
                ui.label(quiet(format!("weights from token {} on", thousands(first))))
                    .on_hover_text(
                        "The text is too long to keep all weights of this head: select a token before to see those around it",
                    );
            }
        });
    }

    /// The bounds to set this frame, if the user is not looking around.
    fn aimed(&mut self, axes: &Axes, query: usize, size: egui::Vec2) -> Option<PlotBounds> {
        let (tokens, width) = (axes.tokens as f64, axes.width() as f64);
        match self.aim {
            Aim::Free => None,
            Aim::Whole => {
                self.aim = Aim::Free;
                Some(PlotBounds::from_min_max(
                    [0.0, 0.0],
                    [width.max(1.0), tokens],
                ))
            }
            Aim::Follow => {
                let rows = f64::from((size.y - READABLE.1) / READABLE.0)
                    .clamp(4.0, tokens.max(4.0))
                    .floor();
                // The query stands near the lower edge: what it reads lies above it and to its left.
                let bottom = (query as f64 + 3.0).min(tokens).max(rows);
                let (top, aspect) = (bottom - rows, f64::from(size.x / size.y.max(1.0)));
                Some(match axes.layout {
                    BandLayout::Key => {
                        let right = bottom + 1.0;
                        PlotBounds::from_min_max(
                            [right - (rows + 1.0) * aspect.max(1.0), top],
                            [right, bottom],
                        )
                    }
                    BandLayout::Distance | BandLayout::Vector => {
                        PlotBounds::from_min_max([0.0, top], [width.max(1.0), bottom])
                    }
                })
            }
        }
    }
}

/// What the pointer is on.
fn readout(
    ui: &mut Ui,
    cx: &ViewContext<'_>,
    query: usize,
    key: Option<usize>,
    span: &crate::model::Span,
) {
    let snapshot = cx.snapshot;
    ui.label(strong(format!(
        "query {}  {}",
        query,
        snapshot.label(query)
    )));
    let Some(detail) = cx.detail() else {
        return;
    };
    match key {
        Some(key) => {
            let distance = query - key;
            ui.label(strong(format!("key {}  {}", key, snapshot.label(key))));
            ui.label(format!("distance {distance}"));
            match detail.weight(query, key) {
                Some(weight) => {
                    ui.label(format!("weight {weight:.5}"));
                    let config = snapshot.model.as_ref().map(|model| model.network.config());
                    if let Some(config) = config.filter(|config| config.adapt_span) {
                        let mask = soft_mask(span.span, config.adapt_span_ramp, distance);
                        ui.label(format!("soft mask {mask:.3}"));
                    }
                }
                None if !(detail.weights.first..detail.end()).contains(&query) => {
                    let (first, last) = (detail.weights.first, detail.end().saturating_sub(1));
                    ui.label(quiet(format!(
                        "weights are at hand for queries {first} to {last}; select this one to see its own"
                    )));
                }
                None => {
                    let name = head_name(cx.selection.heads.leading());
                    ui.label(quiet(format!("beyond the reach of {name}")));
                }
            }
        }
        None => {
            ui.label(quiet("a token attends only to those before it"));
        }
    }
    if let Some(empty) = detail.empty(query) {
        ui.label(quiet(format!("empty context {}", percent(empty))));
    }
    if detail.weights.vectors > 0
        && let Some(persistent) = detail.persistent(query)
    {
        ui.label(quiet(format!("persistent vectors {}", percent(persistent))));
    }
}
