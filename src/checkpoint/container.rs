//! The two containers of PyTorch checkpoints: where the pickle and the storages lie in the file.

use super::bytes::FileBytes;
use super::checksum::crc32;
use super::pickle::{self, Pickle};
use super::torch::StorageSize;
use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::ops::Range;

/// A storage: a piece of the file, or a copy of one that was compressed.
#[derive(Debug, Clone)]
pub(super) enum Storage {
    /// A piece of the file, with the checksum that the archive has of it.
    Mapped(Range<usize>, Option<u32>),
    Copied(Vec<u8>),
}

impl Storage {
    /// Whether the bytes are those that were written, as far as the archive tells. It reads them all.
    pub fn is_intact(&self, file: &FileBytes) -> bool {
        match self {
            // Writers that leave the checksum out write 0.
            Storage::Mapped(_, Some(crc)) if *crc != 0 => crc32(self.bytes(file)) == *crc,
            _ => true,
        }
    }

    pub fn bytes<'a>(&'a self, file: &'a FileBytes) -> &'a [u8] {
        match self {
            Storage::Mapped(range, _) => file.get(range.clone()).unwrap_or_default(),
            Storage::Copied(bytes) => bytes,
        }
    }
}

/// The first bytes of a zip archive.
pub(super) const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// The zip container: `NAME/data.pkl` and one entry `NAME/data/KEY` per storage.
pub(super) struct ZipContainer<'a> {
    archive: zip::ZipArchive<Cursor<&'a [u8]>>,
    root: String,
}

impl<'a> ZipContainer<'a> {
    pub fn open(file: &'a [u8]) -> Result<Self, String> {
        let archive =
            zip::ZipArchive::new(Cursor::new(file)).map_err(|e| format!("zip archive: {e}"))?;
        let pickle = archive
            .file_names()
            .filter_map(Result::ok)
            .find(|name| name == "data.pkl" || name.ends_with("/data.pkl"))
            .map(|name| name.into_owned());
        let Some(pickle) = pickle else {
            return Err("this zip archive holds no data.pkl, so PyTorch did not write it".into());
        };
        let root = pickle
            .strip_suffix("data.pkl")
            .unwrap_or_default()
            .to_owned();
        let mut container = Self { archive, root };
        let order = format!("{}byteorder", container.root);
        if container.archive.index_for_name(&order).is_some() {
            let storage = container.entry(&order)?;
            let text = match &storage {
                Storage::Mapped(range, _) => file.get(range.clone()).unwrap_or_default(),
                Storage::Copied(bytes) => bytes,
            };
            if text.starts_with(b"big") {
                return Err(
                    "its numbers are stored big-endian; save it again on a little-endian machine"
                        .into(),
                );
            }
        }
        Ok(container)
    }

    pub fn pickle(&mut self, file: &'a [u8]) -> Result<Pickle, String> {
        let name = format!("{}data.pkl", self.root);
        let storage = self.entry(&name)?;
        let data = match &storage {
            Storage::Mapped(range, _) => file.get(range.clone()).unwrap_or_default(),
            Storage::Copied(bytes) => bytes,
        };
        pickle::read(data)
            .map(|(pickle, _)| pickle)
            .map_err(|e| format!("{name}: {e}"))
    }

    pub fn storage(&mut self, key: &str) -> Result<Storage, String> {
        let name = format!("{}data/{key}", self.root);
        self.entry(&name)
    }

    fn entry(&mut self, name: &str) -> Result<Storage, String> {
        let mut entry = self
            .archive
            .by_name(name)
            .map_err(|e| format!("zip entry {name}: {e}"))?;
        let size = entry.size();
        if entry.compression() == zip::CompressionMethod::Stored {
            let start = entry
                .data_start()
                .ok_or_else(|| format!("zip entry {name} has no position"))?;
            let range = usize::try_from(start)
                .ok()
                .zip(usize::try_from(size).ok())
                .and_then(|(start, size)| Some(start..start.checked_add(size)?))
                .ok_or_else(|| format!("zip entry {name}: {size} bytes"))?;
            return Ok(Storage::Mapped(range, Some(entry.crc32())));
        }
        // A re-packed archive: inflate, trusting the stream rather than the size that the header claims.
        const LIMIT: u64 = 1 << 34;
        let mut bytes = Vec::new();
        entry
            .by_ref()
            .take(LIMIT)
            .read_to_end(&mut bytes)
            .map_err(|e| format!("zip entry {name}: {e}"))?;
        if bytes.len() as u64 != size {
            return Err(format!(
                "zip entry {name} unpacks to {} bytes, {size} expected",
                bytes.len()
            ));
        }
        Ok(Storage::Copied(bytes))
    }
}

/// The legacy stream of PyTorch before 1.6.
pub(super) struct LegacyContainer {
    pub pickle: Pickle,
    /// By key: which bytes of the file are the elements, and how many elements they are.
    storages: HashMap<String, (Range<usize>, usize)>,
}

/// 0x1950a86a20f9469cfc6c, as a pickle spells it: little endian, ten bytes.
const LEGACY_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

impl LegacyContainer {
    /// Whether the file begins as a legacy stream does.
    pub fn recognises(file: &[u8]) -> bool {
        // PROTO, version, LONG1, ten bytes.
        file.len() > 14
            && file[0] == 0x80
            && file[2] == 0x8a
            && file[3] == 10
            && file[4..14] == LEGACY_MAGIC
    }

    /// `sizes` tells, by storage key, how large one element is (the stream itself only counts them) and how many there
    /// are: so the storages are found without a look at those that nobody wants, which lie between the others.
    pub fn open(
        file: &[u8],
        sizes: impl Fn(&Pickle) -> Result<HashMap<String, StorageSize>, String>,
    ) -> Result<Self, String> {
        let mut at = 0;
        let mut next = |what: &str| -> Result<Pickle, String> {
            let rest = file.get(at..).unwrap_or_default();
            let (pickle, used) =
                pickle::read(rest).map_err(|e| format!("{what} at byte {at}: {e}"))?;
            at += used;
            Ok(pickle)
        };
        next("the magic number")?;
        let protocol = next("the protocol version")?;
        if protocol.int(protocol.root()) != Some(1001) {
            return Err(format!(
                "legacy protocol {:?}, expected 1001",
                protocol.get(protocol.root())
            ));
        }
        let system = next("the system description")?;
        if system
            .entry(system.root(), "little_endian")
            .is_some_and(|id| system.int(id) == Some(0))
        {
            return Err(
                "its numbers are stored big-endian; save it again on a little-endian machine"
                    .into(),
            );
        }
        let object = next("the saved object")?;
        let keys = next("the list of storages")?;
        let sizes = sizes(&object)?;
        let mut storages = HashMap::new();
        for &id in keys
            .tuple(keys.root())
            .ok_or("the list of storages is not a list")?
        {
            let key = keys.str(id).ok_or("a storage key is not text")?;
            let size = sizes
                .get(key)
                .ok_or_else(|| format!("storage {key} has no known element type"))?;
            let count = match size.count {
                Some(count) => count,
                None => count_at(file, at)
                    .ok_or_else(|| format!("the file ends before storage {key}"))?,
            };
            let elements = at.checked_add(8).and_then(|start| {
                let end = start.checked_add(count.checked_mul(size.element)?)?;
                (end <= file.len()).then_some(start..end)
            });
            let elements = elements.ok_or_else(|| {
                format!(
                    "the file ends inside storage {key} ({count} elements of {} bytes)",
                    size.element
                )
            })?;
            at = elements.end;
            storages.insert(key.to_owned(), (elements, count));
        }
        Ok(Self {
            pickle: object,
            storages,
        })
    }

    pub fn storage(&self, key: &str, file: &[u8]) -> Result<Storage, String> {
        let (elements, count) = self
            .storages
            .get(key)
            .ok_or_else(|| format!("storage {key} is missing"))?;
        match count_at(file, elements.start - 8) {
            Some(found) if found == *count => Ok(Storage::Mapped(elements.clone(), None)),
            found => {
                let found = found.map_or("an unreadable number of".into(), |n| n.to_string());
                Err(format!(
                    "storage {key} at byte {} has {found} elements, {count} expected",
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
