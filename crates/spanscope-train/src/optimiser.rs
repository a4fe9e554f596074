//! The optimisers: the rules by which parameters follow their gradients.

use super::options::{Optim, Options};
use candle_core::{Result, Tensor, Var};
use std::collections::BTreeMap;

/// The term that keeps a division from failing.
const TINY: f64 = 1e-10;
/// Adam's decay rates, and its ε.
const BETAS: (f64, f64) = (0.9, 0.999);
const ADAM_EPSILON: f64 = 1e-8;

/// An optimiser, with what it remembers of every parameter.
#[derive(Debug)]
pub(super) struct Optimiser {
    optim: Optim,
    momentum: f64,
    grad_clip: f64,
    /// Per parameter: Adagrad the sum of squares; Adam the mean and the mean square; SGD the velocity.
    pub state: BTreeMap<String, Vec<Tensor>>,
}

impl Optimiser {
    pub fn new(options: &Options) -> Self {
        Self {
            optim: options.optim,
            momentum: options.momentum,
            grad_clip: options.grad_clip,
            state: BTreeMap::new(),
        }
    }

    /// The number of tensors remembered of every parameter.
    pub fn remembered(&self) -> usize {
        match self.optim {
            Optim::Sgd if self.momentum == 0.0 => 0,
            Optim::Sgd | Optim::Adagrad => 1,
            Optim::Adam => 2,
        }
    }

    /// Moves parameters by their gradients; `step` counts from 1. Returns the first of them whose gradient is not finite:
    /// nothing is moved then.
    ///
    /// Gradients are limited as the published code limits them. Adagrad moves each parameter whose gradient's norm is above
    /// `grad_clip` by so much less, and remembers the gradient as it was; with the other methods all gradients are scaled
    /// down together when the norm of them all is above it.
    ///
    /// # Errors
    /// When the device fails.
    pub fn update<'a>(
        &mut self,
        gradients: &[(&'a str, &Var, Tensor)],
        lr: f64,
        step: u64,
    ) -> Result<Option<&'a str>> {
        let mut norms = Vec::with_capacity(gradients.len());
        for (name, _, gradient) in gradients {
            let norm = f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?.sqrt());
            if !norm.is_finite() {
                return Ok(Some(name));
            }
            norms.push(norm);
        }
        let clip = |norm: f64, beside: f64| match self.grad_clip {
            clip if clip > 0.0 && norm > clip => clip / (norm + beside),
            _ => 1.0,
        };
        let of_all = clip(
            norms.iter().map(|norm| norm * norm).sum::<f64>().sqrt(),
            1e-6,
        );
        let remembered = self.remembered();
        for ((name, var, gradient), norm) in gradients.iter().zip(norms) {
            let own = clip(norm, TINY);
            if !self.state.contains_key(*name) {
                let zeros = var.as_tensor().zeros_like()?;
                self.state
                    .insert((*name).to_owned(), vec![zeros; remembered]);
            }
            let Some(state) = self.state.get_mut(*name) else {
                continue;
            };
            let gradient = match self.optim {
                Optim::Adagrad => gradient.clone(),
                _ if of_all < 1.0 => (gradient * of_all)?,
                _ => gradient.clone(),
            };
            let change = match (self.optim, state.as_mut_slice()) {
                (Optim::Adagrad, [squares]) => {
                    *squares = (&*squares + gradient.sqr()?)?;
                    ((gradient / (squares.sqrt()? + TINY)?)? * own)?
                }
                (Optim::Adam, [mean, squares]) => {
                    let (a, b) = BETAS;
                    *mean = ((&*mean * a)? + (&gradient * (1.0 - a))?)?;
                    *squares = ((&*squares * b)? + (gradient.sqr()? * (1.0 - b))?)?;
                    let step = i32::try_from(step).unwrap_or(i32::MAX);
                    let root = (&*squares * (1.0 / (1.0 - b.powi(step))))?.sqrt()?;
                    ((&*mean * (1.0 / (1.0 - a.powi(step))))? / (root + ADAM_EPSILON)?)?
                }
                (Optim::Sgd, [velocity]) => {
                    *velocity = ((&*velocity * self.momentum)? + gradient)?;
                    velocity.clone()
                }
                _ => gradient,
            };
            var.set(&(var.as_tensor() - (change * lr)?)?)?;
        }
        Ok(None)
    }
}

/// The learning rate at `step`, which counts from 1: rising from 0 over the warm-up, then level.
pub(super) fn learning_rate(options: &Options, step: u64) -> f64 {
    match options.lr_warmup {
        0 => options.lr,
        warmup => options.lr * (step as f64 / warmup as f64).min(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    /// The parameter that was (1, −2), after two steps with the gradients (3, 4) and (0.3, 0.4).
    fn after_two_steps(change: impl Fn(&mut Options)) -> Vec<f32> {
        let mut options = Options {
            momentum: 0.0,
            ..Options::default()
        };
        change(&mut options);
        let var = Var::new(&[1.0_f32, -2.0], &Device::Cpu).unwrap();
        let mut optimiser = Optimiser::new(&options);
        for (step, gradient) in [(1, [3.0_f32, 4.0]), (2, [0.3, 0.4])] {
            let gradient = Tensor::new(&gradient, &Device::Cpu).unwrap();
            let gradients = [("p", &var, gradient)];
            assert_eq!(optimiser.update(&gradients, 0.1, step).unwrap(), None);
        }
        var.as_tensor().to_vec1().unwrap()
    }

    fn assert_close(found: &[f32], expected: [f64; 2]) {
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (f64::from(*found) - expected).abs() < 1e-5,
                "{found} {expected}"
            );
        }
    }

    #[test]
    fn steps_are_those_of_the_definitions() {
        assert_close(
            &after_two_steps(|o| o.optim = Optim::Sgd),
            [1.0 - 0.33, -2.0 - 0.44],
        );
        let momentum = after_two_steps(|o| {
            o.optim = Optim::Sgd;
            o.momentum = 0.9;
        });
        assert_close(
            &momentum,
            [
                1.0 - 0.3 - 0.1 * (2.7 + 0.3),
                -2.0 - 0.4 - 0.1 * (3.6 + 0.4),
            ],
        );
        let second = |g: f64, all: f64| 0.1 * g / all.sqrt();
        assert_close(
            &after_two_steps(|o| o.optim = Optim::Adagrad),
            [
                1.0 - 0.1 - second(0.3, 9.09),
                -2.0 - 0.1 - second(0.4, 16.16),
            ],
        );
        let adam = |g1: f64, g2: f64| {
            let mean = (0.9 * 0.1 * g1 + 0.1 * g2) / (1.0 - 0.81);
            let square = (0.999 * 0.001 * g1 * g1 + 0.001 * g2 * g2) / (1.0 - 0.998_001);
            0.1 + 0.1 * mean / square.sqrt()
        };
        assert_close(
            &after_two_steps(|o| o.optim = Optim::Adam),
            [1.0 - adam(3.0, 0.3), -2.0 - adam(4.0, 0.4)],
        );
        let clipped = |optim| {
            after_two_steps(|o| {
                o.optim = optim;
                o.grad_clip = 1.0;
            })
        };
        assert_close(
            &clipped(Optim::Sgd),
            [1.0 - 0.06 - 0.03, -2.0 - 0.08 - 0.04],
        );
        // The first gradient has norm 5, so its step is a fifth; the sum of squares is that of all of it.
        assert_close(
            &clipped(Optim::Adagrad),
            [
                1.0 - 0.02 - second(0.3, 9.09),
                -2.0 - 0.02 - second(0.4, 16.16),
            ],
        );
    }

    #[test]
    fn gradients_are_limited_together_where_the_published_code_does_so() {
        let options = Options {
            momentum: 0.0,
            grad_clip: 1.0,
            ..Options::default()
        };
        let vars = [3.0_f32, 4.0].map(|_| Var::new(&[0.0_f32], &Device::Cpu).unwrap());
        let gradient = |g: f32| Tensor::new(&[g], &Device::Cpu).unwrap();
        let gradients = [
            ("a", &vars[0], gradient(3.0)),
            ("b", &vars[1], gradient(4.0)),
        ];
        Optimiser::new(&options).update(&gradients, 1.0, 1).unwrap();
        let moved = |i: usize| vars[i].as_tensor().to_vec1::<f32>().unwrap()[0];
        assert!((moved(0) + 0.6).abs() < 1e-5 && (moved(1) + 0.8).abs() < 1e-5);
        let broken = [
            ("a", &vars[0], gradient(1.0)),
            ("b", &vars[1], gradient(f32::NAN)),
        ];
        let found = Optimiser::new(&options).update(&broken, 1.0, 1).unwrap();
        assert_eq!(found, Some("b"));
        assert!((moved(0) + 0.6).abs() < 1e-5, "nothing is moved");
    }

    #[test]
    fn the_learning_rate_rises_and_stays() {
        let options = Options {
            lr: 0.5,
            lr_warmup: 10,
            ..Options::default()
        };
        let at = |step| learning_rate(&options, step);
        assert_eq!([at(1), at(5), at(10), at(99)], [0.05, 0.25, 0.5, 0.5]);
        assert_eq!(
            learning_rate(
                &Options {
                    lr_warmup: 0,
                    ..options
                },
                1
            ),
            0.5
        );
    }
}
