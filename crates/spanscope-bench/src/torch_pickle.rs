//! The pickle of a training checkpoint, as PyTorch writes it: protocol 2, tensors by reference to their storages.

use super::random::Entry;

/// Steps that the checkpoint claims to have been trained for.
const STEPS: u32 = 1000;

/// The dict that the published training code saves: `iter_no`, `model`, `optimizer`, `logger`, `scheduler_iter`. The
/// model's tensors lie in the storages `0..n`; with an optimizer, Adagrad's sums lie in `n..2n`.
pub(super) fn checkpoint(entries: &[Entry], optimizer: bool) -> Vec<u8> {
    let mut pickle = Pickle(vec![PROTO, 2]);
    pickle.dict(|p| {
        p.text("iter_no");
        p.int(STEPS);
        p.text("model");
        p.ordered_dict();
        p.entries(|p| {
            for (key, entry) in entries.iter().enumerate() {
                p.text(&entry.name);
                p.tensor(key, &entry.shape);
            }
        });
        if optimizer {
            p.text("optimizer");
            p.dict(|p| {
                p.text("state");
                p.dict(|p| {
                    for (index, entry) in entries.iter().enumerate() {
                        p.int(index as u32);
                        p.dict(|p| {
                            p.text("step");
                            p.int(STEPS);
                            p.text("sum");
                            p.tensor(entries.len() + index, &entry.shape);
                        });
                    }
                });
                p.text("param_groups");
                p.list(&[]);
            });
        }
        p.text("logger");
        p.dict(|p| {
            p.text("step");
            p.list(&[STEPS / 2, STEPS]);
        });
        p.text("scheduler_iter");
        p.int(STEPS);
    });
    pickle.0.push(STOP);
    pickle.0
}

const PROTO: u8 = 0x80;
const STOP: u8 = b'.';
const MARK: u8 = b'(';
const EMPTY_DICT: u8 = b'}';
const EMPTY_LIST: u8 = b']';
const EMPTY_TUPLE: u8 = b')';
const SET_ITEMS: u8 = b'u';
const APPENDS: u8 = b'e';
const TUPLE: u8 = b't';
const GLOBAL: u8 = b'c';
const REDUCE: u8 = b'R';
const PERSISTENT_ID: u8 = b'Q';
const TEXT: u8 = b'X';
const INT: u8 = b'J';
const FALSE: u8 = 0x89;

/// A pickle in the making.
struct Pickle(Vec<u8>);

impl Pickle {
    fn text(&mut self, text: &str) {
        self.0.push(TEXT);
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.bytes());
    }

    fn int(&mut self, value: u32) {
        // The opcode takes a signed number; nothing here comes near its limit.
        self.0.push(INT);
        self.0.extend(value.to_le_bytes());
    }

    fn ints(&mut self, values: &[usize]) {
        self.0.push(MARK);
        for &value in values {
            self.int(value as u32);
        }
        self.0.push(TUPLE);
    }

    fn list(&mut self, values: &[u32]) {
        self.0.extend([EMPTY_LIST, MARK]);
        for &value in values {
            self.int(value);
        }
        self.0.push(APPENDS);
    }

    fn global(&mut self, module: &str, name: &str) {
        self.0.push(GLOBAL);
        self.0.extend(format!("{module}\n{name}\n").bytes());
    }

    fn ordered_dict(&mut self) {
        self.global("collections", "OrderedDict");
        self.0.extend([EMPTY_TUPLE, REDUCE]);
    }

    /// Sets what `fill` pushes, keys and values in turn, on the dict on top of the stack.
    fn entries(&mut self, fill: impl FnOnce(&mut Self)) {
        self.0.push(MARK);
        fill(self);
        self.0.push(SET_ITEMS);
    }

    fn dict(&mut self, fill: impl FnOnce(&mut Self)) {
        self.0.push(EMPTY_DICT);
        self.entries(fill);
    }

    /// A tensor of `f32` that is the whole of storage `key`.
    fn tensor(&mut self, key: usize, shape: &[usize]) {
        let mut strides = vec![1; shape.len()];
        for i in (1..shape.len()).rev() {
            strides[i - 1] = strides[i] * shape[i];
        }
        self.global("torch._utils", "_rebuild_tensor_v2");
        self.0.extend([MARK, MARK]);
        self.text("storage");
        self.global("torch", "FloatStorage");
        self.text(&key.to_string());
        self.text("cpu");
        self.int(shape.iter().product::<usize>() as u32);
        self.0.extend([TUPLE, PERSISTENT_ID]);
        self.int(0);
        self.ints(shape);
        self.ints(&strides);
        self.0.push(FALSE);
        self.ordered_dict();
        self.0.extend([TUPLE, REDUCE]);
    }
}
