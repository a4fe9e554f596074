//! The bar over the text: the shade, its colours, and what is shown in words.

use super::TextView;
use super::shade::{DisplayName, Ramps, Shade, Shading, blind, gathered};
use super::tip::weight;
use crate::chart::{Scale, thousands};
use crate::ui::document::draft::TextCaret;
use crate::ui::language::{tr, trf};
use crate::ui::theme::{QUIET, quiet};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::choices::{name_combo, scale_name};
use crate::ui::widgets::names::{bits_unit, heads_name, percent, signed};
use crate::ui::widgets::paint::grid_color;
use crate::ui::widgets::weighting::weighting_box;
use eframe::egui::{self, FontId, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

/// Width from which the toolbar and its words stand in one row, in points.
const WIDE: f32 = 1100.0;

/// Width from which it has the choice of weights; else that stands in Attention, Grid and Spans.
const ROOMY: f32 = 700.0;

impl TextView {
    pub(super) fn toolbar(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, ramps: &Ramps) {
        let shading = self.shading(cx);
        let (full, half, low) = (shading.full, shading.half(), shading.low());
        // Not by the room that is left: the rows must not move while weights come in.
        let wide = ui.available_width() >= WIDE;
        let roomy = ui.available_width() >= ROOMY;
        ui.horizontal_wrapped(|ui| {
            for shade in Shade::ALL {
                ui.selectable_value(&mut self.shade, shade, shade.name())
                    .on_hover_text(shade.words());
            }
            ui.separator();
            if self.shade != Shade::Surprisal {
                if wide {
                    self.sum_or_mean(ui, cx);
                }
                if roomy {
                    weighting_box(ui, cx);
                }
                let combo = egui::ComboBox::from_id_salt("text scale")
                    .selected_text(scale_name(self.scale))
                    .show_ui(ui, |ui| {
                        for scale in Scale::ALL {
                            ui.selectable_value(&mut self.scale, scale, scale_name(scale));
                        }
                    })
                    .response;
                name_combo(&combo, tr("Scale of the shades"));
                combo.on_hover_text(tr("How weights are spread over the shades"));
            }
            if self.shade == Shade::Surprisal && knows_change(cx) {
                ui.toggle_value(&mut self.change, tr("Δ by edits")).on_hover_text(tr(
                    "Shade: the bits that the edits of the model add to each token's surprisal, and in another colour those that they take away",
                ));
            }
            let ends = match self.shade {
                _ if shading.is_change() => {
                    let most = format!("{full:.0}");
                    [format!("\u{2212}{most}"), trf("+{0} bits", &[&most])]
                }
                Shade::Surprisal => ["0".into(), trf("≥ {0} bits", &[&format!("{full:.1}")])],
                _ if low > 0.0 => [format!("≤ {}", weight(low)), weight(full)],
                _ => ["0".into(), weight(full)],
            };
            let words = match self.shade {
                _ if shading.is_change() => trf(
                    "From {0} bits less to {0} bits more than without the edits",
                    &[&format!("{full:.0}")],
                ),
                Shade::Surprisal => trf(
                    "From 0 to {0} bits: as many as a blind guess among all tokens would give",
                    &[&format!("{:.2}", blind(cx.snapshot))],
                ),
                _ => trf(
                    "From {0} to the largest weight, {1}; half way {2}",
                    &[&ends[0], &weight(full), &weight(half)],
                ),
            };
            legend(ui, ramps, (self.shade, shading.is_change()), &ends, &words);
            if wide {
                self.follow(ui, cx);
                let words = self.words(cx);
                ui.add(egui::Label::new(quiet(words)).truncate());
            }
        });
        if !wide {
            // What comes with a selection has its room before: the text must not move under a drag.
            let button = ui.text_style_height(&egui::TextStyle::Button)
                + 2.0 * ui.spacing().button_padding.y;
            let height = button.max(ui.spacing().interact_size.y);
            let size = vec2(ui.available_width(), height.ceil());
            let (row, _) = ui.allocate_exact_size(size, Sense::hover());
            let layout = egui::Layout::right_to_left(egui::Align::Center);
            let mut row = ui.new_child(egui::UiBuilder::new().max_rect(row).layout(layout));
            self.follow(&mut row, cx);
            if self.shade != Shade::Surprisal {
                self.sum_or_mean(&mut row, cx);
            }
            row.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let words = self.words(cx);
                ui.add(egui::Label::new(quiet(words)).truncate());
            });
        }
    }

    /// What becomes of the weights of several tokens.
    fn sum_or_mean(&mut self, ui: &mut Ui, cx: &ViewContext<'_>) {
        if cx.tokens().len() < 2 {
            return;
        }
        let mut both = [
            (
                false,
                tr("Sum"),
                tr("The weights of the selected tokens, added up"),
            ),
            (
                true,
                tr("Mean"),
                tr("The mean of the weights of the selected tokens"),
            ),
        ];
        if ui.layout().prefer_right_to_left() {
            both.reverse();
        }
        for (mean, name, words) in both {
            ui.selectable_value(&mut self.mean, mean, name)
                .on_hover_text(words);
        }
    }

    /// Goes back to no selection.
    fn follow(&self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        if !cx.selection.tokens.is_empty()
            && ui
                .small_button(tr("Follow the end"))
                .on_hover_text(tr("Select no token: the last one is the query (Esc)"))
                .clicked()
        {
            cx.selection.clear_tokens();
            cx.draft.caret = TextCaret::one(self.shown.end());
        }
    }

    /// The shades of this frame.
    pub(super) fn shading<'a>(&self, cx: &ViewContext<'a>) -> Shading<'a> {
        let of = (self.averages(cx), self.change && knows_change(cx));
        Shading::new(self.shade, self.scale, of, cx)
    }

    /// True if the mean over the selected tokens is shown.
    fn averages(&self, cx: &ViewContext<'_>) -> bool {
        self.mean && cx.selection.tokens.len() > 1
    }

    /// What is shown, in words.
    fn words(&self, cx: &ViewContext<'_>) -> String {
        let Some(query) = cx.query() else {
            return String::new();
        };
        if self.shade == Shade::Surprisal {
            let bits = cx.snapshot.bits_per_token;
            let unit = bits_unit(cx.snapshot.model.as_deref());
            if self.change
                && knows_change(cx)
                && let (Some(now), Some(before)) = (bits, cx.snapshot.unedited_bits)
            {
                let change = signed(now - before, 3);
                return trf("mean {0} {1} by the edits", &[&change, &unit]);
            }
            let bits = bits.map_or_else(|| "–".to_owned(), |bits| format!("{bits:.3}"));
            return trf("mean {0} {1}", &[&bits, &unit]);
        }
        let selected = cx.tokens();
        let mut words = vec![heads_name(&cx.selection.heads)];
        let label = || cx.snapshot.label(query);
        words.push(match (self.shade, selected.single()) {
            (Shade::Readers, Some(_)) => trf("key {0} “{1}”", &[&thousands(query), &label()]),
            (Shade::Readers, None) => trf("{0} keys", &[&thousands(selected.len())]),
            (_, Some(_)) => trf("query {0} “{1}”", &[&thousands(query), &label()]),
            (_, None) => trf("{0} queries", &[&thousands(selected.len())]),
        });
        let shares = match gathered(cx) {
            Some(sums) if self.shade == Shade::Read && sums.queries > 0 => {
                if sums.queries < selected.len() && sums.tokens == selected {
                    words.push(trf(
                        "weights available for {0} of them",
                        &[&thousands(sums.queries)],
                    ));
                }
                let count = sums.queries as f32;
                let masked = cx.detail().is_some_and(|detail| detail.loses_weight);
                Some([
                    Some(sums.empty / count),
                    sums.persistent.map(|sum| sum / count),
                    masked.then_some(sums.masked / count),
                ])
            }
            _ => None,
        };
        let named = |name: fn(&String) -> String, share: Option<f32>| Some(name(&percent(share?)));
        if let Some([empty, persistent, masked]) = shares {
            let model = cx.snapshot.model.as_ref();
            let has = model.is_some_and(|m| m.network.architecture().has_empty_context());
            let empty = empty.filter(|_| has);
            words.extend(named(|s| trf("empty context {0}", &[s]), empty));
            words.extend(named(|s| trf("persistent vectors {0}", &[s]), persistent));
            words.extend(named(|s| trf("masked, not renormalised {0}", &[s]), masked));
        }
        let heads = cx.selection.heads.all().iter();
        let open = heads
            .filter_map(|head| cx.span_of(*head))
            .any(|span| span.open);
        words.push(match cx.reach().end() {
            Some(_) if open => tr("full context").to_owned(),
            Some(reach) => trf("reach {0} tokens", &[&thousands(reach)]),
            None => tr("no limit on the reach").to_owned(),
        });
        words.join(" · ")
    }
}

/// The shade whose colours stand for a surprisal that falls.
pub(super) const FALL: Shade = Shade::Read;

/// True if it is known what the edits of the model do to each token's surprisal.
fn knows_change(cx: &ViewContext<'_>) -> bool {
    (1..cx.snapshot.done.min(3)).any(|token| cx.snapshot.surprisal_change(token).is_some())
}

/// The colours of the shades between their least and their largest value.
fn legend(
    ui: &mut Ui,
    ramps: &Ramps,
    (shade, both): (Shade, bool),
    ends: &[String; 2],
    words: &str,
) {
    let ramp = ramps.ramp(shade);
    let ink = ui.visuals().weak_text_color();
    let lay = |text: &String| {
        let font = FontId::proportional(QUIET);
        ui.painter().layout_no_wrap(text.clone(), font, ink)
    };
    let [low, high] = [lay(&ends[0]), lay(&ends[1])];
    // One piece: where the row ends it goes to the next as a whole.
    let (bar, gap) = (vec2(72.0, 10.0), 5.0);
    let height = ui.spacing().interact_size.y;
    let size = vec2(low.size().x + high.size().x + bar.x + 2.0 * gap, height);
    let (all, response) = ui.allocate_exact_size(size, Sense::hover());
    let left = all.left() + low.size().x + gap;
    let rect = Rect::from_min_size(pos2(left, all.center().y - bar.y / 2.0), bar);
    let mut mesh = egui::Mesh::default();
    let step = rect.width() / 36.0;
    for i in 0..36_u8 {
        let left = rect.left() + f32::from(i) * step;
        let part = Rect::from_min_max(pos2(left, rect.top()), pos2(left + step, rect.bottom()));
        let color = match (both, i < 18) {
            (false, _) => ramp.color(i * 7 + 3),
            // From the strongest fall over nothing to the strongest rise.
            (true, true) => ramps.ramp(FALL).color((17 - i) * 15),
            (true, false) => ramp.color((i - 18) * 15),
        };
        mesh.add_colored_rect(part, color);
    }
    let painter = ui.painter();
    painter.add(egui::Shape::mesh(mesh));
    let line = Stroke::new(1.0, grid_color(ui));
    painter.rect_stroke(rect, 0.0, line, StrokeKind::Outside);
    let top = |galley: &egui::Galley| all.center().y - galley.size().y / 2.0;
    let (at_low, at_high) = (top(&low), top(&high));
    painter.galley(pos2(all.left(), at_low), low, ink);
    painter.galley(pos2(rect.right() + gap, at_high), high, ink);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, words));
    response.on_hover_text(words);
}
