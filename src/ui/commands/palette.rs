//! The command palette: one field that finds everything that can be done.

use super::command::{Command, Now, key_text};
use super::search::{Hit, Item, find, items, span_wanted};
use crate::ui::language::tr;
use crate::ui::session::earlier::EarlierSession;
use crate::ui::theme::{dialog_frame, quiet, strong_font};
use eframe::egui::text::{LayoutJob, TextFormat};
use eframe::egui::{self, Align2, Key, Modifiers, Ui, vec2};
use std::path::PathBuf;
use std::sync::Arc;

/// Rows in view.
const ROWS: usize = 12;

/// Commands remembered, to be offered first.
const RECENT: usize = 5;

/// The palette.
#[derive(Default)]
pub struct CommandPalette {
    open: bool,
    query: String,
    items: Vec<Item>,
    hits: Vec<Hit>,
    chosen: usize,
    /// The query that the hits belong to.
    searched: Option<String>,
    /// Titles of what was done last, newest first.
    recent: Vec<String>,
    scroll: bool,
    /// The sessions among the items; they come a moment later.
    earlier: Arc<[EarlierSession]>,
}

impl std::fmt::Debug for CommandPalette {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommandPalette").finish_non_exhaustive()
    }
}

impl CommandPalette {
    /// True if it is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Opens or closes it.
    pub fn toggle(&mut self) {
        self.open = !self.open;
        self.query.clear();
        self.items.clear();
        self.searched = None;
        self.chosen = 0;
        self.scroll = true;
    }

    /// Closes it.
    pub fn close(&mut self) {
        self.open = false;
    }

    /// Draws it, if it is open, and returns what was chosen. `heads` are the layers of the model and the heads of each.
    pub fn show(
        &mut self,
        ctx: &egui::Context,
        now: &Now,
        heads: (usize, usize),
        files: &[PathBuf],
    ) -> Option<Command> {
        if !self.open {
            return None;
        }
        if self.items.is_empty() || self.earlier != now.earlier {
            self.earlier = Arc::clone(&now.earlier);
            self.items = items(now, heads, files);
            self.searched = None;
        }
        let room = ctx.content_rect().size();
        let area = egui::Modal::default_area(egui::Id::unique("palette"))
            .anchor(Align2::CENTER_TOP, vec2(0.0, (room.y * 0.1).min(80.0)));
        let mut done = None;
        let modal = egui::Modal::new(egui::Id::unique("palette"))
            .area(area)
            .frame(dialog_frame(ctx))
            .show(ctx, |ui| {
                ui.set_width((room.x - 60.0).clamp(200.0, 560.0));
                done = self.contents(ui, now, room.y);
            });
        if modal.should_close() {
            self.open = false;
        }
        let item = done?;
        self.open = false;
        self.recent.retain(|title| *title != item.title);
        self.recent.insert(0, item.title);
        self.recent.truncate(RECENT);
        Some(item.command)
    }

    fn contents(&mut self, ui: &mut Ui, now: &Now, height: f32) -> Option<Item> {
        // Before the field sees them: it would lose the focus or move its cursor.
        let keys = [
            Key::ArrowDown,
            Key::ArrowUp,
            Key::PageDown,
            Key::PageUp,
            Key::Enter,
        ];
        let [down, up, page_down, page_up, enter] =
            ui.input_mut(|i| keys.map(|key| i.count_and_consume_key(Modifiers::NONE, key)));
        let field = ui.add(
            egui::TextEdit::singleline(&mut self.query)
                .hint_text(tr("A command, a view, a head such as 3.2, a file…"))
                .margin(vec2(8.0, 6.0))
                .desired_width(f32::INFINITY),
        );
        field.widget_info(|| {
            let name = tr("Search commands, views, heads and files");
            egui::WidgetInfo::labeled(egui::Role::SearchInput, true, name)
        });
        if !field.has_focus() {
            field.request_focus();
        }
        self.search(span_wanted(&self.query));
        let last = self.hits.len().saturating_sub(1);
        let moved = down + page_down * ROWS;
        let before = self.chosen;
        self.chosen = (self.chosen + moved).min(last);
        self.chosen = self.chosen.saturating_sub(up + page_up * ROWS).min(last);
        self.scroll |= self.chosen != before;
        ui.add_space(2.0);
        let clicked = self.list(ui, now, height);
        ui.add_space(2.0);
        let chosen = self.hits.get(self.chosen);
        let chosen = chosen.and_then(|hit| self.items.get(hit.item)).cloned();
        let words = match &chosen {
            None => tr("No matches"),
            Some(item) if !item.command.possible(now) => {
                let reason = item.command.refusal(now);
                reason.unwrap_or(tr("This cannot be done now"))
            }
            Some(item) => item.command.explanation(),
        };
        ui.label(quiet(words));
        ui.label(quiet(tr("↑ ↓ choose · Enter to run · Esc closes")));
        let entered = chosen.filter(|_| enter > 0);
        let wanted = clicked.and_then(|i| self.items.get(i).cloned()).or(entered);
        wanted.filter(|item| item.command.possible(now))
    }

    /// Draws what was found; returns the item that was clicked.
    fn list(&mut self, ui: &mut Ui, now: &Now, height: f32) -> Option<usize> {
        let mut clicked = None;
        let row = ui.text_style_height(&egui::TextStyle::Body) + 8.0;
        let room = (row * ROWS as f32).min((height * 0.9 - 190.0).max(3.0 * row));
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut area = egui::ScrollArea::vertical()
            .max_height(room)
            .min_scrolled_height(room)
            .auto_shrink([false, false]);
        if std::mem::take(&mut self.scroll) {
            let middle = row * self.chosen as f32 - (room - row) / 2.0;
            area = area.vertical_scroll_offset(middle.max(0.0));
        }
        area.show_rows(ui, row, self.hits.len(), |ui, shown| {
            for i in shown {
                let Some(hit) = self.hits.get(i) else {
                    continue;
                };
                let Some(item) = self.items.get(hit.item) else {
                    continue;
                };
                let possible = item.command.possible(now);
                let mut note = item.section.to_owned();
                if let Some(shortcut) = item.command.shortcut() {
                    note = format!("{note}   {}", key_text(ui.ctx(), &shortcut));
                }
                let title = marked(ui, &item.title, &hit.marked, possible);
                let button = egui::Button::selectable(i == self.chosen, title)
                    .shortcut_text(quiet(note))
                    .wrap_mode(egui::TextWrapMode::Truncate)
                    .min_size(vec2(ui.available_width(), row));
                let layout = egui::Layout::top_down_justified(egui::Align::Min);
                let response = ui.with_layout(layout, |ui| ui.add(button)).inner;
                response.widget_info(|| {
                    let chosen = i == self.chosen;
                    egui::WidgetInfo::selected(egui::Role::Button, possible, chosen, &item.title)
                });
                if response.clicked() && possible {
                    clicked = Some(hit.item);
                }
            }
        });
        clicked
    }

    /// Finds what the query asks for, best first.
    fn search(&mut self, number: Option<Command>) {
        if self.searched.as_ref() == Some(&self.query) {
            return;
        }
        self.searched = Some(self.query.clone());
        self.chosen = 0;
        self.scroll = true;
        self.items.retain(|item| !item.section.is_empty());
        if let Some(command) = number {
            // Found by its words, like all others.
            self.items.push(Item {
                title: command.name(),
                other: String::new(),
                section: "",
                command,
            });
        }
        self.hits = find(&self.query, &self.items, &self.recent);
    }
}

/// A title with the characters that were searched for.
fn marked(ui: &Ui, title: &str, marked: &[u32], possible: bool) -> LayoutJob {
    let visuals = ui.visuals();
    let plain = egui::TextStyle::Body.resolve(ui.style());
    let color = match possible {
        true => visuals.text_color(),
        false => visuals.weak_text_color().gamma_multiply(0.6),
    };
    let normal = TextFormat::simple(plain.clone(), color);
    let strong = TextFormat::simple(strong_font(plain.size), visuals.strong_text_color());
    let mut job = LayoutJob::default();
    for (i, c) in title.chars().enumerate() {
        let is_marked = possible && marked.binary_search(&(i as u32)).is_ok();
        let format = if is_marked { &strong } else { &normal };
        job.append(c.encode_utf8(&mut [0; 4]), 0.0, format.clone());
    }
    job
}
