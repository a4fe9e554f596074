//! Controls: what is drawn, and how they are written.

use super::*;

fn letters() -> Vocabulary {
    let tokens = "abcdefgh \n".chars().map(|c| match c {
        '\n' => "<eos>".to_owned(),
        c => c.to_string(),
    });
    Vocabulary::from_tokens(tokens.collect(), Unit::Char).unwrap()
}

#[test]
fn random_tokens_come_twice_and_the_seed_says_which() {
    let control = |length, seed| Control::Repeated { length, seed };
    let vocabulary = letters();
    let text = |length, seed| control(length, seed).bytes(&vocabulary, None).unwrap();
    for length in [2, 8, 200] {
        let ids = tokens(&vocabulary, &text(length, 3)).unwrap();
        assert_eq!(ids.len(), 2 * length);
        assert_eq!(ids[..length], ids[length..]);
        assert!(!ids.contains(&vocabulary.eos().unwrap_or(u32::MAX)));
        assert_eq!(text(length, 3), text(length, 3));
        assert_ne!(text(length, 3), text(length, 4));
    }
    // As long as there are others, none comes twice.
    let mut eight = tokens(&vocabulary, &text(8, 5)).unwrap()[..8].to_vec();
    eight.sort_unstable();
    eight.dedup();
    assert_eq!(eight.len(), 8);
    // The same numbers on every machine, ever after.
    assert_eq!(control(6, 1).ids(50, None).unwrap()[..6], FIRST);
}

/// What SplitMix64 with seed 1 draws of 50.
const FIRST: [u32; 6] = [15, 28, 30, 7, 11, 23];

#[test]
fn shuffled_texts_have_the_same_words_and_characters() {
    let shuffled = Control::Shuffled { seed: 9 };
    let text = b"a bb  ccc\nd e\xffe ".as_slice();
    let words = shuffled_words(text, Random(2));
    let sorted = |text: &[u8]| {
        let mut words: Vec<Vec<u8>> = text
            .split(u8::is_ascii_whitespace)
            .map(<[u8]>::to_vec)
            .collect();
        words.sort();
        words
    };
    assert_eq!((sorted(&words), words.len()), (sorted(text), text.len()));
    let characters = shuffled
        .bytes(&letters(), Some("abc defé".as_bytes()))
        .unwrap();
    let mut found: Vec<char> = std::str::from_utf8(&characters).unwrap().chars().collect();
    found.sort_unstable();
    assert_eq!(found.into_iter().collect::<String>(), " abcdefé");
    assert_eq!(shuffled.bytes(&letters(), None), Err(ControlError::NoText));
    let mut ids = shuffled.ids(10, Some(&[1, 2, 3, 4])).unwrap();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3, 4]);
}

#[test]
fn a_shuffle_favours_no_order() {
    let mut counts = [0_usize; 6];
    for seed in 0..6000 {
        let mut all = [0_usize, 1, 2];
        Random(seed).shuffle(&mut all);
        counts[all[0] * 2 + usize::from(all[1] > all[2])] += 1;
    }
    // 1,000 each; five standard deviations are 144.
    assert!(
        counts.iter().all(|count| count.abs_diff(1000) < 144),
        "{counts:?}"
    );
}

#[test]
fn controls_are_written_and_read() {
    for text in ["repeated:256:7", "shuffled:18446744073709551615"] {
        assert_eq!(text.parse::<Control>().unwrap().to_string(), text);
    }
    assert_eq!(
        "repeated:5".parse(),
        Ok(Control::Repeated { length: 5, seed: 0 })
    );
    assert_eq!("shuffled".parse(), Ok(Control::Shuffled { seed: 0 }));
    for wrong in [
        "",
        "repeated",
        "repeated:0",
        "repeated:9:x",
        "repeated:9:1:1",
        "shuffled:",
        "random:4",
    ] {
        assert!(wrong.parse::<Control>().is_err(), "{wrong}");
    }
    assert!("repeated:1048577".parse::<Control>().is_err());
}
