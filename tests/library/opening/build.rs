//! Files of one small network in any form that PyTorch and safetensors write: the weights of `tiny_adaptive.pt`.

use spanscope::checkpoint::Checkpoint;
use spanscope::model::{BLOCK, Cancel, Network, NoObserver, Run};
use std::path::Path;
use std::sync::Arc;

/// One opcode of a pickle, or several.
pub type Ops = Vec<u8>;

/// The protocol of a pickle, which says how texts, classes and tuples are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    One,
    Two,
    Four,
    Five,
}

use Protocol::{Five, Four, One, Two};

impl Protocol {
    pub const ALL: [Self; 4] = [One, Two, Four, Five];

    pub fn text(self, s: &str) -> Ops {
        match self {
            // Every text is put into the memo, as Python does it.
            Four | Five if s.len() < 256 => {
                [&[0x8c, s.len() as u8], s.as_bytes(), b"\x94"].concat()
            }
            _ => [b"X", &(s.len() as u32).to_le_bytes()[..], s.as_bytes()].concat(),
        }
    }

    pub fn global(self, module: &str, name: &str) -> Ops {
        match self {
            Four | Five => [self.text(module), self.text(name), b"\x93\x94".to_vec()].concat(),
            _ => format!("c{module}\n{name}\n").into_bytes(),
        }
    }

    pub fn tuple(self, items: &[Ops]) -> Ops {
        match (self, items.len()) {
            (One, _) | (_, 4..) => [b"(".to_vec(), items.concat(), b"t".to_vec()].concat(),
            (_, 0) => b")".to_vec(),
            (_, n) => [items.concat(), vec![0x84 + n as u8]].concat(),
        }
    }

    pub fn call(self, module: &str, name: &str, args: &[Ops]) -> Ops {
        [self.global(module, name), self.tuple(args), b"R".to_vec()].concat()
    }

    pub fn bool(self, value: bool) -> Ops {
        match (self, value) {
            (One, true) => b"I01\n".to_vec(),
            (One, false) => b"I00\n".to_vec(),
            (_, true) => b"\x88".to_vec(),
            (_, false) => b"\x89".to_vec(),
        }
    }

    /// Bytes: before protocol 3 a text in Latin-1 that a call turns into them.
    pub fn bytes(self, bytes: &[u8]) -> Ops {
        match self {
            Four | Five => [&[b'C', bytes.len() as u8], bytes, b"\x94"].concat(),
            _ => {
                let text: String = bytes.iter().map(|b| char::from(*b)).collect();
                self.call(
                    "_codecs",
                    "encode",
                    &[self.text(&text), self.text("latin1")],
                )
            }
        }
    }

    /// A whole program, its beginning included.
    pub fn pickle(self, ops: Ops) -> Vec<u8> {
        let framed = [ops, b".".to_vec()].concat();
        match self {
            One => framed,
            Two => [b"\x80\x02".to_vec(), framed].concat(),
            Four | Five => {
                let version = if self == Four { 4 } else { 5 };
                let length = (framed.len() as u64).to_le_bytes();
                [vec![0x80, version, 0x95], length.to_vec(), framed].concat()
            }
        }
    }
}

pub fn int(i: i64) -> Ops {
    [b"J".as_slice(), &(i as i32).to_le_bytes()].concat()
}

pub fn list(items: &[Ops]) -> Ops {
    [b"](".to_vec(), items.concat(), b"e".to_vec()].concat()
}

pub fn dict(entries: &[(Ops, Ops)]) -> Ops {
    let flat = entries.iter().flat_map(|(k, v)| [k.as_slice(), v].concat());
    [b"}(".to_vec(), flat.collect(), b"u".to_vec()].concat()
}

/// A tensor of the network: name, shape and numbers.
pub type Tensor = (String, Vec<usize>, Vec<f32>);

/// What makes the pickle of a tensor.
pub type Rebuild<'a> = dyn Fn(Protocol, usize, &Tensor) -> Ops + 'a;

pub const QUERY: &str = "layers.0.attn.proj_query.weight";
pub const SPAN: &str = "layers.0.attn.attn.adaptive_span._mask.current_val";

/// The weights of a network, to be written in any form.
#[derive(Debug, Clone)]
pub struct Weights(pub Vec<Tensor>);

impl Weights {
    pub fn new() -> Self {
        Self::of("tiny_adaptive.pt")
    }

    pub fn of(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let read = Checkpoint::open(&folder.join(name)).unwrap();
        let tensors = read.names().map(|name| {
            let shape = read.info(name).unwrap().shape.clone();
            (name.to_owned(), shape, read.read(name).unwrap())
        });
        Self(tensors.collect())
    }

    pub fn renamed(mut self, rename: impl Fn(&str) -> String) -> Self {
        for (name, ..) in &mut self.0 {
            *name = rename(name);
        }
        self
    }

    pub fn without(mut self, part: &str) -> Self {
        let before = self.0.len();
        self.0.retain(|(name, ..)| !name.contains(part));
        assert!(self.0.len() < before, "no {part}");
        self
    }

    pub fn with(mut self, name: &str, shape: &[usize], values: Vec<f32>) -> Self {
        self.0.push((name.to_owned(), shape.to_vec(), values));
        self
    }

    pub fn get(&self, name: &str) -> &Tensor {
        self.0.iter().find(|(n, ..)| n == name).unwrap()
    }

    /// The state dict, each tensor made by `rebuild`.
    pub fn state_dict(&self, protocol: Protocol, rebuild: &Rebuild<'_>) -> Vec<(Ops, Ops)> {
        let tensors = self.0.iter().enumerate();
        let tensors = tensors.map(|(i, t)| (protocol.text(&t.0), rebuild(protocol, i, t)));
        tensors.collect()
    }

    fn storages(&self) -> Vec<Vec<u8>> {
        let bytes = |t: &Tensor| t.2.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.0.iter().map(bytes).collect()
    }

    /// A zip archive around a pickle.
    pub fn zip(&self, pickle: Vec<u8>) -> Vec<u8> {
        let mut members = vec![("a/data.pkl".to_owned(), pickle)];
        let storages = self.storages().into_iter().enumerate();
        members.extend(storages.map(|(i, bytes)| (format!("a/data/{i}"), bytes)));
        archive(&members)
    }

    /// The zip archive of today, the state dict alone in it.
    pub fn plain_zip(&self, rebuild: &Rebuild<'_>) -> Vec<u8> {
        self.zip(Two.pickle(dict(&self.state_dict(Two, rebuild))))
    }

    /// The legacy stream around an object; `more` storages follow those of the tensors, with the count before each.
    pub fn legacy(
        &self,
        protocol: Protocol,
        object: Ops,
        more: &[(&str, u64, Vec<u8>)],
    ) -> Vec<u8> {
        let magic = match protocol {
            One => b"L119547037146038801333356L\n".to_vec(),
            _ => b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19".to_vec(),
        };
        let own = (0..self.0.len()).map(|i| i.to_string());
        let first = more.iter().map(|(key, ..)| (*key).to_owned());
        let keys: Vec<Ops> = first.chain(own).map(|key| protocol.text(&key)).collect();
        let system = dict(&[(protocol.text("little_endian"), protocol.bool(true))]);
        let mut stream = [magic, int(1001), system, object, list(&keys)]
            .map(|ops| protocol.pickle(ops))
            .concat();
        for (_, count, bytes) in more {
            stream.extend(count.to_le_bytes());
            stream.extend(bytes);
        }
        for bytes in self.storages() {
            stream.extend((bytes.len() as u64 / 4).to_le_bytes());
            stream.extend(bytes);
        }
        stream
    }

    /// A `.safetensors` file.
    pub fn safetensors(&self, metadata: serde_json::Value) -> Vec<u8> {
        let mut header = serde_json::Map::new();
        let mut bytes = Vec::new();
        for ((name, shape, _), stored) in self.0.iter().zip(self.storages()) {
            let offsets = [bytes.len(), bytes.len() + stored.len()];
            bytes.extend(stored);
            let entry =
                serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": offsets});
            header.insert(name.clone(), entry);
        }
        header.insert("__metadata__".into(), metadata);
        let header = serde_json::Value::from(header).to_string();
        [
            &(header.len() as u64).to_le_bytes(),
            header.as_bytes(),
            &bytes,
        ]
        .concat()
    }
}

/// A storage of the class `class`.
pub fn storage(p: Protocol, key: &str, class: &str, count: usize) -> Ops {
    let module = if class == "UntypedStorage" {
        "torch.storage"
    } else {
        "torch"
    };
    let id = p.tuple(&[
        p.text("storage"),
        p.global(module, class),
        p.text(key),
        p.text("cpu"),
        int(count as i64),
        b"N".to_vec(),
    ]);
    [id, b"Q".to_vec()].concat()
}

/// The arguments of `_rebuild_tensor_v2`.
pub fn arguments(p: Protocol, storage: Ops, shape: &[usize]) -> Vec<Ops> {
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i];
    }
    let counts = |counts: &[usize]| {
        let counts: Vec<Ops> = counts.iter().map(|n| int(*n as i64)).collect();
        p.tuple(&counts)
    };
    let hooks = p.call("collections", "OrderedDict", &[]);
    vec![
        storage,
        int(0),
        counts(shape),
        counts(&strides),
        p.bool(false),
        hooks,
    ]
}

/// A tensor as PyTorch writes most.
pub fn plain(p: Protocol, i: usize, (_, shape, values): &Tensor) -> Ops {
    let storage = storage(p, &i.to_string(), "FloatStorage", values.len());
    p.call(
        "torch._utils",
        "_rebuild_tensor_v2",
        &arguments(p, storage, shape),
    )
}

pub fn archive(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in members {
        zip.start_file(name, stored).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub fn open(bytes: &[u8]) -> Result<(Checkpoint, Network), String> {
    let path = Path::new("made.pt");
    let checkpoint = Checkpoint::from_bytes(path, bytes.to_vec()).map_err(|e| e.to_string())?;
    let network = Network::load(&checkpoint, Some(16.into())).map_err(|e| e.to_string())?;
    Ok((checkpoint, network))
}

/// What a file of the network gives on a text: −log p of every token.
pub fn nll(bytes: &[u8]) -> Result<Vec<f32>, String> {
    let (_, network) = open(bytes)?;
    let v = network.architecture().adaptive_span().unwrap().vocab_size as u32;
    let ids: Vec<u32> = (0..60).map(|i| (i * 7 + i * i / 5) % v).collect();
    let mut run = Run::new(Arc::new(network));
    let cancel = Cancel::default();
    run.extend(&ids, BLOCK, &cancel, &NoObserver)
        .map_err(|e| e.to_string())?;
    run.nll(0, &ids[1..], &cancel).map_err(|e| e.to_string())
}

/// Asserts that a file opens as the network does, bit for bit.
pub fn same(what: &str, bytes: &[u8]) {
    let plain = nll(&Weights::new().plain_zip(&plain)).unwrap();
    assert!(plain.iter().all(|nll| nll.is_finite()));
    assert_eq!(nll(bytes).as_ref(), Ok(&plain), "{what}");
}

/// Asserts that a file is refused in words that have all these parts, and none of those of damage.
pub fn refused(what: &str, bytes: &[u8], parts: &[&str]) {
    let said = open(bytes).map(|_| "it opens").unwrap_err();
    for part in parts {
        assert!(said.contains(part), "{what}: no {part:?} in: {said}");
    }
    for word in ["download", "damaged", "incomplete"] {
        assert!(!said.contains(word), "{what}: {said}");
    }
    assert!(
        said.contains("made.pt") && said.len() < 700,
        "{what}: {said}"
    );
}
