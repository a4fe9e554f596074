//! Products against their definition, and of every form against that of its numbers.

use super::*;
use crate::checkpoint::gguf::{GgmlType, dequantise};
use crate::model::kernel::Rows;
use std::borrow::Cow;
use std::convert::Infallible;

fn numbers(n: usize, seed: usize) -> Vec<f32> {
    (0..n)
        .map(|i| ((i * 7919 + seed * 31) % 23) as f32 * 0.125 - 1.25)
        .collect()
}

fn plain(x: &[f32], w: &[f32], rows: usize, inputs: usize, outputs: usize) -> Vec<f32> {
    let mut out = Vec::new();
    for i in 0..rows {
        for j in 0..outputs {
            let dot = (0..inputs).map(|p| f64::from(x[i * inputs + p] * w[j * inputs + p]));
            out.push(dot.sum::<f64>() as f32);
        }
    }
    out
}

#[test]
fn products_of_any_shape_match_the_definition_bit_for_bit_however_they_are_cut() {
    for (rows, inputs, outputs) in [
        (1, 1, 1),
        (1, 5, 37),
        (1, 64, 512),
        (2, 16, 32),
        (3, 12, 65),
        (13, 512, 96),
        (29, 7, 160),
        (200, 9, 33),
    ] {
        let (x, w) = (numbers(rows * inputs, 1), numbers(outputs * inputs, 2));
        let packed = Packed::of_rows(&w, outputs, inputs);
        let (mut out, mut wide) = (vec![9.0; rows * outputs], vec![9.0; rows * outputs]);
        packed.multiply(&x, &mut out);
        packed.multiply_wide(&x, &mut wide);
        let expected = plain(&x, &w, rows, inputs, outputs);
        for (got, expected) in out.iter().zip(&expected) {
            assert!(
                (got - expected).abs() < 1e-3,
                "{rows} {inputs} {outputs}: {got} {expected}"
            );
        }
        assert_eq!(out, wide);
        assert_eq!(packed.to_rows(), w);
        let mut alone = vec![0.0; outputs];
        packed.multiply(&x[(rows - 1) * inputs..], &mut alone);
        assert_eq!(alone, out[(rows - 1) * outputs..]);
        assert!(
            packed
                .row(outputs - 1)
                .eq(w[(outputs - 1) * inputs..].iter().copied())
        );
    }
}

/// Calls `check` with the products as each instruction set that this machine has computes them.
fn on_every_instruction_set(check: impl Fn(&str, &dyn Fn(&Packed, &[f32], &mut [f32]))) {
    fn multiply<S: Simd>(simd: S, packed: &Packed, x: &[f32], out: &mut [f32]) {
        let rows = out.len() / packed.outputs();
        simd.vectorize(Multiply {
            packed,
            x,
            rows,
            panels: 0..packed.panels(),
            out,
        });
    }
    fn one_row<S: Simd>(simd: S, packed: &Packed, x: &[f32], out: &mut [f32]) {
        let mut filled = vec![0.0; packed.panels() * PANEL];
        simd.vectorize(OneRow {
            row: x,
            panels: packed.plain_panels(0, packed.panels()).unwrap(),
            out: &mut filled,
        });
        out.copy_from_slice(&filled[..packed.outputs()]);
    }
    let scalar = pulp::Scalar;
    check("plain", &|p, x, out| multiply(scalar, p, x, out));
    check("plain, one row", &|p, x, out| {
        if x.len() == p.inputs() {
            one_row(scalar, p, x, out);
        } else {
            multiply(scalar, p, x, out);
        }
    });
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = pulp::x86::V3::try_new() {
        check("AVX2", &|p, x, out| multiply(avx2, p, x, out));
        check("AVX2, one row", &|p, x, out| {
            if x.len() == p.inputs() {
                one_row(avx2, p, x, out);
            } else {
                multiply(avx2, p, x, out);
            }
        });
    }
}

#[test]
fn every_instruction_set_gives_the_same_products() {
    on_every_instruction_set(|name, multiply| {
        for (rows, inputs, outputs) in [(1, 300, 96), (1, 5, 37), (3, 12, 65), (29, 270, 160)] {
            let (x, w) = (numbers(rows * inputs, 1), numbers(outputs * inputs, 2));
            let mut out = vec![9.0; rows * outputs];
            multiply(&Packed::of_rows(&w, outputs, inputs), &x, &mut out);
            let expected = plain(&x, &w, rows, inputs, outputs);
            for (got, expected) in out.iter().zip(&expected) {
                assert!(
                    (got - expected).abs() < 1e-3,
                    "{name} {rows} {inputs} {outputs}: {got} {expected}"
                );
            }
        }
    });
}

/// Rows of blocks of one format or several, row by row.
struct OfBlocks {
    kinds: Vec<GgmlType>,
    inputs: usize,
    rows: Vec<Vec<u8>>,
}

impl OfBlocks {
    /// Random blocks, their scales among the usual.
    fn random(kinds: &[GgmlType], outputs: usize, inputs: usize) -> Self {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut byte = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        };
        let kinds: Vec<GgmlType> = (0..outputs)
            .map(|i| kinds[i * kinds.len() / outputs])
            .collect();
        let row = |kind: &GgmlType| {
            let mut bytes: Vec<u8> = (0..kind.bytes(inputs).unwrap()).map(|_| byte()).collect();
            let (_, size) = kind.block().unwrap();
            for block in bytes.chunks_exact_mut(size) {
                // The upper bytes of halves: what remains is finite and neither large nor small.
                for at in scales(*kind) {
                    block[*at] = block[*at] & 0x83 | 0x20;
                }
                if *kind == GgmlType::Mxfp4 {
                    block[0] = 120 + block[0] % 8;
                }
            }
            bytes
        };
        Self {
            rows: kinds.iter().map(row).collect(),
            kinds,
            inputs,
        }
    }

    /// The numbers that the blocks stand for, row by row.
    fn numbers(&self) -> Vec<f32> {
        let rows = self.kinds.iter().zip(&self.rows).flat_map(|(kind, row)| {
            let mut out = vec![0.0; self.inputs];
            dequantise(*kind, row, &mut out);
            out
        });
        rows.collect()
    }
}

/// The places of the upper bytes of a block's halves.
fn scales(kind: GgmlType) -> &'static [usize] {
    match kind {
        GgmlType::Q4_1 | GgmlType::Q5_1 | GgmlType::Q4K | GgmlType::Q5K => &[1, 3],
        GgmlType::Q2K => &[81, 83],
        GgmlType::Q3K => &[109],
        GgmlType::Q6K => &[209],
        GgmlType::Mxfp4 => &[],
        _ => &[1],
    }
}

impl Rows for OfBlocks {
    type Error = Infallible;

    fn form(&self, output: usize) -> Form {
        Form::of_blocks(self.kinds[output], self.inputs)
    }

    fn read(&self, first: usize, rows: &mut [f32]) -> Result<(), Infallible> {
        rows.copy_from_slice(&self.numbers()[first * self.inputs..][..rows.len()]);
        Ok(())
    }

    fn blocks(&self, output: usize) -> Result<Cow<'_, [u8]>, Infallible> {
        Ok(Cow::Borrowed(&self.rows[output]))
    }

    fn not_finite(&self, outputs: Range<usize>) {
        panic!("{outputs:?} are finite");
    }
}

/// Numbers that 16 bits hold.
struct OfHalves(Form, Vec<f32>, usize);

impl Rows for OfHalves {
    type Error = Infallible;

    fn form(&self, _: usize) -> Form {
        self.0
    }

    fn read(&self, first: usize, rows: &mut [f32]) -> Result<(), Infallible> {
        rows.copy_from_slice(&self.1[first * self.2..][..rows.len()]);
        Ok(())
    }

    fn blocks(&self, _: usize) -> Result<Cow<'_, [u8]>, Infallible> {
        Ok(Cow::Borrowed(&[]))
    }

    fn not_finite(&self, _: Range<usize>) {}
}

const KINDS: [GgmlType; 12] = [
    GgmlType::Q4_0,
    GgmlType::Q4_1,
    GgmlType::Q5_0,
    GgmlType::Q5_1,
    GgmlType::Q8_0,
    GgmlType::Q2K,
    GgmlType::Q3K,
    GgmlType::Q4K,
    GgmlType::Q5K,
    GgmlType::Q6K,
    GgmlType::Iq4Nl,
    GgmlType::Mxfp4,
];

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// That a matrix gives what that of its numbers gives, bit for bit, with any number of rows.
fn same(kept: &Packed, w: &[f32], what: &str) {
    let (outputs, inputs) = (kept.outputs(), kept.inputs());
    let plain = Packed::of_rows(w, outputs, inputs);
    assert_eq!(bits(&kept.to_rows()), bits(w), "{what}: numbers");
    let row: Vec<f32> = kept.row(outputs - 1).collect();
    assert_eq!(
        bits(&row),
        bits(&w[(outputs - 1) * inputs..]),
        "{what}: a row"
    );
    for rows in [1, 2, 7, 300] {
        let x = numbers(rows * inputs, 3);
        let mut out = [vec![9.0; rows * outputs], vec![9.0; rows * outputs]];
        for wide in [false, true] {
            for (packed, out) in [kept, &plain].into_iter().zip(&mut out) {
                match wide {
                    true => packed.multiply_wide(&x, out),
                    false => packed.multiply(&x, out),
                }
            }
            assert_eq!(
                bits(&out[0]),
                bits(&out[1]),
                "{what}: {rows} rows, wide: {wide}"
            );
        }
    }
}

#[test]
fn blocks_give_what_their_numbers_give_bit_for_bit() {
    for kind in KINDS {
        for (outputs, inputs) in [(32, 256), (160, 512), (37, 768)] {
            let rows = OfBlocks::random(&[kind], outputs, inputs);
            let kept = Packed::new(outputs, inputs, &rows).unwrap();
            same(
                &kept,
                &rows.numbers(),
                &format!("{kind:?} {outputs} × {inputs}"),
            );
            if outputs.is_multiple_of(PANEL) {
                let file = kind.bytes(outputs * inputs).unwrap();
                assert!(
                    kept.bytes() <= file + file / 5,
                    "{kind:?}: {} of {file}",
                    kept.bytes()
                );
            }
        }
    }
    // Blocks of 32 whose inputs are no multiple of 256.
    let rows = OfBlocks::random(&[GgmlType::Q8_0], 64, 288);
    same(
        &Packed::new(64, 288, &rows).unwrap(),
        &rows.numbers(),
        "Q8_0, 288 inputs",
    );
}

#[test]
fn halves_give_what_their_numbers_give_bit_for_bit() {
    let half = |x: &f32| half::f16::from_f32(*x * 1e-3).to_f32();
    let brain = |x: &f32| half::bf16::from_f32(*x).to_f32();
    for (outputs, inputs) in [(32, 256), (160, 300), (37, 5)] {
        let of = numbers(outputs * inputs, 4);
        let halves: Vec<f32> = of.iter().map(half).collect();
        let brains: Vec<f32> = of.iter().map(brain).collect();
        for (form, w) in [(Form::F16, halves), (Form::Bf16, brains)] {
            let kept = Packed::new(outputs, inputs, &OfHalves(form, w.clone(), inputs)).unwrap();
            let words = kept.panels() * PANEL * inputs.div_ceil(2);
            assert_eq!(kept.bytes(), 4 * words);
            same(&kept, &w, &format!("{form:?}"));
        }
    }
}

#[test]
fn a_matrix_of_several_formats_keeps_each_panel_in_its_own() {
    let kinds = [GgmlType::Q4K, GgmlType::Q6K, GgmlType::Q8_0];
    for outputs in [96, 192, 100] {
        let rows = OfBlocks::random(&kinds, outputs, 256);
        let kept = Packed::new(outputs, 256, &rows).unwrap();
        same(
            &kept,
            &rows.numbers(),
            &format!("{outputs} rows of three formats"),
        );
    }
}
