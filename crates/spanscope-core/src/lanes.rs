//! Sums in one order whatever the vectors of the machine: [`LANES`] numbers are added side by side, by as many vectors as hold them.

use pulp::Simd;

/// Numbers that are added side by side: those of the widest vector of any instruction set.
pub(crate) const LANES: usize = 16;

/// Calls the function with as many vectors as hold [`LANES`] numbers, as its second generic argument.
macro_rules! by_lanes {
    ($name:ident::<$simd:ident $(, $more:ident)?>($($argument:expr),*)) => {
        match $simd::F32_LANES {
            16 => $name::<$simd, 1 $(, $more)?>($($argument),*),
            8 => $name::<$simd, 2 $(, $more)?>($($argument),*),
            4 => $name::<$simd, 4 $(, $more)?>($($argument),*),
            _ => $name::<$simd, { $crate::lanes::LANES } $(, $more)?>($($argument),*),
        }
    };
}
pub(crate) use by_lanes;

/// `V` vectors as one.
#[inline(always)]
pub(crate) fn fold<S: Simd, const V: usize>(
    mut vectors: [S::f32s; V],
    join: impl Fn(S::f32s, S::f32s) -> S::f32s,
) -> S::f32s {
    let mut half = V / 2;
    while half > 0 {
        for i in 0..half {
            vectors[i] = join(vectors[i], vectors[i + half]);
        }
        half /= 2;
    }
    vectors[0]
}

/// The sum of all lanes of `V` vectors.
#[inline(always)]
pub(crate) fn total<S: Simd, const V: usize>(simd: S, vectors: [S::f32s; V]) -> f32 {
    let all = fold::<S, V>(
        vectors,
        #[inline(always)]
        |a, b| simd.add_f32s(a, b),
    );
    simd.reduce_sum_f32s(all)
}
