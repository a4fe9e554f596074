//! Windows with a hard edge for a head, a layer or all heads, the first tokens, and what else is ablated at once.

use super::SpansView;
use super::facts::Facts;
use crate::model::{FirstTokens, HeadId, Heads, MOST_FIRST, WhatIf};
use crate::ui::commands::command::Command;
use crate::ui::language::{tr, trf};
use crate::ui::views::context::ViewContext;
use crate::ui::widgets::number_field::number_field;
use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{self, PopupCloseBehavior, Ui};
use serde::{Deserialize, Serialize};

/// The heads that a window is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scope {
    Head,
    Layer,
    #[default]
    All,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Head, Self::Layer, Self::All];

    fn words(self, head: HeadId) -> String {
        match self {
            Self::Head => trf("{0} alone", &[&head]),
            Self::Layer => trf("heads of layer {0}", &[&head.layer]),
            Self::All => tr("all heads").to_owned(),
        }
    }

    fn heads(self, head: HeadId) -> Heads {
        match self {
            Self::Head => Heads::One(head),
            Self::Layer => Heads::Layer(head.layer),
            Self::All => Heads::All,
        }
    }
}

/// What the next cut is to be, and how many first tokens are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Cutting {
    keys: usize,
    scope: Scope,
    first: usize,
}

impl Default for Cutting {
    fn default() -> Self {
        Self {
            keys: 64,
            scope: Scope::default(),
            first: 4,
        }
    }
}

impl SpansView {
    /// The menu with which heads are cut to a window, the first tokens kept or dropped, and more ablated at once; with a `short`
    /// name where there is little room.
    pub(super) fn cut_menu(
        &mut self,
        ui: &mut Ui,
        cx: &mut ViewContext<'_>,
        facts: &Facts,
        short: bool,
    ) {
        let stays = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let name = match short {
            true => tr("More"),
            false => tr("Windows and more"),
        };
        let button = MenuButton::new(name).config(stays);
        let (response, _) = button.ui(ui, |ui| {
            ui.set_max_width(330.0);
            self.cut(ui, cx, facts);
            ui.separator();
            first_tokens(ui, cx, facts, &mut self.cutting);
            ui.separator();
            let layer = cx.selection.heads.leading().layer;
            ablate_menu(ui, cx, facts, layer);
        });
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, tr("Windows and more"))
        });
        response.on_hover_text(tr(
            "Cut several heads to a window at once, keep or drop the first tokens, ablate a layer's heads or its feed-forward sublayer",
        ));
    }

    fn cut(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>, facts: &Facts) {
        let head = cx.selection.heads.leading();
        let cutting = &mut self.cutting;
        let limit = facts.architecture().limit().keys().max(1);
        ui.horizontal(|ui| {
            let label = ui.label(tr("Window"));
            let keys = number_field(ui, &mut cutting.keys, 1..=limit, |field| field);
            keys.labelled_by(label.id).on_hover_text(tr(
                "Keys that a head may see, itself among them where a token sees itself; beyond the edge there is nothing for it",
            ));
        });
        for scope in Scope::ALL {
            ui.radio_value(&mut cutting.scope, scope, scope.words(head));
        }
        let cut = ui.button(tr("Cut")).on_hover_text(tr(
            "Cuts these heads to the window; heads that see less by design stay as they are",
        ));
        if cut.clicked() {
            change(
                cx,
                WhatIf {
                    windows: vec![(cutting.scope.heads(head), cutting.keys)],
                    ..WhatIf::default()
                },
            );
        }
    }
}

fn change(cx: &mut ViewContext<'_>, wish: WhatIf) {
    cx.commands.push(Command::Change(Box::new(wish)));
}

/// What becomes of the first tokens.
fn first_tokens(ui: &mut Ui, cx: &mut ViewContext<'_>, facts: &Facts, cutting: &mut Cutting) {
    let now = facts.model.network.edits().first();
    if let Some(FirstTokens::Keep(count) | FirstTokens::Drop(count)) = now {
        cutting.first = count;
    }
    // Heads of such a network find something before the text, and have no position for what is far.
    let can = !facts.architecture().has_empty_context();
    let words = |first: Option<FirstTokens>| match first {
        None => tr("First tokens as others"),
        Some(FirstTokens::Keep(_)) => tr("Keep the first"),
        Some(FirstTokens::Drop(_)) => tr("Drop the first"),
    };
    let mut wanted = now;
    let row = ui.add_enabled_ui(can, |ui| {
        let count = cutting.first;
        for first in [
            None,
            Some(FirstTokens::Keep(count)),
            Some(FirstTokens::Drop(count)),
        ] {
            ui.radio_value(&mut wanted, first, words(first));
        }
        let mut count = count;
        ui.horizontal(|ui| {
            let label = ui.label(tr("First tokens"));
            let number = number_field(ui, &mut count, 1..=MOST_FIRST, |field| field);
            number.labelled_by(label.id);
        });
        if count != cutting.first {
            cutting.first = count;
            wanted = now.map(|first| match first {
                FirstTokens::Keep(_) => FirstTokens::Keep(count),
                FirstTokens::Drop(_) => FirstTokens::Drop(count),
            });
        }
    });
    row.response
        .on_hover_text(tr(
            "Streaming caches keep some tokens at the text's start visible whatever the window, or drop them",
        ))
        .on_disabled_hover_text(tr(
            "Heads of this model have positions for distances up to the longest span only, and find empty context before the text",
        ));
    if wanted != now {
        cx.commands.push(Command::FirstTokens(wanted));
    }
}

fn ablate_menu(ui: &mut Ui, cx: &mut ViewContext<'_>, facts: &Facts, layer: usize) {
    let edits = facts.model.network.edits();
    let heads = ui.button(trf("Ablate all heads of layer {0}", &[&layer]));
    if heads.clicked() {
        change(
            cx,
            WhatIf {
                ablated: vec![Heads::Layer(layer)],
                ..WhatIf::default()
            },
        );
        ui.close();
    }
    let there = facts.architecture().feed_forward() > 0;
    let words = trf("Ablate the feed-forward sublayer of layer {0}", &[&layer]);
    let free = there && !edits.is_mlp_ablated(layer);
    let sublayer = ui
        .add_enabled(free, egui::Button::new(words))
        .on_disabled_hover_text(match there {
            true => tr("It is ablated already"),
            false => tr("This model has none: persistent vectors are part of its heads"),
        });
    if sublayer.clicked() {
        change(
            cx,
            WhatIf {
                ablated_mlps: vec![layer],
                ..WhatIf::default()
            },
        );
        ui.close();
    }
}
