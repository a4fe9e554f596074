//! Numbers and ranges of tokens on the command line, the same for every command.

use std::ops::Range;

/// Tokens from A up to B, or to the end of the text, which is `usize::MAX`; or one token.
///
/// # Errors
/// When it is no such range, or holds no token.
pub(super) fn tokens(text: &str) -> Result<Range<usize>, String> {
    let number = |text: &str| text.parse::<usize>().ok().filter(|n| *n < usize::MAX);
    let range = match text.split_once("..") {
        Some((from, "")) => number(from).map(|from| from..usize::MAX),
        Some((from, to)) => number(from).zip(number(to)).map(|(from, to)| from..to),
        None => number(text).map(|at| at..at + 1),
    };
    let expected = "expected A..B, from 0, such as 100..164 (100 to 163), A.. to the end of the text, or one token";
    match range {
        Some(range) if range.is_empty() => Err(format!(
            "there is no token from {} up to {}; {expected}",
            range.start, range.end
        )),
        Some(range) => Ok(range),
        None => Err(expected.into()),
    }
}

/// A whole number from 1 to `most`.
///
/// # Errors
/// When it is none.
pub(super) fn whole(text: &str, most: usize) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(n) if (1..=most).contains(&n) => Ok(n),
        _ => Err(format!("expected a whole number from 1 to {most}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_lie_within_bounds() {
        assert_eq!((whole("1", 9), whole("9", 9)), (Ok(1), Ok(9)));
        for wrong in ["0", "10", "-1", "1.5", "", "x", "99999999999999999999"] {
            let said = whole(wrong, 9).unwrap_err();
            assert_eq!(said, "expected a whole number from 1 to 9", "{wrong}");
        }
    }

    #[test]
    fn ranges_are_read_or_refused_and_never_changed() {
        assert_eq!(tokens("10..20"), Ok(10..20));
        assert_eq!(tokens("10.."), Ok(10..usize::MAX));
        assert_eq!(tokens("10"), Ok(10..11));
        // The number that stands for the end of the text is no position.
        let largest = usize::MAX;
        for wrong in [
            "10..10".to_owned(),
            "20..10".into(),
            "..5".into(),
            "5..=9".into(),
            "-1..5".into(),
            "1.5".into(),
            "a..b".into(),
            String::new(),
            format!("5..{largest}"),
            format!("{largest}"),
            format!("{largest}0"),
        ] {
            let said = tokens(&wrong).unwrap_err();
            assert!(said.contains("such as 100..164"), "{wrong}: {said}");
        }
    }
}
