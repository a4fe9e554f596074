//! The values of neurons, as key–value memories: columns of the down projection, their norms, and what they promote.

use super::Network;
use super::kernel::Packed;
use crate::neuron_id::NeuronId;

impl Network {
    /// The down projections of a layer: one, or one per expert; none where there is no feed-forward sublayer.
    fn down_projections(&self, layer: usize) -> Vec<&Packed> {
        let of_layer = self.layers.get(layer);
        let Some(ff) = of_layer.and_then(|layer| layer.dense.ff.as_ref()) else {
            return Vec::new();
        };
        match &ff.mixture {
            Some(mixture) => mixture.experts.iter().map(|of| &of.fc2).collect(),
            None => vec![&ff.fc2],
        }
    }

    /// The value of a neuron: the direction that it adds to the residual stream per unit of its activation, before a norm that
    /// follows the sublayer. D numbers; `None` where there is no such neuron, or the weights were not read.
    pub fn neuron_value(&self, id: NeuronId) -> Option<Vec<f32>> {
        let spec = self.architecture.feed_forward_of(id.layer)?;
        spec.place(id)?;
        let down = self.down_projections(id.layer);
        let down = down.get(id.expert.unwrap_or(0))?;
        let mut one = vec![0.0; down.inputs()];
        *one.get_mut(id.neuron)? = 1.0;
        let mut value = vec![0.0; down.outputs()];
        down.multiply_wide(&one, &mut value);
        Some(value)
    }

    /// The norms of the values of a layer's neurons, those of all experts one after the other; nothing where it has none, or the
    /// weights were not read.
    pub fn value_norms(&self, layer: usize) -> &[f32] {
        let Some(of_layer) = self.layers.get(layer) else {
            return &[];
        };
        of_layer.dense.value_norms.get_or_init(|| {
            let squares = self.down_projections(layer).into_iter();
            let squares = squares.flat_map(Packed::column_squares);
            squares.map(|square| square.sqrt() as f32).collect()
        })
    }

    /// By how much the value of each of a layer's neurons changes what `along` (D numbers) reads, per unit of activation: the
    /// products of both. In the order of [`Network::value_norms`].
    pub fn values_along(&self, layer: usize, along: &[f64]) -> Vec<f32> {
        let down = self.down_projections(layer).into_iter();
        let down = down.filter(|down| down.outputs() == along.len());
        let products = down.flat_map(|down| down.combine(along));
        products.map(|product| product as f32).collect()
    }

    /// The direction whose product with any other is the change of token `id` in [`Network::unembed`], less the mean over the
    /// vocabulary: D numbers. `None` where there is no such token, or the weights were not read.
    pub fn promotion(&self, id: u32) -> Option<Vec<f64>> {
        let own = self.unscaled_direction(id)?;
        let mean = self.output.mean.get_or_init(|| self.mean_direction());
        let less = own.row.iter().zip(mean).map(|(x, mean)| x - mean);
        Some(less.collect())
    }
}
