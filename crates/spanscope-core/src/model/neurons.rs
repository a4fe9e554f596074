//! Neurons of feed-forward sublayers on the way through a network: told of, and ablated.

/// What a layer's neurons are for some consecutive tokens: what multiplies the columns of the down projection, which are their
/// values.
///
/// A plain neuron is act(w·x + b), a gated one act(g·x) · (u·x). Of a mixture of experts there are those of the experts that each
/// token uses, in the order in which it chose them; what they write counts by the router's weight of their expert.
#[derive(Debug, Clone, PartialEq)]
pub struct NeuronRows {
    /// I: neurons of the sublayer, or of one expert.
    pub width: usize,
    /// k: experts of a token; 1 where there is no router.
    pub used: usize,
    /// n × k × I.
    pub activations: Vec<f32>,
    /// n × k: the number and the weight of each expert; nothing where there is no router.
    pub chosen: Vec<(u32, f32)>,
}

impl NeuronRows {
    /// n: how many tokens they are of.
    pub fn tokens(&self) -> usize {
        self.activations.len() / (self.width * self.used).max(1)
    }
}

/// Sets neurons to nothing, by their places among all of the layer: in rows of `width` from the place `first` on.
pub(super) fn ablate(ablated: &[usize], first: usize, width: usize, rows: &mut [f32]) {
    let from = ablated.partition_point(|place| *place < first);
    let to = ablated.partition_point(|place| *place < first + width);
    let within = &ablated[from..to];
    if within.is_empty() {
        return;
    }
    for row in rows.chunks_exact_mut(width.max(1)) {
        for place in within {
            row[place - first] = 0.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neurons_are_ablated_by_their_place() {
        let mut rows = [1.0; 6];
        ablate(&[1, 3, 5, 6, 9], 3, 3, &mut rows);
        assert_eq!(rows, [0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
        ablate(&[0, 1, 2], 3, 3, &mut rows);
        assert_eq!(rows, [0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    }
}
