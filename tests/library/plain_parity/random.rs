//! Random networks over random texts, cut into random blocks.

use crate::plain::PlainNetwork;
use crate::plain_parity::compare::Bounds;
use crate::plain_parity::draw::{any_architecture, architecture};
use crate::plain_parity::networks::{Architecture, Noise};
use crate::plain_parity::session::Session;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use proptest::test_runner::TestCaseError;
use spanscope::model::Network;
use std::fmt;
use std::sync::Arc;

/// Block sizes around those of tiles and of what is kept of a run.
pub fn block() -> impl Strategy<Value = usize> {
    select(vec![1_usize, 2, 7, 8, 31, 32, 33, 63, 64, 65, 100, 512])
}

pub fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        cases,
        // A case takes its time: a failure is to be shown soon rather than in its very smallest form.
        max_shrink_iters: 60,
        // The same cases every time; PROPTEST_RNG_SEED tries others.
        rng_seed: match ProptestConfig::default().rng_seed {
            RngSeed::Random => RngSeed::Fixed(190_507_799),
            chosen => chosen,
        },
        ..ProptestConfig::default()
    }
}

pub fn fail(what: String) -> TestCaseError {
    TestCaseError::fail(what)
}

/// A text, and how it is cut: so many tokens in blocks of that size, and again until the text is used up.
#[derive(Clone)]
pub struct Cuts {
    len: usize,
    pieces: Vec<(usize, usize)>,
    /// Queries whose weights are asked for again.
    ranges: Vec<(usize, usize)>,
}

/// On one line, so that a failure can be read.
impl fmt::Debug for Cuts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a text of {} tokens, (tokens, block) {:?}, asked again for {:?}",
            self.len, self.pieces, self.ranges
        )
    }
}

impl Cuts {
    /// The pieces, as ranges of the text with their block size.
    fn places(&self) -> Vec<(usize, usize, usize)> {
        let mut places = Vec::new();
        let mut from = 0;
        for (len, block) in self.pieces.iter().cycle() {
            if from == self.len {
                break;
            }
            let to = (from + len).min(self.len);
            places.push((from, to, *block));
            from = to;
        }
        places
    }
}

/// A place in a text of `len` tokens, its end included, from a share.
pub fn place(share: f64, len: usize) -> usize {
    (share * (len + 1) as f64) as usize
}

/// Positions in a text as a range, which may be empty.
pub fn range((a, b): (f64, f64), len: usize) -> (usize, usize) {
    let (a, b) = (place(a, len), place(b, len));
    (a.min(b), a.max(b))
}

pub fn cuts(longest: usize) -> impl Strategy<Value = Cuts> {
    let len = prop_oneof![
        1 => 1_usize..=8,
        1 => select(vec![32_usize, 64, 65, 128, 192, 256]),
        3 => 9..=longest,
    ];
    let piece = (prop_oneof![block(), 100_usize..=300], block());
    let ranges = prop::collection::vec((0.0..1.0, 0.0..1.0), 2);
    (len, prop::collection::vec(piece, 1..5), ranges).prop_map(|(len, pieces, ranges)| Cuts {
        len,
        pieces,
        ranges: ranges.into_iter().map(|r| range(r, len)).collect(),
    })
}

fn any_cut(architecture: &Architecture, cuts: &Cuts) -> Result<(), String> {
    run_in_cuts(architecture, architecture.networks(), cuts)
}

/// Runs these networks, which follow from `architecture`, over a text and compares all there is.
pub fn run_in_cuts(
    architecture: &Architecture,
    networks: (Arc<Network>, Arc<PlainNetwork>),
    cuts: &Cuts,
) -> Result<(), String> {
    let mut session = Session::new(networks, Bounds::of(architecture.scores));
    let text = Noise(!architecture.seed).text(cuts.len, architecture.vocabulary.size());
    for (from, to, block) in cuts.places() {
        session.extend(&text[from..to], block)?;
    }
    session.check(&cuts.ranges)
}

/// A text is streamed through a run that forgets what it can.
pub fn streamed(
    architecture: &Architecture,
    networks: (Arc<Network>, Arc<PlainNetwork>),
    cuts: &Cuts,
    back: f64,
) -> Result<(), String> {
    let mut session = Session::new(networks, Bounds::of(architecture.scores));
    let mut text = Noise(!architecture.seed).text(cuts.len, architecture.vocabulary.size());
    let expected = session.plain.run(&text);
    for (from, to, block) in cuts.places() {
        session.extend(&text[from..to], block)?;
        session.check_part(&expected, from, to)?;
        session.run.forget();
    }
    // Cut back to where all is still known, or begun anew; then another text.
    let at = place(back, text.len() - 1);
    text[at] = (text[at] + 1) % architecture.vocabulary.size() as u32;
    let kept = session.run.rewind(&text);
    if kept != at && kept != 0 || session.run.ids() != &text[..kept] {
        return Err(format!("cut back to {at}, {kept} were kept"));
    }
    session.extend(&text[kept..], cuts.pieces[0].1)?;
    let expected = session.plain.run(&text);
    session.check_part(&expected, kept, text.len())
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn any_network_over_any_text_in_any_blocks(a in any_architecture(), cuts in cuts(300)) {
        any_cut(&a, &cuts).map_err(fail)?;
    }
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn a_run_that_forgets(a in architecture(1_usize..=130), cuts in cuts(400), back in 0.0..1.0) {
        streamed(&a, a.networks(), &cuts, back).map_err(fail)?;
    }
}
