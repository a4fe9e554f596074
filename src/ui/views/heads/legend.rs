//! What the colours of points say.

use crate::analysis::Role;
use crate::engine::figures::HeadColor;
use crate::ui::language::{tr, trf};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::axes::{named, swatch};
use crate::ui::widgets::head_cache::HeadCache;
use crate::ui::widgets::roles::{role_color, role_explained, role_name, role_shape};
use eframe::egui::{Ui, vec2};

/// Layers that are named at most: of more, some between the first and the last.
const MOST: usize = 6;

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &ViewContext<'_>, cache: &HeadCache, color: HeadColor) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(8.0, 2.0);
        match color {
            HeadColor::Layer => layers(ui, cx, cache),
            HeadColor::Role => roles(ui, cx, cache),
        }
    });
}

fn layers(ui: &mut Ui, cx: &ViewContext<'_>, cache: &HeadCache) {
    let layers = cache.layers();
    let count = layers.min(MOST);
    for i in 0..count {
        let layer = i * (layers - 1) / (count - 1).max(1);
        let words = trf("layer {0}", &[&layer]);
        let words = if i == 0 { words } else { layer.to_string() };
        swatch(ui, cx.palette.layer(layer, layers), &words);
    }
}

fn roles(ui: &mut Ui, cx: &ViewContext<'_>, cache: &HeadCache) {
    let pale = ui.visuals().weak_text_color();
    let present = Role::ALL.map(Some).into_iter().chain([None]);
    for role in present.filter(|role| cache.roles().contains(role)) {
        let words = role.map_or(tr("no role"), role_name);
        let response = named(ui, 9.0, words, |ui, rect| {
            let color = role_color(role, &cx.palette, pale);
            ui.painter()
                .add(role_shape(role, rect.center(), 3.4, color));
        });
        if let Some(role) = role {
            response.on_hover_text(role_explained(role));
        }
    }
}
