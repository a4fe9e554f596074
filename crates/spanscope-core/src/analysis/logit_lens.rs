//! The tokens that a persistent vector, or a neuron, promotes: its value, read through the output embedding.
//!
//! A head that gives a persistent vector the weight a adds a · √N · val to what it reads, and the attention's output
//! projection takes that to the residual stream. Here this direction goes straight to the output embedding, as the "logit
//! lens" does with hidden states. That is an approximation: the norm that follows the attention (it divides by what else
//! stands in the stream), all later layers and all later norms are left out. The nearer a layer is to the output, the more
//! it says; of a low layer it shows no more than a tendency. A neuron that is active by c adds c · v, its column of the down
//! projection, and is read alike.

use crate::model::Network;

/// The tokens that a direction raises and lowers most.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Promoted {
    /// Tokens whose logit rises, by falling change: the logit's less the mean over the vocabulary, per unit of weight.
    pub up: Vec<(u32, f32)>,
    /// Tokens whose logit falls, the most lowered first.
    pub down: Vec<(u32, f32)>,
}

/// The tokens that the value of persistent vector `n` of a head promotes: at most `k` raised and `k` lowered. Clusters
/// of an adaptive output are compared as [`Network::unembed`] says.
///
/// `None` where there is no such vector, or the network was opened without its weights.
pub fn promoted(
    network: &Network,
    layer: usize,
    head: usize,
    n: usize,
    k: usize,
) -> Option<Promoted> {
    let write = network.persistent_write(layer, head, n)?;
    Some(promoted_along(network, &write, k))
}

/// The tokens that a direction of the residual stream promotes, such as the value of a neuron: as [`promoted`].
pub fn promoted_along(network: &Network, direction: &[f32], k: usize) -> Promoted {
    let mut changes = network.unembed(direction);
    centre(&mut changes);
    extremes(&changes, k)
}

/// Subtracts the mean over the vocabulary, which a softmax does not see. What is not a number does not count.
fn centre(changes: &mut [f32]) {
    let finite = changes.iter().filter(|x| x.is_finite());
    let (count, sum) = finite.fold((0_usize, 0.0), |(n, sum), x| (n + 1, sum + f64::from(*x)));
    let mean = sum / count.max(1) as f64;
    for change in changes {
        *change = (f64::from(*change) - mean) as f32;
    }
}

/// The largest and the smallest, equal ones by rising id.
fn extremes(changes: &[f32], k: usize) -> Promoted {
    let of = |keep: fn(f32) -> bool, order: fn(f32, f32) -> std::cmp::Ordering| {
        let ids = (0_u32..).zip(changes).map(|(id, change)| (id, *change));
        let kept = ids.filter(|(_, change)| change.is_finite() && keep(*change));
        super::first_by(kept.collect(), k, |a, b| {
            order(a.1, b.1).then(a.0.cmp(&b.0))
        })
    };
    Promoted {
        up: of(|x| x > 0.0, |a, b| b.total_cmp(&a)),
        down: of(|x| x < 0.0, |a, b| a.total_cmp(&b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::model::Architecture;
    use std::path::Path;

    /// A checkpoint's tensors as they are, and plain sums over them.
    struct Plain(Checkpoint);

    impl Plain {
        fn open(name: &str) -> Self {
            let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(name);
            Self(Checkpoint::open(&path).unwrap())
        }

        fn read(&self, name: &str) -> Vec<f64> {
            let values = self.0.read(name).unwrap();
            values.into_iter().map(f64::from).collect()
        }

        /// Rows of a matrix in row-major order times `x`.
        fn times(rows: &[f64], x: &[f64]) -> Vec<f64> {
            let dot = |row: &[f64]| row.iter().zip(x).map(|(a, b)| a * b).sum();
            rows.chunks_exact(x.len()).map(dot).collect()
        }

        /// √N · W_out[:, head] · val.
        fn write(
            &self,
            architecture: &Architecture,
            layer: usize,
            head: usize,
            n: usize,
        ) -> Vec<f64> {
            let (d, vectors) = (architecture.head_dim(), architecture.persistent());
            let name = format!("layers.{layer}.attn");
            let vals = self.read(&format!("{name}.attn.persistent_memory.val"));
            let val = &vals[(head * vectors + n) * d..][..d];
            let out = self.read(&format!("{name}.proj_out.weight"));
            let part = |row: &[f64]| -> f64 {
                let columns = &row[head * d..(head + 1) * d];
                columns.iter().zip(val).map(|(w, v)| w * v).sum()
            };
            let rows = out.chunks_exact(architecture.width);
            rows.map(|row| (vectors as f64).sqrt() * part(row))
                .collect()
        }

        fn unembed(&self, architecture: &Architecture, direction: &[f64]) -> Vec<f64> {
            let Some(io) = &architecture.clusters() else {
                return Self::times(&self.read("out_emb.weight"), direction);
            };
            // D × width, so the projection from D is its transpose.
            let projected = |c: usize| -> Vec<f64> {
                let name = format!("out_emb.out_projs.{c}");
                if self.0.info(&name).is_none() {
                    return direction.to_vec();
                }
                let proj = self.read(&name);
                let width = proj.len() / architecture.width;
                let mut sums = vec![0.0; width];
                for (row, x) in proj.chunks_exact(width).zip(direction) {
                    sums.iter_mut().zip(row).for_each(|(s, w)| *s += w * x);
                }
                sums
            };
            let table = |c: usize| self.read(&format!("out_emb.out_layers.{c}.weight"));
            let first = projected(0);
            let mut all = Self::times(&table(0), &first);
            let clusters = Self::times(&self.read("out_emb.cluster_proj.weight"), &first);
            for c in 1..io.cutoffs.len() {
                let tail = Self::times(&table(c), &projected(c));
                let mean = tail.iter().sum::<f64>() / tail.len() as f64;
                let own = clusters[clusters.len() - c];
                all.extend(tail.iter().map(|x| own + x - mean));
            }
            all
        }
    }

    fn near(found: &[f32], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        let largest = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        assert!(largest > 1e-3, "nothing to compare");
        for (a, b) in found.iter().zip(expected) {
            assert!((f64::from(*a) - b).abs() < 1e-5 * largest, "{a} {b}");
        }
    }

    #[test]
    fn values_promote_what_their_tensors_say() {
        for name in [
            "tests/data/tiny_all_attention.pt",
            "tests/data/tiny_all_attention_fixed.pt",
            "tests/data/tiny_adaptive_io_tied_pers.pt",
            "sample_models/wikitext_all_attention.safetensors",
        ] {
            let plain = Plain::open(name);
            let network = Network::load(&plain.0, None).unwrap();
            let architecture = network.architecture();
            let last = (architecture.nb_layers() - 1, architecture.nb_heads() - 1);
            for (layer, head, n) in [(0, 1, 0), (last.0, last.1, architecture.persistent() - 1)] {
                let expected = plain.write(architecture, layer, head, n);
                near(
                    &network.persistent_write(layer, head, n).unwrap(),
                    &expected,
                );
                let mut expected = plain.unembed(architecture, &expected);
                near(
                    &network.unembed(&network.persistent_write(layer, head, n).unwrap()),
                    &expected,
                );
                let mean = expected.iter().sum::<f64>() / expected.len() as f64;
                expected.iter_mut().for_each(|x| *x -= mean);
                let promoted = promoted(&network, layer, head, n, 5).unwrap();
                let mut falling = expected.clone();
                falling.sort_by(|a, b| b.total_cmp(a));
                let (low, high) = (falling[falling.len() - 1], falling[0]);
                assert_eq!((promoted.up.len(), promoted.down.len()), (5, 5), "{name}");
                for (i, (id, change)) in promoted.up.iter().enumerate() {
                    assert!((f64::from(*change) - falling[i]).abs() < 1e-5 * (high - low));
                    assert!((expected[*id as usize] - falling[i]).abs() < 1e-5 * (high - low));
                }
                for (i, (id, change)) in promoted.down.iter().enumerate() {
                    let smallest = falling[falling.len() - 1 - i];
                    assert!((f64::from(*change) - smallest).abs() < 1e-5 * (high - low));
                    assert!((expected[*id as usize] - smallest).abs() < 1e-5 * (high - low));
                }
            }
            assert_eq!(promoted(&network, 0, 0, architecture.persistent(), 5), None);
            assert_eq!(promoted(&network, architecture.nb_layers(), 0, 0, 5), None);
            assert_eq!(promoted(&network, 0, architecture.nb_heads(), 0, 5), None);
        }
    }

    #[test]
    fn every_cluster_of_an_untied_adaptive_output_has_its_place() {
        let plain = Plain::open("tests/data/tiny_adaptive_io.pt");
        let network = Network::load(&plain.0, None).unwrap();
        let direction: Vec<f32> = (0..network.architecture().width)
            .map(|i| ((i * 37 % 11) as f32 - 5.0) / 4.0)
            .collect();
        let wide: Vec<f64> = direction.iter().copied().map(f64::from).collect();
        near(
            &network.unembed(&direction),
            &plain.unembed(network.architecture(), &wide),
        );
        assert!(network.unembed(&direction[1..]).is_empty());
        // There are no persistent vectors here, and no weights in an outline.
        assert_eq!(network.persistent_write(0, 0, 0), None);
        let outline = Network::outline(&plain.0, None).unwrap();
        assert!(outline.unembed(&direction).is_empty());
    }

    #[test]
    fn only_what_rises_is_up_and_what_is_no_number_is_neither() {
        let mut changes = [3.0, f32::NAN, 1.0, 2.0, 2.0];
        centre(&mut changes);
        let promoted = extremes(&changes, 9);
        assert_eq!(promoted.up, [(0, 1.0)]);
        assert_eq!(promoted.down, [(2, -1.0)]);
        assert_eq!(extremes(&[4.0, 7.0, 4.0], 1).up, [(1, 7.0)]);
        assert!(extremes(&[4.0], 0).up.is_empty());
    }
}
