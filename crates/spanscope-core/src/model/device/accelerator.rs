//! A network's layers as tensors on a device, and a block of tokens through them.

use super::Device;
use super::attention::Heads;
use super::window::Windows;
use crate::model::cache::HeadCache;
use crate::model::forward::keep;
use crate::model::kernel::Packed;
use crate::model::observer::Observer;
use crate::model::on_device::OnDevice;
use crate::model::weights::{self, Network};
use crate::model::{Cancel, ModelError, output};
use candle_core::{Result, Tensor};
use std::sync::Arc;

/// Most numbers in a tensor of scores on a card: 64 MiB. Some ten of them are there at a time.
const SCORES: usize = 1 << 24;

/// The same on the CPU: what stays in its caches.
const SCORES_CPU: usize = 1 << 16;

/// ε of the norms.
const EPSILON: f64 = 1e-5;

/// A network's layers on a device.
#[derive(Debug)]
pub(super) struct Accelerator {
    device: candle_core::Device,
    layers: Vec<Layer>,
    /// p by falling distance down to 1, a row each; filled up in front.
    positions: Tensor,
}

#[derive(Debug)]
struct Layer {
    dense: Dense,
    heads: Heads,
}

/// Tensors are shared by clones.
#[derive(Debug, Clone)]
struct Dense {
    /// 3D × D.
    qkv: Tensor,
    /// D × D.
    out: Tensor,
    norm: Norm,
    ff: Option<FeedForward>,
}

#[derive(Debug, Clone)]
struct Norm {
    weight: Tensor,
    bias: Tensor,
}

#[derive(Debug, Clone)]
struct FeedForward {
    fc1: Tensor,
    b1: Tensor,
    fc2: Tensor,
    b2: Tensor,
    norm: Norm,
}

impl Accelerator {
    /// Copies the layers of `network` to `device`.
    ///
    /// # Errors
    /// When they do not fit its memory.
    pub fn new(
        network: &Network,
        device: &candle_core::Device,
    ) -> std::result::Result<Self, ModelError> {
        let copy = || -> Result<Self> {
            let positions = matrix(&network.positions.packed, device)?;
            let layers = network.layers.iter().map(|layer| {
                Ok(Layer {
                    dense: Dense::new(&layer.dense, device)?,
                    heads: Heads::new(&layer.heads, &positions)?,
                })
            });
            Ok(Self {
                layers: layers.collect::<Result<_>>()?,
                device: device.clone(),
                positions,
            })
        };
        whole(device, copy())
    }
}

impl OnDevice for Accelerator {
    fn device(&self) -> Device {
        Device::of(&self.device)
    }

    fn edited(
        &self,
        layers: &[weights::Layer],
    ) -> std::result::Result<Arc<dyn OnDevice>, ModelError> {
        let edited = self.layers.iter().zip(layers).map(|(here, edited)| {
            Ok(Layer {
                dense: here.dense.clone(),
                heads: here.heads.edited(&edited.heads, &self.positions)?,
            })
        });
        let edited = edited.collect::<Result<_>>().map(|layers| Self {
            layers,
            device: self.device.clone(),
            positions: self.positions.clone(),
        });
        Ok(Arc::new(whole(&self.device, edited)?))
    }

    #[allow(clippy::too_many_arguments)]
    fn block(
        &self,
        network: &Network,
        caches: &mut [Vec<HeadCache>],
        windows: &mut Windows,
        first: usize,
        ids: &[u32],
        cancel: &Cancel,
        observer: &dyn Observer,
    ) -> std::result::Result<Vec<f32>, ModelError> {
        let through = || {
            let (n, dim) = (ids.len(), network.architecture().width);
            let (heads, d) = (
                network.architecture().nb_heads(),
                network.architecture().head_dim(),
            );
            let most = match self.device {
                candle_core::Device::Cpu => SCORES_CPU,
                _ => SCORES,
            };
            let mut rows = output::embed(network, first, ids);
            let mut hidden = Tensor::from_slice(&rows, (n, dim), &self.device)?;
            for (index, (layer, caches)) in self.layers.iter().zip(caches).enumerate() {
                cancel.check()?;
                let qkv = linear(&hidden, &layer.dense.qkv)?;
                // Queries, keys and values apart, head by head.
                let parts = qkv.reshape((n, 3, heads, d))?.permute((1, 2, 0, 3))?;
                let parts = parts.contiguous()?;
                let q = (parts.get(0)? / (d as f64).sqrt())?;
                let (k, v) = (parts.get(1)?, parts.get(2)?);
                let seen = (first, layer.heads.kept);
                let window = windows.extend(index, caches, seen, &k, &v)?;
                keep(
                    &network.layers[index],
                    caches,
                    first,
                    &qkv.flatten_all()?.to_vec1()?,
                );
                let mut read = Vec::new();
                let together = layer.heads.together(most)?;
                for at in (0..n).step_by(together) {
                    cancel.check()?;
                    let q = q.narrow(1, at, together.min(n - at))?.contiguous()?;
                    let tile = layer.heads.attend(&q, window, first + at)?;
                    tile.tell(&layer.heads, index, observer)?;
                    read.push(tile.read);
                }
                let read = Tensor::cat(&read, 1)?.transpose(0, 1)?.contiguous()?;
                cancel.check()?;
                hidden = layer.dense.sublayers(&hidden, &read.reshape((n, dim))?)?;
                rows = hidden.flatten_all()?.to_vec1()?;
                observer.hidden(index, first, &rows);
            }
            Ok(rows)
        };
        through().map_err(|error| match error {
            ModelError::Tensor(source) => failed(&self.device, source),
            other => other,
        })
    }
}

impl Dense {
    fn new(layer: &weights::Dense, device: &candle_core::Device) -> Result<Self> {
        let ff = |ff: &weights::FeedForward| {
            Ok::<_, candle_core::Error>(FeedForward {
                fc1: matrix(&ff.fc1, device)?,
                b1: vector(&ff.b1, device)?,
                fc2: matrix(&ff.fc2, device)?,
                b2: vector(&ff.b2, device)?,
                norm: Norm::new(ff.norm.as_ref(), device)?,
            })
        };
        Ok(Self {
            qkv: matrix(&layer.qkv, device)?,
            out: matrix(&layer.out, device)?,
            norm: Norm::new(layer.norm.as_ref(), device)?,
            ff: layer.ff.as_ref().map(ff).transpose()?,
        })
    }

    /// h ← LayerNorm(h + W·read), then h ← LayerNorm(h + W2·relu(W1·h + b1) + b2) where there is such a sublayer.
    fn sublayers(&self, hidden: &Tensor, read: &Tensor) -> Result<Tensor> {
        let hidden = self.norm.of(&(hidden + linear(read, &self.out)?)?)?;
        let Some(ff) = &self.ff else {
            return Ok(hidden);
        };
        let inner = linear(&hidden, &ff.fc1)?.broadcast_add(&ff.b1)?.relu()?;
        let more = linear(&inner, &ff.fc2)?.broadcast_add(&ff.b2)?;
        ff.norm.of(&(hidden + more)?)
    }
}

impl Norm {
    fn new(norm: Option<&weights::Norm>, device: &candle_core::Device) -> Result<Self> {
        let of = |part: fn(&weights::Norm) -> &Vec<f32>| norm.map_or(&[][..], |norm| part(norm));
        Ok(Self {
            weight: vector(of(|norm| &norm.weight), device)?,
            bias: vector(of(|norm| &norm.bias), device)?,
        })
    }

    fn of(&self, rows: &Tensor) -> Result<Tensor> {
        let centred = rows.broadcast_sub(&rows.mean_keepdim(1)?)?;
        let deviation = (centred.sqr()?.mean_keepdim(1)? + EPSILON)?.sqrt()?;
        centred
            .broadcast_div(&deviation)?
            .broadcast_mul(&self.weight)?
            .broadcast_add(&self.bias)
    }
}

fn linear(rows: &Tensor, weight: &Tensor) -> Result<Tensor> {
    rows.matmul(&weight.t()?)
}

fn matrix(weight: &Packed, device: &candle_core::Device) -> Result<Tensor> {
    let shape = (weight.outputs(), weight.inputs());
    Tensor::from_vec(weight.to_rows(), shape, device)
}

fn vector(values: &[f32], device: &candle_core::Device) -> Result<Tensor> {
    Tensor::from_slice(values, values.len(), device)
}

/// The layers copied to the device, when all of it is there: copies may still be under way, and another thread would not
/// wait for them.
fn whole(
    device: &candle_core::Device,
    copied: Result<Accelerator>,
) -> std::result::Result<Accelerator, ModelError> {
    copied
        .and_then(|copied| device.synchronize().map(|()| copied))
        .map_err(|source| failed(device, source))
}

fn failed(device: &candle_core::Device, source: candle_core::Error) -> ModelError {
    ModelError::OnDevice {
        device: Device::of(device),
        source,
    }
}
