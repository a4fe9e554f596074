//! Fonts that stand behind others, and how a page in a browser comes by those that its program lacks.

use super::FALLBACKS;
use super::faces::{self, faces};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// A font that stands behind the others.
#[derive(Debug)]
pub struct Fallback {
    /// Its name.
    pub name: &'static str,
    /// Its file, in `fonts`.
    pub file: &'static str,
    /// What the program has of it: all; in a page nothing, or as much as the window itself needs.
    pub(super) part: &'static [u8],
    /// The characters for whose sake a page fetches it: the first and the last of each block. None of a font that is always there.
    pub(super) blocks: &'static [(u32, u32)],
}

/// Fonts that were brought, by their files.
static BROUGHT: RwLock<BTreeMap<&'static str, &'static [u8]>> = RwLock::new(BTreeMap::new());

impl Fallback {
    /// Its bytes, or what there is of them; empty where it is not at hand.
    pub fn bytes(&self) -> &'static [u8] {
        brought(self.file).unwrap_or(self.part)
    }

    fn is_for(&self, c: char) -> bool {
        let code = u32::from(c);
        let mut blocks = self.blocks.iter();
        blocks.any(|(first, last)| (*first..=*last).contains(&code))
    }
}

fn brought(file: &str) -> Option<&'static [u8]> {
    let brought = BROUGHT.read().unwrap_or_else(PoisonError::into_inner);
    brought.get(file).copied()
}

/// The names and the bytes of those that are at hand, in their order.
pub fn at_hand() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let all = FALLBACKS.iter().map(|font| (font.name, font.bytes()));
    all.filter(|(_, bytes)| !bytes.is_empty())
}

/// The fonts that are fetched for the characters of a text, wherever it is shown.
pub fn of_text(text: &str) -> Vec<&'static Fallback> {
    if text.is_ascii() {
        return Vec::new();
    }
    let all = FALLBACKS.iter();
    all.filter(|font| text.chars().any(|c| font.is_for(c)))
        .collect()
}

/// Those of them that are not at hand, of which a character of the text has no other font either.
pub fn wanted(text: &str) -> Vec<&'static Fallback> {
    if cfg!(not(target_arch = "wasm32")) || text.is_ascii() {
        return Vec::new();
    }
    let all = FALLBACKS.iter();
    let lacking = all.filter(|font| !font.blocks.is_empty() && brought(font.file).is_none());
    lacking
        .filter(|font| {
            let mut own = text.chars().filter(|c| font.is_for(*c));
            own.any(|c| !faces().iter().any(|face| face.has(c)))
        })
        .collect()
}

/// Takes a font that was fetched. Returns true if it is one of them, and from now on among those at hand.
pub fn bring(file: &str, bytes: Vec<u8>) -> bool {
    let Some(font) = FALLBACKS.iter().find(|font| font.file == file) else {
        return false;
    };
    if brought(font.file).is_some() || !faces::is_font(&bytes) {
        return false;
    }
    // Once for each font, for as long as the program runs.
    let bytes: &'static [u8] = bytes.leak();
    let mut all = BROUGHT.write().unwrap_or_else(PoisonError::into_inner);
    all.insert(font.file, bytes);
    drop(all);
    faces::open_again();
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fonts::{EMOJI, INTER};
    use skrifa::{FontRef, MetadataProvider as _};
    use std::collections::BTreeSet;

    fn characters(bytes: &[u8]) -> BTreeSet<u32> {
        let font = FontRef::new(bytes).unwrap();
        font.charmap().mappings().map(|(code, _)| code).collect()
    }

    #[test]
    fn a_character_that_only_a_font_of_its_own_has_is_in_its_blocks() {
        let always = FALLBACKS.iter().filter(|font| font.blocks.is_empty());
        let always = always.map(|font| font.part).chain([INTER]);
        let always = always.chain(EMOJI.map(|(_, bytes)| bytes));
        let mut others: BTreeSet<u32> = always.flat_map(characters).collect();
        // What joins and parts letters stands beside them.
        others.extend(0x200c..=0x200f);
        others.insert(0x25cc);
        let mut count = 0;
        for font in FALLBACKS.iter().filter(|font| !font.blocks.is_empty()) {
            for code in characters(font.part).difference(&others) {
                let c = char::from_u32(*code).unwrap();
                let fetched = of_text(&c.to_string());
                assert!(!fetched.is_empty(), "{}: {c}", font.name);
                count += 1;
            }
        }
        assert!(count > 20_000, "{count}");
    }

    #[test]
    fn a_page_begins_with_what_the_window_says_in_chinese() {
        let begins = include_bytes!("../../fonts/NotoSansSC-Interface.otf");
        let begins = characters(begins);
        let han = FALLBACKS.iter().find(|font| font.name == "Noto Sans SC");
        let all = characters(han.unwrap().part);
        assert!(begins.is_subset(&all));
        let words = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/ui/language");
        let mut folders = vec![std::path::PathBuf::from(words)];
        let mut said = BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => said.extend(
                        std::fs::read_to_string(path)
                            .unwrap()
                            .chars()
                            .map(u32::from),
                    ),
                }
            }
        }
        let lacking = said
            .intersection(&all)
            .filter(|code| !begins.contains(code));
        let lacking: String = lacking.filter_map(|code| char::from_u32(*code)).collect();
        assert_eq!(lacking, "", "run `python make.py interface` in fonts");
        assert!(begins.len() > 500);
    }

    #[test]
    fn the_fonts_of_a_text_are_those_of_its_scripts() {
        let files = |text: &str| -> Vec<&str> { of_text(text).iter().map(|f| f.name).collect() };
        assert!(files("plain, naïve Ελληνικά → ∑").is_empty());
        assert_eq!(files("a 漢字 b"), ["Noto Sans SC"]);
        assert_eq!(files("한글, かな"), ["Noto Sans SC", "Noto Sans KR"]);
        assert_eq!(files("سلام שלום"), ["Noto Sans Arabic", "Noto Sans Hebrew"]);
        // They are all part of this program.
        assert!(wanted("漢字").is_empty());
        assert_eq!(at_hand().count(), FALLBACKS.len());
    }

    #[test]
    fn what_is_no_font_or_none_of_these_is_not_taken() {
        assert!(!bring("Other.ttf", INTER.to_vec()));
        assert!(!bring("NotoSansThai-Subset.ttf", b"no font".to_vec()));
        assert_eq!(brought("NotoSansThai-Subset.ttf"), None);
    }
}
