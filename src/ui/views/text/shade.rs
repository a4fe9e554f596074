//! The shade of every token: what it stands for, how large it can be, and its colour.

use crate::analysis::{TextWeights, TokenAttention};
use crate::chart::Scale;
use crate::engine::Snapshot;
pub(super) use crate::engine::figures::Shade;
use crate::engine::figures::blind_bits;
use crate::ui::language::tr;
use crate::ui::theme::Palette;
use crate::ui::views::context::ViewContext;
use eframe::egui::{Color32, Ui};

/// What the shade of a token means, in words.
pub(super) trait DisplayName {
    /// The name on its button.
    fn name(self) -> &'static str;

    /// What the button says when the pointer rests on it.
    fn words(self) -> &'static str;
}

impl DisplayName for Shade {
    fn name(self) -> &'static str {
        match self {
            Self::Read => tr("Attends to"),
            Self::Readers => tr("Attended by"),
            Self::Surprisal => tr("Surprisal"),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Read => tr(
                "Shade: the weight that the selected tokens, as queries, give each token before them. Arcs lead from the token under the pointer to those it reads; a dot marks the key",
            ),
            Self::Readers => tr(
                "Shade: the weight that each later token, as query, gives the selected tokens as keys",
            ),
            Self::Surprisal => tr("Shade: −log₂ of the probability that the model gave each token"),
        }
    }
}

/// Shades that are told apart; 0 is none.
const LEVELS: usize = 256;

/// Least contrast of the text with the strongest shade, as WCAG counts it.
const CONTRAST: f32 = 4.5;

/// The colours of one kind of shade, from the ground to the strongest, even to the eye.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ramp {
    colors: Vec<Color32>,
}

impl Ramp {
    /// From `ground` towards `color`, as far as text in `ink` stays readable.
    pub fn new(ground: Color32, color: Color32, ink: Color32) -> Self {
        let (from, hue) = (oklab(ground), oklab(color));
        let lightness = |share: f32| [from[0] + share * (hue[0] - from[0]), hue[1], hue[2]];
        // The hue at the lightness farthest from the ground that leaves enough contrast.
        let readable = |share: &f32| contrast(srgb(lightness(*share)), ink) >= CONTRAST;
        let shares = (1..=50).rev().map(|i| i as f32 / 50.0);
        let full = lightness(shares.clone().find(readable).unwrap_or(0.3));
        let colors = (0..LEVELS).map(|level| {
            let t = level as f32 / (LEVELS - 1) as f32;
            srgb(std::array::from_fn(|i| from[i] + t * (full[i] - from[i])))
        });
        Self {
            colors: colors.collect(),
        }
    }

    /// The colour of a level.
    pub fn color(&self, level: u8) -> Color32 {
        let color = self.colors.get(usize::from(level)).copied();
        color.unwrap_or_default()
    }
}

/// The ramps of the three kinds of shade.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ramps {
    ground: Color32,
    ramps: [Ramp; 3],
}

impl Ramps {
    /// Those of the window's colours; `old` if they are those already.
    pub fn of(old: Option<Self>, ui: &Ui, palette: &Palette) -> Self {
        let (ground, ink) = (ui.visuals().panel_fill, ui.visuals().text_color());
        old.filter(|old| old.ground == ground)
            .unwrap_or_else(|| Self {
                ground,
                ramps: [Shade::Read, Shade::Readers, Shade::Surprisal]
                    .map(|shade| Ramp::new(ground, palette.layers[shade.color()], ink)),
            })
    }

    /// The ramp of a kind.
    pub fn ramp(&self, shade: Shade) -> &Ramp {
        &self.ramps[shade as usize]
    }
}

fn linear(channel: u8) -> f32 {
    let c = f32::from(channel) / 255.0;
    if c <= 0.04045 {
        c / 12.92
    } else {
        ((c + 0.055) / 1.055).powf(2.4)
    }
}

fn gamma(c: f32) -> u8 {
    let c = c.clamp(0.0, 1.0);
    let c = if c <= 0.003_130_8 {
        12.92 * c
    } else {
        1.055 * c.powf(1.0 / 2.4) - 0.055
    };
    (255.0 * c).round() as u8
}

/// Lightness and two axes of colour in which equal steps look equal (Björn Ottosson's Oklab).
fn oklab(color: Color32) -> [f32; 3] {
    let [r, g, b] = [color.r(), color.g(), color.b()].map(linear);
    let l = (0.412_221_47 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

fn srgb([lightness, a, b]: [f32; 3]) -> Color32 {
    let l = (lightness + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (lightness - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (lightness - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    Color32::from_rgb(
        gamma(4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s),
        gamma(-1.268_438 * l + 2.609_757_4 * m - 0.341_319_38 * s),
        gamma(-0.004_196_086_3 * l - 0.703_418_6 * m + 1.707_614_7 * s),
    )
}

/// Contrast of two colours, 1 to 21 (WCAG 2).
fn contrast(a: Color32, b: Color32) -> f32 {
    let luminance = |c: Color32| {
        0.2126 * linear(c.r()) + 0.7152 * linear(c.g()) + 0.0722 * linear(c.b()) + 0.05
    };
    let (a, b) = (luminance(a), luminance(b));
    a.max(b) / a.min(b)
}

/// Where the values of the shades come from.
#[derive(Debug, Clone, Copy)]
enum Values<'a> {
    Nothing,
    /// The weights of a query.
    Row(usize, &'a TextWeights),
    Read(&'a TokenAttention),
    Readers(&'a TokenAttention),
    Surprisal(&'a Snapshot),
    /// What the edits add to the surprisal.
    Change(&'a Snapshot),
}

/// The shades of one frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shading<'a> {
    values: Values<'a>,
    /// What the values are divided by: of several tokens the mean is shown, or the sum.
    count: f32,
    /// The value of the strongest shade.
    pub full: f32,
    scale: Scale,
    /// Where the scale begins, and its width, as it counts.
    spread: (f32, f32),
}

/// Bits more or less that have the strongest shade.
pub(super) const CHANGE: f32 = 2.0;

/// Decades that a logarithmic scale covers.
const DECADES: f32 = 1e-4;

impl<'a> Shading<'a> {
    /// What is shown in this frame, of several tokens their `mean` or sum; of surprisal the `change` by the edits or all of it.
    pub fn new(
        shade: Shade,
        scale: Scale,
        (mean, change): (bool, bool),
        cx: &ViewContext<'a>,
    ) -> Self {
        let (values, count, most) = match shade {
            Shade::Surprisal if change => (Values::Change(cx.snapshot), 1.0, CHANGE),
            Shade::Surprisal => (Values::Surprisal(cx.snapshot), 1.0, blind(cx.snapshot)),
            Shade::Read => match row(cx) {
                Some((query, weights)) => {
                    let row = weights.pairs(query);
                    let most = row.fold(0.0_f32, |most, (_, weight)| most.max(weight));
                    (Values::Row(query, weights), 1.0, most)
                }
                None => match gathered(cx) {
                    Some(sums) => (Values::Read(sums), sums.queries as f32, sums.largest.0),
                    None => (Values::Nothing, 1.0, 0.0),
                },
            },
            Shade::Readers => match gathered(cx) {
                Some(sums) => (
                    Values::Readers(sums),
                    sums.tokens.len() as f32,
                    sums.largest.1,
                ),
                None => (Values::Nothing, 1.0, 0.0),
            },
        };
        let count = if mean { count.max(1.0) } else { 1.0 };
        let full = most / count;
        let scale = match shade {
            Shade::Surprisal => Scale::Linear,
            _ => scale,
        };
        let mut shading = Self {
            values,
            count,
            full,
            scale,
            spread: (0.0, 1.0),
        };
        let low = shading.spread(shading.low());
        shading.spread = (low, shading.spread(full) - low);
        shading
    }

    /// The value of the weakest shade: 0, but for a logarithm.
    pub fn low(&self) -> f32 {
        match self.scale {
            Scale::Log => DECADES * self.full,
            _ => 0.0,
        }
    }

    fn spread(&self, value: f32) -> f32 {
        match self.scale {
            Scale::Linear => value,
            Scale::Sqrt => value.max(0.0).sqrt(),
            Scale::Log => value.max(DECADES * self.full).max(f32::MIN_POSITIVE).ln(),
        }
    }

    /// The value with which the scale is half full.
    pub fn half(&self) -> f32 {
        match self.scale {
            Scale::Linear => 0.5 * self.full,
            Scale::Sqrt => 0.25 * self.full,
            Scale::Log => DECADES.sqrt() * self.full,
        }
    }

    /// What the shade of the token at position `token` stands for: a weight, or bits.
    pub fn value(&self, token: usize) -> Option<f32> {
        let value = match self.values {
            Values::Nothing => None,
            Values::Row(query, weights) => weights.at(query, token),
            Values::Read(sums) => sums.read_of(token),
            Values::Readers(sums) => sums.reader(token),
            Values::Surprisal(snapshot) => snapshot.surprisal_of(token),
            Values::Change(snapshot) => snapshot.surprisal_change(token),
        };
        Some(value? / self.count)
    }

    /// True if shades stand for what the edits add to the surprisal.
    pub fn is_change(&self) -> bool {
        matches!(self.values, Values::Change(_))
    }

    /// True if the value of a token is a fall, which has a colour of its own.
    pub fn falls(&self, token: usize) -> bool {
        self.is_change() && self.value(token).is_some_and(|value| value < 0.0)
    }

    /// The level of a token's shade; 0 is none.
    pub fn level(&self, token: usize) -> u8 {
        let (low, width) = self.spread;
        let value = self.value(token);
        match value.map(|value| if self.is_change() { value.abs() } else { value }) {
            // A cast from floating point saturates, and makes 0 of what is no number.
            Some(value) if value > 0.0 && width > 0.0 => {
                (255.0 * (self.spread(value) - low) / width).round() as u8
            }
            _ => 0,
        }
    }
}

/// The query, if it is the only one, and the weights that it is among.
fn row<'a>(cx: &ViewContext<'a>) -> Option<(usize, &'a TextWeights)> {
    let query = cx.tokens().single()?;
    let detail = cx.snapshot.detail.as_deref();
    let detail = detail.filter(|detail| detail.heads == cx.selection.heads)?;
    Some((query, &detail.weights))
}

/// The sums over the selected tokens, of the selected heads. While those of new tokens are on their way, the ones before
/// stay: nothing flickers when a selection is drawn.
pub(super) fn gathered<'a>(cx: &ViewContext<'a>) -> Option<&'a TokenAttention> {
    // They come together with the heads' weights.
    let detail = cx.snapshot.detail.as_deref()?;
    let gathered = cx.snapshot.gathered.as_deref();
    gathered.filter(|_| detail.heads == cx.selection.heads)
}

/// Bits of surprisal when every token is as likely as any other: log₂ V.
pub(super) fn blind(snapshot: &Snapshot) -> f32 {
    let model = snapshot.model.as_ref();
    model.map_or(1.0, |model| blind_bits(model))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::palette;
    use eframe::egui::Visuals;

    #[test]
    fn text_is_readable_on_every_shade_and_shades_are_even() {
        let themes = [
            (Visuals::dark(), (20, 23, 28), (206, 211, 220)),
            (Visuals::light(), (246, 247, 249), (38, 42, 50)),
        ];
        for (visuals, ground, ink) in themes {
            let color = |(r, g, b)| Color32::from_rgb(r, g, b);
            let (palette, ground, ink) = (palette(&visuals), color(ground), color(ink));
            for hue in [palette.accent, palette.layers[2], palette.persistent] {
                let ramp = Ramp::new(ground, hue, ink);
                assert_eq!(ramp.color(0), ground);
                for level in 0..=255 {
                    assert!(contrast(ramp.color(level), ink) > 0.98 * CONTRAST);
                }
                let steps: Vec<f32> = (0..8)
                    .map(|i| [ramp.color(i * 32), ramp.color(i * 32 + 31)].map(oklab))
                    .map(|[a, b]| (0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f32>().sqrt())
                    .collect();
                let most = steps.iter().copied().fold(0.0, f32::max);
                let least = steps.iter().copied().fold(1.0, f32::min);
                assert!(least > 0.01 && most < 1.6 * least, "{steps:?}");
            }
        }
    }

    #[test]
    fn oklab_and_back() {
        for color in [(0, 0, 0), (255, 255, 255), (124, 188, 245), (214, 74, 24)] {
            let color = Color32::from_rgb(color.0, color.1, color.2);
            assert_eq!(srgb(oklab(color)), color);
        }
    }

    #[test]
    fn levels_follow_the_scale() {
        let row = TextWeights::from(crate::model::HeadWeights {
            first: 3,
            queries: 1,
            nearest: 1,
            reach: 3,
            weights: vec![0.64, 0.16, 0.0].into(),
            empty: vec![0.0],
            ..crate::model::HeadWeights::default()
        });
        let shading = |scale| {
            let mut shading = Shading {
                values: Values::Row(3, &row),
                count: 1.0,
                full: 0.64,
                scale,
                spread: (0.0, 1.0),
            };
            let low = shading.spread(shading.low());
            shading.spread = (low, shading.spread(shading.full) - low);
            [2, 1, 0].map(|token| shading.level(token))
        };
        assert_eq!(shading(Scale::Linear), [255, 64, 0]);
        assert_eq!(shading(Scale::Sqrt), [255, 128, 0]);
        assert_eq!(shading(Scale::Log), [255, 217, 0]);
    }
}
