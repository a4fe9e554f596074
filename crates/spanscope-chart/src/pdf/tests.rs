//! The texts of a PDF as they read, and the parts that it is made of.

use super::super::{Figure as _, SpanChart, Style};

fn pdf(title: &str) -> Vec<u8> {
    let chart = SpanChart {
        title: title.into(),
        ..SpanChart::default()
    };
    chart.pdf(&Style::default()).unwrap()
}

/// The streams of a file, unpacked.
fn streams(pdf: &[u8]) -> Vec<Vec<u8>> {
    let find = |from: usize, words: &[u8]| {
        let found = pdf[from..].windows(words.len()).position(|w| w == words);
        found.map(|at| from + at)
    };
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = find(at, b"stream\n") {
        let end = find(start, b"\nendstream").unwrap();
        let data = &pdf[start + 7..end];
        let mut plain = Vec::new();
        let mut reader = flate2::read::ZlibDecoder::new(data);
        std::io::Read::read_to_end(&mut reader, &mut plain).unwrap();
        found.push(plain);
        at = end + 10;
    }
    found
}

/// The page's content as text.
fn content(pdf: &[u8]) -> String {
    let all = streams(pdf).into_iter();
    let mut texts = all.map(|stream| String::from_utf8_lossy(&stream).into_owned());
    texts.find(|text| text.contains("BT")).unwrap()
}

/// All that glyphs read as by themselves.
fn letters(pdf: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for stream in streams(pdf) {
        let text = String::from_utf8_lossy(&stream).into_owned();
        if !text.contains("begincmap") {
            continue;
        }
        for line in text.lines() {
            let Some((_, code)) = line.strip_suffix('>').and_then(|l| l.split_once("> <")) else {
                continue;
            };
            if !line.starts_with('<') || text.contains(&format!("{line}\nendcodespacerange")) {
                continue;
            }
            let units: Vec<u16> = (0..code.len() / 4)
                .map(|i| u16::from_str_radix(&code[4 * i..4 * i + 4], 16).unwrap())
                .collect();
            found.push(String::from_utf16(&units).unwrap());
        }
    }
    found
}

#[test]
fn the_same_figure_gives_the_same_bytes() {
    for title in ["Spans", "注意 الانتباه 😀 हिन्दी \u{13080}"] {
        let first = pdf(title);
        for _ in 0..4 {
            assert!(pdf(title) == first, "{title}");
        }
    }
}

#[test]
fn a_quarter_turn_is_one_on_every_system() {
    // The name along the upright axis.
    let turned = content(&pdf("Spans"));
    let turned = turned.lines().filter(|line| line.ends_with(" cm"));
    let turned: Vec<_> = turned.filter(|line| line.starts_with("0 ")).collect();
    assert!(!turned.is_empty());
    for line in turned {
        assert!(line.starts_with("0 -1 1 0 "), "{line}");
    }
}

#[test]
fn every_font_has_a_name_and_is_brought_along() {
    let pdf = pdf("Spans 注意 한국 הלו हि ไทย عربي 😀 ⟨␀ 𝔸");
    let text = String::from_utf8_lossy(&pdf);
    for name in [
        "Inter-SemiBold",
        "Inter-Regular",
        "NotoSansSC",
        "NotoSansKR",
        "NotoSansHebrew",
        "NotoSansDevanagari",
        "NotoSansThai",
        "NotoSansArabic",
        "NotoEmoji",
        "SpanscopeSigns",
        "NotoSansMath",
    ] {
        assert!(text.contains(&format!("+{name}")), "{name}");
    }
    let count = |words: &str| text.matches(words).count();
    let programs = count("/FontFile2 ") + count("/FontFile3 ");
    assert!(
        programs >= 11 && programs == count("/Type /FontDescriptor"),
        "{programs}"
    );
    assert!(!text.contains("/Type3") && !text.contains("unknown"));
}

#[test]
fn glyphs_read_as_their_letters() {
    let title = "語言 \u{13080}\u{13081} e\u{301} 𝔸😀";
    let pdf = pdf(title);
    let letters = letters(&pdf);
    for letter in ["語", "言", "𝔸", "😀", "⟨", "⟩"] {
        assert_eq!(
            letters.iter().filter(|one| *one == letter).count(),
            1,
            "{letter}"
        );
    }
    // Two characters without a glyph are two different texts.
    let content = content(&pdf);
    let spans = content.matches("/Span").count();
    assert!(spans >= 2, "{content}");
    assert!(content.contains("/ActualText"));
}

#[test]
fn what_is_one_glyph_reads_as_what_it_stands_for() {
    // Lam and alef join. The letter delta and the sign for a difference are one glyph: the second is written beside it.
    assert!(letters(&pdf("لا")).contains(&"\u{fefb}".to_owned()));
    let content = content(&pdf("a\u{394}b\u{2206}c"));
    assert_eq!(content.matches("/Span").count(), 1, "{content}");
}
