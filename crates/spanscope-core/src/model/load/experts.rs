//! The experts of a mixture, in the forms in which files hold them.

use super::causal::Causal;
use crate::model::ModelError;
use crate::model::families::sources::{ExpertForm, ExpertSources};
use crate::model::kernel::Packed;
use crate::model::parts::PartKind;
use crate::model::weights::{Expert, Mixture};

impl Causal<'_> {
    pub(super) fn mixture(
        &mut self,
        at: &ExpertSources,
        count: usize,
        inner: usize,
        dim: usize,
    ) -> Result<Mixture, ModelError> {
        let kind = PartKind::FeedForward;
        let router = self.matrix(&[(&at.router, count, kind)], dim)?;
        let router_bias = self.bias(&at.router, count, kind)?;
        let reads = self.base.reads;
        let experts = match at.form {
            ExpertForm::InOut => {
                let up = self.values(kind, &at.gate_up[0], &[count, dim, 2 * inner])?;
                let up_bias = self.values(kind, &at.gate_up[1], &[count, 2 * inner])?;
                let down = self.values(kind, &at.down[0], &[count, inner, dim])?;
                let down_bias = self.values(kind, &at.down[1], &[count, dim])?;
                let of = |e: usize| {
                    let bias = &up_bias[e * 2 * inner..(e + 1) * 2 * inner];
                    let columns = &up[e * dim * 2 * inner..(e + 1) * dim * 2 * inner];
                    Expert {
                        // Gates are the even outputs, ups the odd ones.
                        fc1: Packed::from_columns(&apart(columns, 2 * inner), 2 * inner, dim, 1.0),
                        b1: apart(bias, 2 * inner),
                        fc2: Packed::from_columns(
                            &down[e * inner * dim..(e + 1) * inner * dim],
                            dim,
                            inner,
                            1.0,
                        ),
                        b2: down_bias[e * dim..(e + 1) * dim].to_vec(),
                    }
                };
                if reads {
                    (0..count).map(of).collect()
                } else {
                    Vec::new()
                }
            }
            ExpertForm::Apart => self.experts_apart(at, count, inner, dim)?,
        };
        Ok(Mixture {
            router,
            router_bias,
            experts,
        })
    }

    /// Experts whose gates, ups and downs are three tensors out × in, with `.weight` and `.bias`.
    fn experts_apart(
        &mut self,
        at: &ExpertSources,
        count: usize,
        inner: usize,
        dim: usize,
    ) -> Result<Vec<Expert>, ModelError> {
        let kind = PartKind::FeedForward;
        let mut both = |name: &str, outputs: usize, inputs: usize| -> Result<_, ModelError> {
            let weight = self.values(kind, &format!("{name}.weight"), &[count, outputs, inputs])?;
            let bias = self.values(kind, &format!("{name}.bias"), &[count, outputs])?;
            Ok((weight, bias))
        };
        let (gate, gate_bias) = both(&at.gate_up[0], inner, dim)?;
        let (up, up_bias) = both(&at.gate_up[1], inner, dim)?;
        let (down, down_bias) = both(&at.down[0], dim, inner)?;
        if !self.base.reads {
            return Ok(Vec::new());
        }
        let part =
            |values: &[f32], e: usize, size: usize| values[e * size..(e + 1) * size].to_vec();
        let of = |e: usize| {
            let rows = [part(&gate, e, inner * dim), part(&up, e, inner * dim)].concat();
            Expert {
                fc1: Packed::of_rows(&rows, 2 * inner, dim),
                b1: [part(&gate_bias, e, inner), part(&up_bias, e, inner)].concat(),
                fc2: Packed::of_rows(&part(&down, e, dim * inner), dim, inner),
                b2: part(&down_bias, e, dim),
            }
        };
        Ok((0..count).map(of).collect())
    }
}

/// Rows whose even and odd columns are apart: the even ones first.
fn apart(rows: &[f32], width: usize) -> Vec<f32> {
    let rows = rows.chunks_exact(width.max(1));
    rows.flat_map(|row| {
        let of = |start: usize| row.iter().skip(start).step_by(2);
        of(0).chain(of(1)).copied()
    })
    .collect()
}
