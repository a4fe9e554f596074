//! What the palette can find, and in which order.

use super::command::{Command, Now, SECTIONS};
use super::help::section_name;
use super::rank::{Query, Rank};
use super::recorded;
use crate::engine::SAMPLES;
use crate::engine::figures::FigureKind;
use crate::model::HeadId;
use crate::ui::export::figures::Way;
use crate::ui::language::{Language, in_english, tr};
use crate::ui::session::settings::ThemeChoice;
use crate::ui::views::Pane;
use std::cmp::Reverse;
use std::path::PathBuf;

/// Something that can be found.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its name.
    pub title: String,
    /// Other names under which it is found, a line each.
    pub other: String,
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
        let title = command.name();
        let (english, also) = in_english(|| (command.name(), command.synonyms()));
        let mut other = vec![alias, section.to_owned(), command.synonyms().to_owned()];
        // Whoever reads Chinese may know the English words.
        if english != title {
            other.extend([english, also.to_owned()]);
        }
        other.retain(|words| !words.is_empty());
        items.push(Item {
            title,
            other: other.join("\n"),
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
        add(tr("View"), Command::ShowView(view), view.title().to_owned());
    }
    for view in Pane::in_menus() {
        add(tr("View"), Command::ToggleView(view), String::new());
    }
    for sample in &SAMPLES {
        add(
            tr("Sample model"),
            Command::OpenSample(sample),
            String::new(),
        );
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
    for tokens in [true, false] {
        let command = Command::TakeSpecialTokens(tokens);
        add(tr("Text"), command, String::new());
    }
    for language in Language::ALL {
        let command = Command::SetLanguage(language);
        let alias = match language {
            Language::English => "Language: English\n英语",
            Language::Chinese => "Language: Chinese\n中文",
        };
        add(tr("Language"), command, alias.to_owned());
    }
    for layer in 0..layers {
        for head in 0..heads {
            let head = HeadId { layer, head };
            let alias = format!("{head}\n{layer}.{}", head.head);
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
    let mut query = Query::new(query);
    let mut found: Vec<(Rank, usize)> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let Some(rank) = query.rank(&item.title, &item.other) else {
            continue;
        };
        // Nothing that is open goes for a weak guess.
        if rank.strong || rank.exact || !item.command.replaces() {
            found.push((rank, i));
        }
    }
    let key = |(rank, i): &(Rank, usize)| {
        let item = &items[*i];
        let shorter = Reverse(item.title.chars().count());
        (
            rank.exact,
            rank.strong,
            // Commands before files and models.
            !item.command.replaces(),
            // What the program has, before files that lie at such a path.
            !matches!(
                item.command,
                Command::OpenRecent(_) | Command::OpenEarlier(_)
            ),
            // A view before the file that is made of it.
            !matches!(item.command, Command::Export(..)),
            rank.quality,
            place(item).is_some(),
            rank.score,
            shorter,
        )
    };
    found.sort_by(|a, b| key(b).cmp(&key(a)).then(a.1.cmp(&b.1)));
    let hits = found.into_iter();
    hits.map(|(rank, item)| Hit {
        item,
        marked: rank.marked,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(query: &str) -> Vec<String> {
        let files = [
            "/data/enwik8/checkpoint.pt".into(),
            "/data/chinese/scratch-experiment.pt".into(),
            "/home/che/inner/see.pt".into(),
            "/data/sample_models/shakespeare_fixed.safetensors".into(),
        ];
        let items = items(&Now::default(), (12, 8), &files);
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
            ("sample shake", "Shakespeare, adaptive span"),
            ("scratch", "/data/chinese/scratch-experiment.pt"),
            ("ablate every", "Ablate every head in turn"),
            ("knock selected", "Ablate the selected heads"),
            ("heatmap", "Show Attention"),
            ("logit lens", "Show Predictions"),
            ("flops", "Show Cost"),
            ("grid", "Show Grid"),
            ("perplexity", "Show Text"),
            ("shortcuts", "Keys and gestures"),
            ("sample", "Wikipedia, all-attention"),
        ] {
            assert_eq!(found(query)[0], title, "{query}");
        }
        assert!(found("xyzzyq").is_empty());
    }

    #[test]
    fn what_replaces_a_model_is_found_by_the_beginnings_of_its_words_alone() {
        let replaces = |title: &String| title.starts_with('/') || title.contains("Shakespeare");
        for query in ["chinese", "light", "open", "export", "model", "text"] {
            assert!(
                !replaces(&found(query)[0]),
                "{query}: {:?}",
                found(query)[0]
            );
        }
        // Letters of a path, and the middles of its words.
        for query in ["chnse", "eriment", "hekpint", "nwik", "akespea", "dtenwk"] {
            assert!(
                !found(query).iter().any(replaces),
                "{query}: {:?}",
                found(query)
            );
        }
    }

    #[test]
    fn every_view_can_be_opened_and_closed() {
        let closed = items(&Now::default(), (1, 1), &[]);
        for view in Pane::ALL {
            let name = Command::ToggleView(view).name();
            assert!(closed.iter().any(|item| item.title == name), "{name}");
            assert_eq!(found(&name)[0], name);
            assert_eq!(found(view.title())[0], Command::ShowView(view).name());
        }
    }

    #[test]
    fn english_words_find_commands_of_a_chinese_window() {
        crate::ui::language::speak(Language::Chinese);
        let items = items(&Now::default(), (1, 1), &[]);
        let first = |query| items[find(query, &items, &[])[0].item].command.clone();
        assert!(matches!(
            first("english"),
            Command::SetLanguage(Language::English)
        ));
        assert!(matches!(first("ablate every"), Command::AblateEach));
        assert!(matches!(first("词表"), Command::OpenVocabulary));
        assert!(matches!(first("undo"), Command::Undo));
        crate::ui::language::speak(Language::English);
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
    fn a_span_is_found_by_its_number_and_no_file_is_hidden_by_it() {
        let files = ["/data/chapter 3.pt".into()];
        let mut items = items(&Now::default(), (4, 4), &files);
        let command = Command::SpanOfSelected(3.0);
        items.push(Item {
            title: command.name(),
            other: String::new(),
            section: "",
            command,
        });
        let first = |query| items[find(query, &items, &[])[0].item].title.clone();
        assert!(first("span 3").starts_with("Set the span"));
        assert_eq!(first("chapter 3"), "/data/chapter 3.pt");
        assert!(!first("3").starts_with("Set the span"));
    }

    #[test]
    fn a_number_is_offered_as_a_span() {
        assert!(matches!(span_wanted("span 100"), Some(Command::SpanOfSelected(s)) if s == 100.0));
        assert!(span_wanted("span").is_none() && span_wanted("span -5").is_none());
        assert!(span_wanted("nan inf 1e99").is_none());
    }
}
