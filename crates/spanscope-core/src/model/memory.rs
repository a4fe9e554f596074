//! The memory that a network takes.

use super::kernel::Packed;
use super::weights::Network;
use std::collections::HashSet;

impl Network {
    /// Memory that its matrices take, in bytes, shared ones counted once: about as much as in the file, because weights stay in
    /// the form that they have there. 0 where weights are not read.
    pub fn weight_bytes(&self) -> usize {
        let mut seen: HashSet<*const Packed> = HashSet::new();
        let mut sum = 0;
        let mut add = |of: &Packed| {
            if seen.insert(std::ptr::from_ref(of)) {
                sum += of.bytes();
            }
        };
        for layer in &self.layers {
            add(&layer.dense.qkv);
            add(&layer.dense.out);
            let Some(ff) = &layer.dense.ff else {
                continue;
            };
            add(&ff.fc1);
            add(&ff.fc2);
            if let Some(mixture) = &ff.mixture {
                add(&mixture.router);
                for expert in &mixture.experts {
                    add(&expert.fc1);
                    add(&expert.fc2);
                }
            }
        }
        for cluster in self.input.clusters.iter().chain(&self.output.clusters) {
            add(&cluster.table);
            if let Some(proj) = &cluster.proj {
                add(proj);
            }
        }
        if let Some((weight, _)) = &self.output.cluster_proj {
            add(weight);
        }
        sum
    }
}
