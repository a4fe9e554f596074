//! The legacy stream of PyTorch before 1.6: five pickles, then the storages one after the other.

use super::Storage;
use crate::checkpoint::error::Fault;
use crate::checkpoint::pickle::{self, Budget, Pickle};
use crate::checkpoint::torch::storage_sizes;
use crate::files::shown;
use std::collections::HashMap;
use std::ops::Range;

/// A legacy stream, its storages found.
pub(in crate::checkpoint) struct LegacyContainer {
    pub pickle: Pickle,
    /// By key: which bytes of the file are the elements, and how many elements they are.
    storages: HashMap<String, (Range<usize>, usize)>,
    /// Why storages after those are not found, if they are not.
    unknown: Option<String>,
}

/// 0x1950a86a20f9469cfc6c as a binary pickle spells it: LONG1, little endian, ten bytes, STOP.
const MAGIC: [u8; 13] = [
    0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.',
];

/// The same as pickle protocols 0 and 1 spell it.
const MAGIC_IN_DIGITS: &[u8] = b"L119547037146038801333356L\n.";

impl LegacyContainer {
    /// True if the file begins as a legacy stream does, whatever the protocol of its pickles.
    pub fn recognises(file: &[u8]) -> bool {
        if file.starts_with(MAGIC_IN_DIGITS) {
            return true;
        }
        // PROTO and the protocol; from 4 on FRAME and the frame's length.
        let [0x80, 2..=5, rest @ ..] = file else {
            return false;
        };
        let rest = match rest {
            [0x95, framed @ ..] => framed.get(8..).unwrap_or_default(),
            _ => rest,
        };
        rest.starts_with(&MAGIC)
    }

    /// The pickle tells, by storage key, how large one element is (the stream itself only counts them) and how many there
    /// are: so the storages are found without a look at those that nobody wants, which lie between the others.
    ///
    /// # Errors
    /// When the stream is damaged, or of another kind.
    pub fn open(file: &[u8], budget: &mut Budget) -> Result<Self, Fault> {
        let mut at = 0;
        let mut next = |what: &str| -> Result<Pickle, String> {
            let rest = file.get(at..).unwrap_or_default();
            let (pickle, used) =
                pickle::read(rest, budget).map_err(|e| format!("{what} at byte {at}: {e}"))?;
            at += used;
            Ok(pickle)
        };
        next("the magic number")?;
        let protocol = next("the protocol version")?;
        match protocol.int(protocol.root()) {
            Some(1001) => {}
            Some(other) => {
                return Err(Fault::Unsupported(format!(
                    "legacy protocol {other}, expected 1001; save it again with a PyTorch of today"
                )));
            }
            None => return Err("the legacy protocol is no number, expected 1001".into()),
        }
        let system = next("the system description")?;
        if system
            .entry(system.root(), "little_endian")
            .is_some_and(|id| system.int(id) == Some(0))
        {
            return Err(Fault::Unsupported(super::BIG_ENDIAN.into()));
        }
        let object = next("the saved object")?;
        let keys = next("the list of storages")?;
        let sizes = storage_sizes(&object, budget)?;
        let mut storages = HashMap::new();
        let mut unknown = None;
        for &id in keys
            .tuple(keys.root())
            .ok_or("the list of storages is not a list")?
        {
            let key = keys.str(id).ok_or("a storage key is not text")?;
            if storages.contains_key(key) {
                return Err(format!("storage {} is listed twice", shown(key)).into());
            }
            let size = sizes
                .get(key)
                .ok_or_else(|| format!("storage {} has no known element type", shown(key)))?;
            let element = match size.element {
                Ok(element) => element,
                // How long it is cannot be known: neither can be where those after it lie.
                Err(class) => {
                    let class = shown(class);
                    unknown = Some(format!(
                        "storage {} has the unknown element type {class}",
                        shown(key)
                    ));
                    break;
                }
            };
            let count = match size.count {
                Some(count) => count,
                None => count_at(file, at)
                    .ok_or_else(|| format!("the file ends before storage {}", shown(key)))?,
            };
            let elements = at.checked_add(8).and_then(|start| {
                let end = start.checked_add(count.checked_mul(element)?)?;
                (end <= file.len()).then_some(start..end)
            });
            let elements = elements.ok_or_else(|| {
                format!(
                    "the file ends inside storage {} ({count} elements of {element} bytes)",
                    shown(key)
                )
            })?;
            at = elements.end;
            budget.take(key.len())?;
            budget.grow::<(String, Range<usize>, usize)>(1)?;
            storages.insert(key.to_owned(), (elements, count));
        }
        Ok(Self {
            pickle: object,
            storages,
            unknown,
        })
    }

    pub fn storage(&self, key: &str, file: &[u8]) -> Result<Storage, String> {
        let (elements, count) = self.storages.get(key).ok_or_else(|| match &self.unknown {
            Some(why) => format!("where storage {} lies is not known: {why}", shown(key)),
            None => format!("storage {} is missing", shown(key)),
        })?;
        match count_at(file, elements.start - 8) {
            Some(found) if found == *count => Ok(Storage::Mapped(elements.clone(), None)),
            found => {
                let found = found.map_or("an unreadable number of".into(), |n| n.to_string());
                Err(format!(
                    "storage {} at byte {} has {found} elements, {count} expected",
                    shown(key),
                    elements.start
                ))
            }
        }
    }
}

/// The number of elements that precedes a storage of the legacy stream.
fn count_at(file: &[u8], at: usize) -> Option<usize> {
    let count = file.get(at..)?.first_chunk::<8>()?;
    usize::try_from(u64::from_le_bytes(*count)).ok()
}
