//! Bins of distances for distributions over queries: each distance up to 127 has its own, and farther ones share 64 an octave, so that
//! no distance is more than 1/64 off.

/// Distances with a bin of their own.
const OWN: usize = 128;

/// Bins of an octave.
const OCTAVE: usize = 64;

/// Number of bins: distances below 2²².
pub const SPAN_BINS: usize = OWN + OCTAVE * 15;

/// The bin of a distance.
pub fn span_bin(distance: usize) -> usize {
    if distance < OWN {
        return distance;
    }
    let octave = distance.ilog2() as usize;
    let part = (distance >> (octave - 6)) % OCTAVE;
    (OWN + (octave - 7) * OCTAVE + part).min(SPAN_BINS - 1)
}

/// The largest distance of a bin.
pub fn span_of_bin(bin: usize) -> usize {
    match bin.checked_sub(OWN) {
        None => bin,
        Some(beyond) => {
            let (octave, part) = (beyond / OCTAVE + 7, beyond % OCTAVE);
            ((OCTAVE + part + 1) << (octave - 6)) - 1
        }
    }
}
