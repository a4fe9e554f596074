//! Lines of text in many scripts.

use super::*;
use proptest::prelude::*;

/// The texts of a line's clusters, from left to right.
fn read(line: &Line) -> Vec<&str> {
    let clusters = line.clusters.iter();
    clusters.map(|cluster| cluster.text.as_str()).collect()
}

fn fonts_of(text: &str) -> Vec<&'static str> {
    let line = line(text, Weight::Regular);
    let glyphs = line.clusters.into_iter().flat_map(|cluster| cluster.glyphs);
    glyphs
        .map(|glyph| faces()[glyph.font].name.as_str())
        .collect()
}

#[test]
fn one_character_without_a_glyph_leaves_the_others_alone() {
    // An Egyptian hieroglyph stands before, between and behind characters of every other font.
    for text in [
        "のヴァルキュリア",
        "语言",
        "한국어",
        "שלום",
        "हिन्दी",
        "ภาษา",
        "é Ж",
        "😀",
    ] {
        let whole = line(text, Weight::Regular);
        let (drawn, missing) = shown(text, Weight::Regular);
        assert_eq!((drawn.as_ref(), missing.len()), (text, 0));
        let marked = format!("\u{13080}{text}\u{13080}{text}\u{13080}");
        let (drawn, missing) = shown(&marked, Weight::Regular);
        assert_eq!(drawn, format!("⟨U+13080⟩{text}⟨U+13080⟩{text}⟨U+13080⟩"));
        assert_eq!(missing, ['\u{13080}'; 3]);
        let line = line(&marked, Weight::Regular);
        let found = read(&line);
        assert_eq!(found.len(), 2 * read(&whole).len() + 3, "{found:?}");
        let glyphs = line.clusters.iter().flat_map(|cluster| &cluster.glyphs);
        assert!(glyphs.into_iter().all(|glyph| glyph.id != 0), "{text}");
        assert!((f64::from(line.width) - width(&marked, Weight::Regular)).abs() < 1e-3);
    }
}

#[test]
fn each_script_has_its_font() {
    for (text, name) in [
        ("abc Ελλ Жж ½→", "Inter-Regular"),
        ("戦語訊이", ""),
        ("ヴァ〆", "NotoSansSC"),
        ("뷁", "NotoSansKR"),
        ("العربية", "NotoSansArabic"),
        ("עִבְרִית", "NotoSansHebrew"),
        ("क्षत्रिय", "NotoSansDevanagari"),
        ("বাংলা", "NotoSansBengali"),
        ("தமிழ்", "NotoSansTamil"),
        ("ಕನ್ನಡ", "NotoSansKannada"),
        ("ไทยก็น้ำ", "NotoSansThai"),
        ("ខ្មែរ", "NotoSansKhmer"),
        ("မြန်မာ", "NotoSansMyanmar"),
        ("Հայերեն", "NotoSansArmenian"),
        ("ქართული", "NotoSansGeorgian"),
        ("አማርኛ", "NotoSansEthiopic"),
        ("සිංහල", "NotoSansSinhala"),
        ("𝔸∮⨁", "NotoSansMath"),
        ("😀", "NotoEmoji"),
        ("␀\u{10fe80}⟨", "SpanscopeSigns"),
    ] {
        let found = fonts_of(text);
        assert!(!found.is_empty(), "{text}");
        assert!(shown(text, Weight::Regular).1.is_empty(), "{text}");
        if !name.is_empty() {
            assert!(found.iter().all(|one| *one == name), "{text}: {found:?}");
        }
    }
}

#[test]
fn lines_of_two_directions_stand_as_unicode_orders_them() {
    // From left to right the Hebrew word begins with its last letter.
    let line = super::line("ab שלום cd", Weight::Regular);
    assert_eq!(read(&line).concat(), "ab םולש cd");
    let places: Vec<f32> = line
        .clusters
        .iter()
        .map(|cluster| cluster.glyphs[0].at.0)
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    // What is written out is read from left to right, and parts a word as Latin letters do.
    let line = super::line("של\u{13080}ום", Weight::Regular);
    assert_eq!(read(&line), ["ל", "ש", "\u{13080}", "ם", "ו"]);
    let letters = line.clusters[2]
        .glyphs
        .iter()
        .map(|glyph| glyph.letter.as_str());
    assert_eq!(letters.collect::<String>(), "⟨U+13080⟩");
}

#[test]
fn letters_join_and_marks_stay() {
    // Lam and alef are one glyph, and read as both.
    let line = super::line("لا", Weight::Regular);
    assert_eq!(read(&line), ["\u{fefb}"]);
    assert_eq!(line.clusters[0].glyphs[0].letter, "\u{fefb}");
    // A vowel sign drawn before its letters is that sign in every cluster.
    for text in ["हि", "कि", "षि"] {
        let line = super::line(text, Weight::Regular);
        let glyphs: Vec<_> = line.clusters.iter().flat_map(|c| &c.glyphs).collect();
        assert_eq!(glyphs[0].letter, "\u{93f}", "{glyphs:?}");
        assert_eq!(read(&line).concat(), text);
    }
    // A mark that its letter's font lacks: both come from a font that has them, or each from its own.
    for text in ["e\u{301}", "q\u{323}\u{302}", "क\u{93f}", "가\u{302e}"] {
        let line = super::line(text, Weight::Regular);
        let read: String = read(&line).concat();
        assert_eq!(read, text);
        assert!(
            line.clusters
                .iter()
                .flat_map(|c| &c.glyphs)
                .all(|g| g.id != 0)
        );
    }
    // A joiner has no place of its own; what joins or not is what it says.
    let line = super::line("می\u{200c}خواهم", Weight::Regular);
    let joined = super::line("میخواهم", Weight::Regular);
    let mut read: Vec<&str> = read(&line);
    read.reverse();
    assert_eq!(read.concat(), "میخواهم");
    assert_ne!(line.width, joined.width);
    let line = super::line("क\u{94d}\u{200d}ष", Weight::Regular);
    assert_eq!(super::tests::read(&line).concat(), "क\u{94d}\u{200d}ष");
}

#[test]
fn a_figure_shows_the_characters_that_are_there() {
    // Inter draws an arrow for these two unless it is told not to.
    let line = super::line("->", Weight::Regular);
    assert_eq!(read(&line), ["-", ">"]);
    assert_ne!(
        line.clusters[1].glyphs[0].id,
        super::line("→", Weight::Regular).clusters[0].glyphs[0].id
    );
}

#[test]
fn a_byte_reads_as_a_byte() {
    let line = super::line("\u{10fee4}", Weight::Regular);
    assert_eq!(read(&line), ["⟨xE4⟩"]);
    assert_eq!(line.clusters[0].glyphs.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_set_without_boxes(text in "[^\\p{C}]{0,24}", bold: bool) {
        let weight = if bold { Weight::SemiBold } else { Weight::Regular };
        let line = line(&text, weight);
        for glyph in line.clusters.iter().flat_map(|cluster| &cluster.glyphs) {
            prop_assert!(glyph.id != 0, "{glyph:?}");
        }
        let (drawn, missing) = shown(&text, weight);
        prop_assert_eq!(drawn.matches("⟨U+").count() >= missing.len(), true);
        prop_assert!((f64::from(line.width) - width(&text, weight)).abs() < 0.06 * f64::from(line.width) + 0.2);
        // Nothing that is drawn lacks a glyph any more.
        prop_assert!(shown(&drawn, weight).1.is_empty());
    }
}
