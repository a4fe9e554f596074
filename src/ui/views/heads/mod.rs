//! Every head: as a matrix, as points or as bars by its numbers; a list that can be sorted and filtered, what the leading head does,
//! and the heads like it.

mod about;
mod alike;
mod bars;
mod lasso;
mod legend;
mod list;
mod matrix;
mod places;
mod point_names;
mod scatter;

use super::context::ViewContext;
use super::pane::{Home, Needs, ViewInfo};
use super::view::View;
use crate::analysis::Role;
use crate::engine::figures::{FigureChoice, FigureKind, HeadColor, HeadsForm};
use crate::engine::{Queries, Snapshot, Weighting};
use crate::model::Architecture;
use crate::ui::language::tr;
use crate::ui::theme::quiet;
use crate::ui::widgets::choices::name_combo;
use crate::ui::widgets::head_cache::HeadCache;
use crate::ui::widgets::statistic::{DisplayName, Filter, Row, Statistic};
use alike::Likeness;
use eframe::egui::{self, Ui};
use list::HeadList;
use scatter::Scatter;
use serde::{Deserialize, Serialize};

/// What stands above: all heads at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Drawing {
    #[default]
    Matrix,
    Scatter,
    Bars,
}

/// What stands below: heads one by one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Page {
    #[default]
    List,
    Role,
    Alike,
    Places,
}

/// The room for the choice of columns, in points.
const COLUMNS: f32 = 68.0;

/// The state of the view.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HeadsView {
    /// Of the matrix and the bars, if one was chosen.
    statistic: Option<Statistic>,
    /// The one on show.
    #[serde(skip)]
    shown: Statistic,
    drawing: Drawing,
    /// Of the bars: the largest first.
    sorted: bool,
    scatter: Scatter,
    page: Page,
    likeness: Likeness,
    #[serde(flatten)]
    list: HeadList,
    filter: String,
    #[serde(skip)]
    cache: HeadCache,
}

impl View for HeadsView {
    const INFO: ViewInfo = ViewInfo {
        name: "heads",
        title: || tr("Heads"),
        figures: &[FigureKind::Heads],
        key: Some(1),
        home: Home::Side,
        needs: Needs::Weights,
    };

    fn choose(&self, _kind: FigureKind, _snapshot: &Snapshot, choice: &mut FigureChoice) {
        choice.statistic = self.shown;
        choice.heads_form = match self.drawing {
            Drawing::Matrix => HeadsForm::Matrix,
            Drawing::Scatter => HeadsForm::Scatter {
                axes: self.scatter.axes,
                color: self.scatter.color,
            },
            Drawing::Bars => HeadsForm::Bars {
                sorted: self.sorted,
            },
        };
    }

    fn ask(&self, cx: &ViewContext<'_>, looks: &mut Queries) {
        looks.survey = true;
        if self.page == Page::Alike {
            self.likeness.ask(cx, looks);
        }
    }

    fn show(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let Some(model) = cx.snapshot.model.clone() else {
            return;
        };
        let architecture = model.network.architecture();
        self.cache.update(cx.snapshot);
        let rows = self.cache.rows();
        self.shown = self.statistic.unwrap_or_else(|| usual(&rows));
        let all = [&mut self.shown].into_iter().chain(&mut self.scatter.axes);
        for statistic in all.filter(|statistic| !statistic.is_of(architecture, &rows)) {
            *statistic = Statistic::Reach;
        }
        self.toolbar(ui, architecture, &rows);
        let surveyed = cx.snapshot.surveyed.as_ref();
        if surveyed.is_some_and(|of| of.weighting == Weighting::Norm) {
            ui.label(quiet(tr("Spans and distances: norm-weighted")));
        }
        self.find(ui);
        let filter = Filter::with(&self.filter, cx.selection.heads.all());
        let height = (ui.available_height() * 0.5).clamp(90.0, ui.available_width().max(90.0));
        match self.drawing {
            Drawing::Matrix => {
                let what = (self.shown, architecture.nb_heads());
                matrix::show(ui, cx, &rows, &filter, what);
            }
            Drawing::Scatter => {
                legend::show(ui, cx, &self.cache, self.scatter.color);
                self.scatter.show(ui, cx, &self.cache, &filter, height);
            }
            Drawing::Bars => {
                let what = (self.shown, self.sorted);
                bars::show(ui, cx, &rows, &filter, what, height);
            }
        }
        ui.add_space(4.0);
        self.pages(ui, architecture, &rows);
        match self.page {
            Page::List => self.list.show(ui, cx, &rows, &filter, architecture),
            Page::Role => about::show(ui, cx, &rows),
            Page::Places => places::show(ui, cx),
            Page::Alike => self.likeness.show(ui, cx, &mut self.cache, &filter),
        }
    }
}

/// The number that heads are coloured by where none was chosen: how far they reach or, where all reach as far, how far they look.
fn usual(rows: &[Row]) -> Statistic {
    let mut reaches = rows.iter().map(|row| row.span.reach);
    let first = reaches.next();
    match rows.len() > 1 && reaches.all(|reach| Some(reach) == first) {
        true => Statistic::MostSinkFree,
        false => Statistic::Reach,
    }
}

/// The part of a box of choices that is not its words, in points.
const COMBO: f32 = 32.0;

impl HeadsView {
    fn toolbar(&mut self, ui: &mut Ui, of: &Architecture, rows: &[Row]) {
        let drawing = &mut self.drawing;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            ui.selectable_value(drawing, Drawing::Matrix, tr("Matrix"))
                .on_hover_text(tr("All heads, layer × head, coloured by a number"));
            ui.selectable_value(drawing, Drawing::Scatter, tr("Scatter"))
                .on_hover_text(tr("All heads as points, by two numbers"));
            ui.selectable_value(drawing, Drawing::Bars, tr("Bars"))
                .on_hover_text(tr("All heads as bars, by a number"));
            if *drawing == Drawing::Scatter {
                scatter_options(ui, &mut self.scatter);
            }
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            if self.drawing == Drawing::Scatter {
                let [x, y] = &mut self.scatter.axes;
                let each = (ui.available_width() - 30.0) / 2.0 - COMBO;
                let each = each.clamp(40.0, 180.0);
                let names = [("x", tr("Heads along x")), ("y", tr("Heads along y"))];
                for (axis, (label, name)) in [x, y].into_iter().zip(names) {
                    ui.label(label);
                    choose_statistic(ui, axis, (label, name), (of, rows), each);
                }
            } else {
                let name = match self.drawing {
                    Drawing::Bars => (tr("Height"), tr("Height of the bars")),
                    _ => (tr("Colour"), tr("Colour heads by")),
                };
                ui.label(name.0);
                let beside = match self.drawing {
                    Drawing::Bars => 90.0,
                    _ => 0.0,
                };
                let width = (ui.available_width() - COMBO - beside).clamp(60.0, 180.0);
                let before = self.shown;
                choose_statistic(ui, &mut self.shown, name, (of, rows), width);
                if self.shown != before {
                    self.statistic = Some(self.shown);
                }
                if self.drawing == Drawing::Bars {
                    ui.checkbox(&mut self.sorted, tr("Sorted"))
                        .on_hover_text(tr("The largest first; else layer by layer"));
                }
            }
        });
    }

    fn find(&mut self, ui: &mut Ui) {
        let edit = egui::TextEdit::singleline(&mut self.filter)
            .hint_text(tr("Find: L3H1 or reach>100"))
            .desired_width(f32::INFINITY);
        let response = ui.add(edit);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::TextInput, true, tr("Find heads"))
        });
        response.on_hover_ui(|ui| {
            ui.set_max_width(320.0);
            ui.label(tr(
                "A layer (3), a head (3.2), a role, flagged, selected, or comparisons that must all hold: reach>100 empty<20%",
            ));
            let roles: Vec<&str> = Role::ALL.map(Role::key).to_vec();
            ui.label(quiet(roles.join(" · ")));
            let keys: Vec<&str> = Statistic::COLOURED.map(Statistic::key).to_vec();
            ui.label(quiet(keys.join(" · ")));
        });
    }

    fn pages(&mut self, ui: &mut Ui, of: &Architecture, rows: &[Row]) {
        let row = ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let page = &mut self.page;
            ui.selectable_value(page, Page::List, tr("List"))
                .on_hover_text(tr("All heads with their numbers"));
            ui.selectable_value(page, Page::Role, tr("Role"))
                .on_hover_text(tr("What the selected head does, and on which evidence"));
            ui.selectable_value(page, Page::Alike, tr("Alike"))
                .on_hover_text(tr("The heads like the selected one"));
            ui.selectable_value(page, Page::Places, tr("Places"))
                .on_hover_text(tr("Places in texts that show what the selected head does"));
            let fits = ui.available_width() >= COLUMNS;
            if *page == Page::List && fits {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    self.list.columns_menu(ui, of, rows);
                });
            }
            fits
        });
        // In a narrow view it would stand on the names.
        if self.page == Page::List && !row.inner {
            ui.horizontal(|ui| self.list.columns_menu(ui, of, rows));
        }
    }
}

/// How points are coloured, and how they are selected.
fn scatter_options(ui: &mut Ui, scatter: &mut Scatter) {
    ui.menu_button(tr("Options"), |ui| {
        ui.label(quiet(tr("Colour by")));
        ui.radio_value(&mut scatter.color, HeadColor::Layer, tr("Layer"));
        ui.radio_value(&mut scatter.color, HeadColor::Role, tr("Role"));
        ui.separator();
        ui.label(quiet(tr("Dragging selects by")));
        ui.radio_value(&mut scatter.lasso, false, tr("Rectangle"));
        ui.radio_value(&mut scatter.lasso, true, tr("Lasso"));
    })
    .response
    .on_hover_text(tr("Colours of the points, and how they are selected"));
}

/// The choice of a number, by its label and by its name for screen readers.
fn choose_statistic(
    ui: &mut Ui,
    chosen: &mut Statistic,
    (label, name): (&str, &str),
    (of, rows): (&Architecture, &[Row]),
    width: f32,
) {
    let offered = |statistic: &Statistic| statistic.is_of(of, rows);
    let combo = egui::ComboBox::from_id_salt(("statistic", label))
        .selected_text(chosen.name())
        .width(width)
        .truncate()
        .show_ui(ui, |ui| {
            for statistic in Statistic::COLOURED.into_iter().filter(offered) {
                ui.selectable_value(chosen, statistic, statistic.name())
                    .on_hover_text(statistic.explained());
            }
        });
    name_combo(&combo.response, name);
}
