//! The experts of a mixture, in the forms in which files hold them.

use super::Loader;
use super::causal::Causal;
use super::rows::FileRows;
use crate::checkpoint::Dtype;
use crate::checkpoint::gguf::{GgmlType, dequantise};
use crate::model::ModelError;
use crate::model::families::sources::{ExpertForm, ExpertSources};
use crate::model::kernel::{Form, Packed, Rows};
use crate::model::parts::PartKind;
use crate::model::weights::{Expert, Mixture};
use std::borrow::Cow;
use std::ops::Range;

const KIND: PartKind = PartKind::FeedForward;

/// The sizes of a mixture.
#[derive(Clone, Copy)]
struct Sizes {
    /// E.
    count: usize,
    /// I.
    inner: usize,
    /// D.
    dim: usize,
}

impl Causal<'_> {
    pub(super) fn mixture(
        &mut self,
        at: &ExpertSources,
        count: usize,
        inner: usize,
        dim: usize,
    ) -> Result<Mixture, ModelError> {
        let router = self.matrix(&[(&at.router, count, KIND)], dim)?;
        let router_bias = self.bias(&at.router, count, KIND)?;
        let sizes = Sizes { count, inner, dim };
        let experts = match at.form {
            ExpertForm::InOut => self.experts_in_turns(at, sizes)?,
            ExpertForm::Apart => self.experts_apart(at, sizes)?,
        };
        Ok(Mixture {
            router,
            router_bias,
            experts,
        })
    }

    /// Experts in two tensors, their gates and ups in turns: in × out, or packed out × in under names of their own.
    fn experts_in_turns(
        &mut self,
        at: &ExpertSources,
        of: Sizes,
    ) -> Result<Vec<Expert>, ModelError> {
        let Sizes { count, inner, dim } = of;
        let up = self.stack(&at.gate_up[0], count, 2 * inner, dim)?;
        let up_bias = self.values(KIND, &at.gate_up[1], &[count, 2 * inner])?;
        let down = self.stack(&at.down[0], count, dim, inner)?;
        let down_bias = self.values(KIND, &at.down[1], &[count, dim])?;
        if !self.base.reads {
            return Ok(Vec::new());
        }
        let one = |e: usize| {
            Ok(Expert {
                fc1: up.expert(&self.base, e, true)?,
                b1: apart(&up_bias[e * 2 * inner..(e + 1) * 2 * inner]),
                fc2: down.expert(&self.base, e, false)?,
                b2: down_bias[e * dim..(e + 1) * dim].to_vec(),
            })
        };
        (0..count).map(one).collect()
    }

    /// The tensors that hold a matrix of every expert: the one of this name, or its blocks and scales.
    fn stack(
        &mut self,
        name: &str,
        count: usize,
        outputs: usize,
        inputs: usize,
    ) -> Result<Stack, ModelError> {
        self.base.parameters.kind = Some(KIND);
        let names = ["_blocks", "_scales"].map(|end| self.find(&format!("{name}{end}")));
        let is_packed = self.base.has(&names[0])?;
        if is_packed {
            let [blocks, scales] = &names;
            let groups = inputs / BLOCK;
            let all = count * outputs * inputs;
            let of_blocks = [count, outputs, groups, BLOCK / 2];
            self.base.expect_part(blocks, &of_blocks, all)?;
            self.base.expect_part(scales, &of_blocks[..3], 0)?;
        } else {
            let name = self.find(name);
            self.base.expect(&name, &[count, inputs, outputs])?;
        }
        Ok(Stack {
            name: self.find(name),
            packed: is_packed.then_some(names),
            outputs,
            inputs,
        })
    }

    /// Experts whose gates, ups and downs are three tensors out × in, with `.weight` and `.bias`.
    fn experts_apart(&mut self, at: &ExpertSources, of: Sizes) -> Result<Vec<Expert>, ModelError> {
        let Sizes { count, inner, dim } = of;
        let mut both = |name: &str, outputs: usize, inputs: usize| -> Result<_, ModelError> {
            self.base.parameters.kind = Some(KIND);
            let weight = self.find(&format!("{name}.weight"));
            self.base.expect(&weight, &[count, outputs, inputs])?;
            let bias = self.values(KIND, &format!("{name}.bias"), &[count, outputs])?;
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
        let one = |e: usize| {
            let mut fc1 = FileRows::new(&self.base, dim);
            fc1.add(&gate, e * inner..(e + 1) * inner)?;
            fc1.add(&up, e * inner..(e + 1) * inner)?;
            let mut fc2 = FileRows::new(&self.base, inner);
            fc2.add(&down, e * dim..(e + 1) * dim)?;
            Ok(Expert {
                fc1: fc1.packed()?,
                b1: [part(&gate_bias, e, inner), part(&up_bias, e, inner)].concat(),
                fc2: fc2.packed()?,
                b2: part(&down_bias, e, dim),
            })
        };
        (0..count).map(one).collect()
    }
}

/// A matrix of every expert, one after the other in one tensor, or in two.
struct Stack {
    name: String,
    /// The names of its blocks and scales, where it is packed.
    packed: Option<[String; 2]>,
    outputs: usize,
    inputs: usize,
}

impl Stack {
    /// The matrix of expert `e`; `in_turns` where its even outputs are gates and its odd ones ups, to be put apart.
    fn expert(&self, base: &Loader<'_>, e: usize, in_turns: bool) -> Result<Packed, ModelError> {
        let (outputs, inputs) = (self.outputs, self.inputs);
        let size = outputs * inputs;
        let order = Order { in_turns, outputs };
        if let Some([blocks, scales]) = &self.packed {
            let (blocks_each, scales_each) = (size / 2, size / BLOCK);
            let rows = PackedRows {
                order,
                inputs,
                blocks: bytes(base, blocks, e * blocks_each, blocks_each)?,
                scales: bytes(base, scales, e * scales_each, scales_each)?,
            };
            return Packed::new(outputs, inputs, &rows);
        }
        let tensor = base.checkpoint.tensor(&self.name)?;
        let mut values = vec![0.0; size];
        if !tensor.read_range_finite(e * size, &mut values) {
            base.note_not_finite(&self.name);
        }
        let rows = Columns {
            order,
            form: match tensor.info().dtype {
                Dtype::F16 => Form::F16,
                Dtype::BF16 => Form::Bf16,
                _ => Form::F32,
            },
            values,
        };
        Packed::new(outputs, inputs, &rows)
    }
}

/// Some bytes of a tensor of bytes.
fn bytes<'a>(
    base: &Loader<'a>,
    name: &str,
    start: usize,
    count: usize,
) -> Result<Cow<'a, [u8]>, ModelError> {
    let checkpoint = base.checkpoint;
    let tensor = checkpoint.tensor(name)?;
    if tensor.info().dtype != Dtype::U8 {
        let found = &tensor.info().shape;
        let expected = format!("bytes, not {}", tensor.info().dtype.name());
        return Err(ModelError::shape(checkpoint, name, found, &expected));
    }
    if let Some(of) = tensor.as_u8().and_then(|of| of.get(start..start + count)) {
        return Ok(Cow::Borrowed(of));
    }
    let mut values = vec![0.0; count];
    tensor.read_range(start, &mut values);
    Ok(values.into_iter().map(|x| x as u8).collect())
}

/// Which output of a stored matrix an output is.
#[derive(Clone, Copy)]
struct Order {
    in_turns: bool,
    outputs: usize,
}

impl Order {
    fn stored(self, output: usize) -> usize {
        let half = self.outputs / 2;
        match self.in_turns {
            true if output < half => 2 * output,
            true => 2 * (output - half) + 1,
            false => output,
        }
    }
}

/// Outputs that are columns: in × out.
struct Columns {
    order: Order,
    form: Form,
    values: Vec<f32>,
}

impl Rows for Columns {
    type Error = ModelError;

    fn form(&self, _: usize) -> Form {
        self.form
    }

    fn read(&self, first: usize, rows: &mut [f32]) -> Result<(), ModelError> {
        let outputs = self.order.outputs;
        let inputs = self.values.len() / outputs.max(1);
        for (i, row) in rows.chunks_exact_mut(inputs.max(1)).enumerate() {
            let column = self.values[self.order.stored(first + i)..].iter();
            let column = column.step_by(outputs);
            row.iter_mut()
                .zip(column)
                .for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }

    fn blocks(&self, _: usize) -> Result<Cow<'_, [u8]>, ModelError> {
        Ok(Cow::Borrowed(&[]))
    }

    fn not_finite(&self, _: Range<usize>) {}
}

/// Values that share a scale.
const BLOCK: usize = 32;

/// Outputs as published: per 32 inputs a scale and 16 bytes, byte b with input 2b in its low half and 2b + 1 in its high half.
struct PackedRows<'a> {
    order: Order,
    inputs: usize,
    blocks: Cow<'a, [u8]>,
    scales: Cow<'a, [u8]>,
}

impl PackedRows<'_> {
    /// The blocks of an output as GGUF has them: the scale, then bytes with input b in the low half and b + 16 in the high half.
    fn row(&self, output: usize) -> Vec<u8> {
        let row = self.order.stored(output);
        let groups = self.inputs / BLOCK;
        let scales = &self.scales[row * groups..(row + 1) * groups];
        let blocks = &self.blocks[row * groups * 16..(row + 1) * groups * 16];
        let mut out = Vec::with_capacity(groups * 17);
        for (scale, block) in scales.iter().zip(blocks.as_chunks::<16>().0) {
            out.push(*scale);
            let value = |i: usize| block[i / 2] >> (4 * (i % 2)) & 15;
            out.extend((0..16).map(|i| value(i) | value(i + 16) << 4));
        }
        out
    }
}

impl Rows for PackedRows<'_> {
    type Error = ModelError;

    fn form(&self, _: usize) -> Form {
        Form::of_blocks(GgmlType::Mxfp4, self.inputs)
    }

    fn read(&self, first: usize, rows: &mut [f32]) -> Result<(), ModelError> {
        for (i, row) in rows.chunks_exact_mut(self.inputs.max(1)).enumerate() {
            dequantise(GgmlType::Mxfp4, &self.row(first + i), row);
        }
        Ok(())
    }

    fn blocks(&self, output: usize) -> Result<Cow<'_, [u8]>, ModelError> {
        Ok(Cow::Owned(self.row(output)))
    }

    fn not_finite(&self, _: Range<usize>) {}
}

/// Numbers whose even and odd ones are apart: the even ones first.
fn apart(values: &[f32]) -> Vec<f32> {
    let of = |start: usize| values.iter().skip(start).step_by(2);
    of(0).chain(of(1)).copied().collect()
}
