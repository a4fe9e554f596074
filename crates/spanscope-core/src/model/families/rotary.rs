//! Rotary positions in a configuration: θ, how many features turn, and the scalings by which models are stretched to longer texts.

use super::settings::{Refusal, Settings};
use crate::model::architecture::{LongerRope, LongerScaling, Position, Rope};
use crate::model::rope::frequencies;
use crate::shown::shown;
use std::f64::consts::TAU;

/// The defaults of a family for its rotary positions, where the configuration gives none.
pub(super) struct Defaults {
    /// θ.
    pub base: f64,
    /// The share of a head's features that turn.
    pub part: f64,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            base: 10_000.0,
            part: 1.0,
        }
    }
}

/// The settings of rotary positions: v5's `rope_parameters` (those of `layer_type`, where they are kept by it), else those of old.
fn parameters<'a>(
    config: &Settings<'a>,
    layer_type: Option<&str>,
) -> Result<(Option<Settings<'a>>, bool), Refusal> {
    if let Some(all) = config.inner("rope_parameters")? {
        let of_type = layer_type
            .map(|name| all.inner(name))
            .transpose()?
            .flatten();
        let keyed = ["full_attention", "sliding_attention"]
            .iter()
            .any(|name| all.get(name).is_some());
        return Ok((if keyed { of_type } else { Some(all) }, true));
    }
    Ok((config.inner("rope_scaling")?, false))
}

/// The rotary positions of heads of `head_dim` features, as the configuration says them.
pub(super) fn rotary(
    config: &Settings<'_>,
    head_dim: usize,
    layer_type: Option<&str>,
    defaults: &Defaults,
) -> Result<Position, Refusal> {
    let (scaling, is_new) = parameters(config, layer_type)?;
    let in_scaling = |names: &[&str]| match (&scaling, is_new) {
        (Some(scaling), true) => scaling.number(names),
        _ => Ok(None),
    };
    let base = match in_scaling(&["rope_theta"])? {
        Some(base) => base,
        None => config.positive(&["rope_theta", "rotary_emb_base"], defaults.base)?,
    };
    let part = match in_scaling(&["partial_rotary_factor"])? {
        Some(part) => part,
        None => config.positive(&["partial_rotary_factor", "rotary_pct"], defaults.part)?,
    };
    if !(base > 0.0 && part > 0.0 && part <= 1.0) {
        return Err(format!(
            "rope_theta is {base} and the part of a head that turns {part}"
        ));
    }
    let turning = (head_dim as f64 * part) as usize;
    if turning == 0 || turning.div_ceil(2) * 2 > head_dim {
        return Err(format!(
            "{turning} features of {head_dim} cannot turn with rotary positions"
        ));
    }
    let rope = scaled(config, scaling.as_ref(), base, turning)?;
    Ok(Position::Rotary(rope))
}

/// Plain rotary positions of `head_dim` features.
pub(super) fn plain(base: f64, head_dim: usize) -> Position {
    Position::Rotary(Rope {
        frequencies: frequencies(base, head_dim),
        magnitude: 1.0,
        longer: None,
    })
}

fn scaled(
    config: &Settings<'_>,
    scaling: Option<&Settings<'_>>,
    base: f64,
    features: usize,
) -> Result<Rope, Refusal> {
    let plain = frequencies(base, features);
    let rope = |frequencies, magnitude| Rope {
        frequencies,
        magnitude,
        longer: None,
    };
    let Some(of) = scaling else {
        return Ok(rope(plain, 1.0));
    };
    let kind = of.word(&["rope_type", "type"])?.unwrap_or("default");
    let trained = || config.need(&["max_position_embeddings"]);
    let original = |default: Option<usize>| -> Result<usize, Refusal> {
        let name = ["original_max_position_embeddings"];
        match of.size(&name)?.or(config.size(&name)?).or(default) {
            Some(0) => Err("original_max_position_embeddings is 0".into()),
            Some(length) => Ok(length),
            None => trained(),
        }
    };
    let factor = || match of.number(&["factor"])? {
        Some(factor) if factor > 0.0 => Ok(factor),
        Some(factor) => Err(format!("the factor of rope_scaling is {factor}")),
        None => Err(format!("the factor of the rope_scaling {kind} is missing")),
    };
    match kind {
        "default" => Ok(rope(plain, 1.0)),
        "linear" => {
            let factor = factor()?;
            Ok(rope(plain.iter().map(|w| w / factor).collect(), 1.0))
        }
        "dynamic" => {
            if features <= 2 {
                return Err("dynamic rope_scaling needs more than two features that turn".into());
            }
            Ok(Rope {
                longer: Some(LongerRope {
                    until: trained()?,
                    scaling: LongerScaling::Dynamic {
                        base,
                        factor: factor()?,
                        features,
                    },
                }),
                ..rope(plain, 1.0)
            })
        }
        "llama3" => {
            let factor = factor()?;
            let low = of.positive(&["low_freq_factor"], 1.0)?;
            let high = of.positive(&["high_freq_factor"], 4.0)?;
            if high <= low {
                return Err(format!(
                    "high_freq_factor is {high}, and low_freq_factor {low}"
                ));
            }
            let old = original(None)? as f64;
            let of_one = |w: &f64| {
                let length = TAU / w;
                if length < old / high {
                    *w
                } else if length > old / low {
                    w / factor
                } else {
                    let s = (old / length - low) / (high - low);
                    (1.0 - s) * w / factor + s * w
                }
            };
            Ok(rope(plain.iter().map(of_one).collect(), 1.0))
        }
        "yarn" => yarn(
            of,
            &plain,
            (base, features),
            factor()?,
            original(None)? as f64,
        ),
        "longrope" | "su" => long(config, of, &plain, original(None)?),
        other => Err(format!(
            "the rope_scaling {} is not known; those are: default, linear, dynamic, llama3, yarn, longrope",
            shown(other)
        )),
    }
}

/// YaRN (arXiv 2309.00071): high frequencies as they are, low ones slowed down, those between in part.
fn yarn(
    of: &Settings<'_>,
    plain: &[f64],
    (base, features): (f64, usize),
    factor: f64,
    old: f64,
) -> Result<Rope, Refusal> {
    let turning = features as f64;
    let at = |beta: f64| turning * (old / (TAU * beta)).ln() / (2.0 * base.ln());
    let (mut low, mut high) = (
        at(of.positive(&["beta_fast"], 32.0)?),
        at(of.positive(&["beta_slow"], 1.0)?),
    );
    if of.flag("truncate", true)? {
        (low, high) = (low.floor(), high.ceil());
    }
    (low, high) = (low.max(0.0), high.min(turning - 1.0));
    if low == high {
        high += 0.001;
    }
    let of_one = |(i, w): (usize, &f64)| {
        let slowed = ((i as f64 - low) / (high - low)).clamp(0.0, 1.0);
        w * (1.0 - slowed) + slowed * w / factor
    };
    let growth = |k: f64| match factor > 1.0 {
        true => 0.1 * k * factor.ln() + 1.0,
        false => 1.0,
    };
    let magnitude = match of.number(&["attention_factor"])? {
        Some(magnitude) => magnitude,
        None => match (of.number(&["mscale"])?, of.number(&["mscale_all_dim"])?) {
            (Some(m), Some(all)) if m != 0.0 && all != 0.0 => growth(m) / growth(all),
            _ => growth(1.0),
        },
    };
    Ok(Rope {
        frequencies: plain.iter().enumerate().map(of_one).collect(),
        magnitude,
        longer: None,
    })
}

/// LongRoPE (arXiv 2402.13753): a divisor per pair, one list for short texts and one for long ones.
fn long(
    config: &Settings<'_>,
    of: &Settings<'_>,
    plain: &[f64],
    old: usize,
) -> Result<Rope, Refusal> {
    let list = |name: &str| -> Result<Vec<f64>, Refusal> {
        let list = of.numbers(name)?;
        let list = list.ok_or_else(|| format!("{name} of rope_scaling is missing"))?;
        if list.len() != plain.len() || list.iter().any(|f| *f <= 0.0) {
            return Err(format!(
                "{name} of rope_scaling has {} numbers; {} above 0 expected",
                list.len(),
                plain.len()
            ));
        }
        Ok(plain.iter().zip(list).map(|(w, f)| w / f).collect())
    };
    let magnitude = match of.number(&["attention_factor"])? {
        Some(magnitude) => magnitude,
        None => {
            let factor = match of.number(&["factor"])? {
                Some(factor) => factor,
                None => config.need(&["max_position_embeddings"])? as f64 / old as f64,
            };
            match factor > 1.0 && old > 1 {
                true => (1.0 + factor.ln() / (old as f64).ln()).sqrt(),
                false => 1.0,
            }
        }
    };
    Ok(Rope {
        frequencies: list("short_factor")?,
        magnitude,
        longer: Some(LongerRope {
            until: old,
            scaling: LongerScaling::Frequencies(list("long_factor")?),
        }),
    })
}

/// The slopes of ALiBi (arXiv 2108.12409) for H heads: m = 2^(−8h/n) for the largest power of two n ≤ H, further heads between.
pub(super) fn slopes(heads: usize) -> Vec<f32> {
    let n = match heads {
        0 => return Vec::new(),
        heads => 1_usize << heads.ilog2(),
    };
    let first = (1..=n).map(|h| -8.0 * h as f64 / n as f64);
    let more = (0..heads - n).map(|k| -8.0 * (2 * k + 1) as f64 / (2 * n) as f64);
    first.chain(more).map(|power| power.exp2() as f32).collect()
}
