//! Colour maps that are even to the eye.

use std::sync::OnceLock;

/// A colour map; every one but the greys is safe for colour-blind readers in colour,
/// and all of them grow evenly in lightness.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum ColorMap {
    /// Dark violet, green, yellow.
    #[default]
    Viridis,
    /// Dark blue, grey, yellow: made for red-green colour blindness.
    Cividis,
    /// Black, purple, orange, pale yellow.
    Magma,
    /// White to black, for print.
    Greys,
}

impl ColorMap {
    /// Every map, in the order in which a menu should show them.
    pub const ALL: [Self; 4] = [Self::Viridis, Self::Cividis, Self::Magma, Self::Greys];

    /// Its name on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Viridis => "viridis",
            Self::Cividis => "cividis",
            Self::Magma => "magma",
            Self::Greys => "greys",
        }
    }

    /// The map's name as people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viridis => "Viridis",
            Self::Cividis => "Cividis",
            Self::Magma => "Magma",
            Self::Greys => "Greys",
        }
    }
}

/// The colour of the `i`-th of `count` layers or the like where they are too many for colours of their own: along viridis, as
/// far as it stands out from a dark or a light ground.
pub fn depth_color(i: usize, count: usize, dark: bool) -> [u8; 3] {
    let (from, to) = if dark { (0.42, 1.0) } else { (0.0, 0.58) };
    let share = i.min(count) as f64 / count.saturating_sub(1).max(1) as f64;
    table(ColorMap::Viridis)[(255.0 * (from + (to - from) * share.min(1.0))) as usize]
}

/// The map's 256 colours, lowest first.
pub fn table(map: ColorMap) -> &'static [[u8; 3]; 256] {
    static TABLES: OnceLock<[[[u8; 3]; 256]; 4]> = OnceLock::new();
    let tables = TABLES.get_or_init(|| {
        [
            colorous::VIRIDIS,
            colorous::CIVIDIS,
            colorous::MAGMA,
            colorous::GREYS,
        ]
        .map(|gradient| std::array::from_fn(|i| gradient.eval_rational(i, 256).into_array()))
    });
    &tables[map as usize]
}

/// The colour at `t`, which is held to 0..=1; not-a-number counts as 0.
pub fn color(map: ColorMap, t: f32) -> [u8; 3] {
    // A float-to-integer cast saturates, and makes 0 of not-a-number.
    let index = (t.clamp(0.0, 1.0) * 255.0).round() as usize;
    table(map)[index.min(255)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_odd_values() {
        for map in ColorMap::ALL {
            let table = table(map);
            assert_eq!(color(map, 0.0), table[0]);
            assert_eq!(color(map, 1.0), table[255]);
            assert_eq!(color(map, -3.0), table[0]);
            assert_eq!(color(map, f32::INFINITY), table[255]);
            assert_eq!(color(map, f32::NAN), table[0]);
        }
        assert_eq!(color(ColorMap::Viridis, 0.0), [68, 1, 84]);
        assert_eq!(color(ColorMap::Greys, 0.0), [255, 255, 255]);
    }

    #[test]
    fn lightness_grows_or_falls_all_the_way() {
        for map in ColorMap::ALL {
            let light = |c: [u8; 3]| {
                0.2126 * f32::from(c[0]) + 0.7152 * f32::from(c[1]) + 0.0722 * f32::from(c[2])
            };
            let sign = if map == ColorMap::Greys { -1.0 } else { 1.0 };
            for pair in table(map).chunks(16).collect::<Vec<_>>().windows(2) {
                assert!(
                    (light(pair[1][0]) - light(pair[0][0])) * sign > 0.0,
                    "{map:?}"
                );
            }
        }
    }
}
