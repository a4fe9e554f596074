//! What the palette can find, and in which order.

use super::command::{Command, Now, SECTIONS};
use super::help::section_name;
use super::names::sample_name;
use super::recorded;
use crate::engine::SAMPLES;
use crate::engine::figures::FigureKind;
use crate::model::HeadId;
use crate::ui::export::figures::Way;
use crate::ui::language::{Language, tr};
use crate::ui::session::settings::ThemeChoice;
use crate::ui::views::Pane;
use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use std::path::PathBuf;

/// Something that can be found.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its name.
    pub title: String,
    /// Another name under which it is found.
    pub alias: String,
    /// What kind of thing it is, for its row.
    pub section: &'static str,
    /// What is done.
    pub command: Command,
}

/// A found item.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Its place among all items.
    pub item: usize,
    /// Characters of the title that were searched for.
    pub marked: Vec<u32>,
}

/// A number in the query may be a span for the selected heads.
pub fn span_wanted(query: &str) -> Option<Command> {
    let number = query
        .split(|c: char| c.is_whitespace())
        .find_map(|word| word.parse::<f32>().ok())?;
    let sensible = (0.0..=1e6).contains(&number);
    sensible.then_some(Command::SpanOfSelected(number))
}

/// Everything that can be found, as menus would list it.
pub fn items(now: &Now, (layers, heads): (usize, usize), files: &[PathBuf]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut add = |section: &'static str, command: Command, alias: String| {
        items.push(Item {
            title: command.name(),
            alias,
            section,
            command,
        });
    };
    for (section, commands) in &SECTIONS {
        for command in commands.iter().filter(|c| !matches!(c, Command::Palette)) {
            add(section_name(section), command.clone(), String::new());
        }
    }
    for kind in FigureKind::ALL {
        for way in Way::ALL {
            let command = Command::Export(kind, way);
            if !matches!(command, Command::Export(FigureKind::Attention, Way::Save)) {
                add(tr("Export"), command, String::new());
            }
        }
    }
    for view in Pane::in_menus() {
        add(tr("View"), Command::ShowView(view), String::new());
    }
    for view in Pane::ALL
        .into_iter()
        .filter(|view| now.open_views.contains(view))
    {
        add(tr("View"), Command::ToggleView(view), String::new());
    }
    for sample in &SAMPLES {
        let alias = sample_name(sample).to_owned();
        add(tr("Sample model"), Command::OpenSample(sample), alias);
    }
    let texts = now.texts.iter();
    for command in
        texts.flat_map(|texts| (0..texts.names.len()).filter_map(|i| recorded::command(texts, i)))
    {
        add(tr("Text"), command, String::new());
    }
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let command = Command::OpenRecent(file.clone());
        add(tr("Recent file"), command, name.into_owned());
    }
    for session in now.earlier.iter() {
        let command = Command::OpenEarlier(session.clone());
        add(tr("Earlier session"), command, String::new());
    }
    for theme in [ThemeChoice::System, ThemeChoice::Dark, ThemeChoice::Light] {
        add(tr("Theme"), Command::SetTheme(theme), String::new());
    }
    for language in Language::ALL {
        let command = Command::SetLanguage(language);
        let alias = match language {
            Language::English => "Language: English 英语",
            Language::Chinese => "Language: Chinese 中文",
        };
        add(tr("Language"), command, alias.to_owned());
    }
    for layer in 0..layers {
        for head in 0..heads {
            let head = HeadId { layer, head };
            let alias = format!("{head} {layer}.{}", head.head);
            add(tr("Head"), Command::SelectHead(head), alias);
        }
    }
    items
}

/// The items that `query` asks for, best first; without a query what was done last, then all in their order.
pub fn find(query: &str, items: &[Item], recent: &[String]) -> Vec<Hit> {
    let place = |item: &Item| recent.iter().position(|title| *title == item.title);
    if query.trim().is_empty() {
        let mut hits: Vec<usize> = (0..items.len()).collect();
        hits.sort_by_key(|i| place(&items[*i]).unwrap_or(usize::MAX));
        let hit = |item| Hit {
            item,
            marked: Vec::new(),
        };
        return hits.into_iter().map(hit).collect();
    }
    let (case, normal) = (CaseMatching::Ignore, Normalization::Smart);
    let mut words = Pattern::default();
    // A number is meant as it stands: "12" is not in 1,024.
    words.atoms = query
        .split_whitespace()
        .map(|word| {
            let kind = match word.parse::<f32>() {
                Ok(_) => AtomKind::Substring,
                Err(_) => AtomKind::Fuzzy,
            };
            Atom::new(word, case, normal, kind, false)
        })
        .collect();
    // In this order; words may also be found in any.
    let whole = Atom::new(query.trim(), case, normal, AtomKind::Fuzzy, false);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut found: Vec<(u32, usize, Hit)> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let mut marked = Vec::new();
        let title = Utf32Str::new(&item.title, &mut buffer);
        let length = title.len();
        let by_title = words.indices(title, &mut matcher, &mut marked);
        let in_order = whole.score(title, &mut matcher).map_or(0, u32::from);
        let alias = Utf32Str::new(&item.alias, &mut buffer);
        let by_alias = words.score(alias, &mut matcher);
        // Whoever types just the other name means this.
        let exact = item.alias.eq_ignore_ascii_case(query.trim());
        let by_alias = by_alias.filter(|_| !item.alias.is_empty());
        let by_alias = by_alias.map(|score| if exact { 10 * score } else { score });
        let Some(score) = by_title.map(|score| score + in_order).max(by_alias) else {
            continue;
        };
        marked.sort_unstable();
        marked.dedup();
        // What was done lately a little earlier.
        let score = score + place(item).map_or(0, |_| 8);
        found.push((score, length, Hit { item: i, marked }));
    }
    found.sort_by(|(a, la, ha), (b, lb, hb)| b.cmp(a).then(la.cmp(lb)).then(ha.item.cmp(&hb.item)));
    found.into_iter().map(|(_, _, hit)| hit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(query: &str) -> Vec<String> {
        let now = Now {
            open_views: Pane::ALL.to_vec(),
            ..Now::default()
        };
        let files = ["/data/enwik8/checkpoint.pt".into()];
        let items = items(&now, (12, 8), &files);
        let hits = find(query, &items, &[]);
        hits.into_iter()
            .map(|hit| items[hit.item].title.clone())
            .collect()
    }

    #[test]
    fn heads_are_found_by_their_numbers_and_by_their_names() {
        for query in ["3.2", "L3H2", "layer 3 head 2", "Layer 3, head 2", "l3 h2"] {
            assert_eq!(found(query)[0], "Layer 3, head 2", "{query}");
        }
        assert_eq!(found("11.7")[0], "Layer 11, head 7");
        assert_eq!(found("0.0")[0], "Layer 0, head 0");
        let numbers = found("span 12");
        assert!(
            numbers.iter().all(|title| title.contains("12")),
            "{numbers:?}"
        );
    }

    #[test]
    fn commands_views_files_and_languages_are_found_by_a_few_letters() {
        for (query, title) in [
            ("show cost", "Show Cost"),
            ("reset lay", "Reset layout"),
            ("span export", "Export span chart…"),
            ("undo", "Undo"),
            ("enwik", "/data/enwik8/checkpoint.pt"),
            ("中文", "简体中文"),
            ("chinese", "简体中文"),
            ("light", "Light theme"),
            ("shakesp", "Shakespeare, adaptive span"),
        ] {
            assert_eq!(found(query)[0], title, "{query}");
        }
        assert!(found("xyzzyq").is_empty());
    }

    #[test]
    fn what_was_done_last_comes_first_until_something_is_searched_for() {
        let items = items(&Now::default(), (1, 1), &[]);
        let recent = ["Full screen".to_owned(), "Undo".to_owned()];
        let hits = find("", &items, &recent);
        assert_eq!(hits.len(), items.len());
        assert_eq!(items[hits[0].item].title, "Full screen");
        assert_eq!(items[hits[1].item].title, "Undo");
        assert_eq!(items[hits[2].item].title, "Open model…");
    }

    #[test]
    fn a_number_is_offered_as_a_span() {
        assert!(matches!(span_wanted("span 100"), Some(Command::SpanOfSelected(s)) if s == 100.0));
        assert!(span_wanted("span").is_none() && span_wanted("span -5").is_none());
        assert!(span_wanted("nan inf 1e99").is_none());
    }
}
