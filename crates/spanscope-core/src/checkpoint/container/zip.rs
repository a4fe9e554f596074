//! The zip container: `NAME/data.pkl` and one entry `NAME/data/KEY` per storage.

use super::{Storage, matches};
use crate::checkpoint::error::Fault;
use crate::checkpoint::foreign;
use crate::checkpoint::pickle::{self, Budget, Pickle};
use crate::files::shown;
use crate::zip_directory::{Directory, Member, Packing};
use flate2::read::DeflateDecoder;
use std::io::{Cursor, Read};

/// Limit on what is unpacked beyond the size of the file itself, in bytes.
const UNPACKED: usize = 32 << 20;

/// A zip archive that PyTorch wrote.
pub(in crate::checkpoint) struct ZipContainer<'a> {
    file: &'a [u8],
    directory: Directory,
    root: String,
    /// The number of bytes that may still be unpacked.
    room: usize,
}

impl<'a> ZipContainer<'a> {
    /// Finds the pickle and the storages.
    ///
    /// # Errors
    /// When the archive is damaged, or is another kind of archive.
    pub fn open(file: &'a [u8]) -> Result<Self, Fault> {
        let directory = Directory::read(&mut Cursor::new(file))?;
        let names = directory
            .members()
            .iter()
            .map(|member| member.name.as_str());
        if let Some(what) = foreign::archive(names) {
            return Err(Fault::Unsupported(what));
        }
        let mut pickles = directory
            .members()
            .iter()
            .filter_map(|member| member.name.strip_suffix("data.pkl"))
            .filter(|root| root.is_empty() || root.ends_with('/'));
        let root = pickles.next().ok_or_else(|| {
            let names = directory
                .members()
                .iter()
                .map(|member| member.name.as_str());
            Fault::Unsupported(foreign::no_pickle(names))
        })?;
        let root = root.to_owned();
        if let Some(other) = pickles.next() {
            return Err(Fault::Unsupported(format!(
                "this zip archive holds two checkpoints, {}data.pkl and {}data.pkl; unpack the one that is meant",
                shown(&root),
                shown(other)
            )));
        }
        let mut container = Self {
            file,
            directory,
            root,
            room: file.len().saturating_add(UNPACKED),
        };
        let order = format!("{}byteorder", container.root);
        if container.directory.find(&order).is_some()
            && container.checked(&order)?.bytes(file).starts_with(b"big")
        {
            return Err(Fault::Unsupported(super::BIG_ENDIAN.into()));
        }
        Ok(container)
    }

    pub fn pickle(&mut self, budget: &mut Budget) -> Result<Pickle, String> {
        let name = format!("{}data.pkl", self.root);
        let storage = self.checked(&name)?;
        pickle::read(storage.bytes(self.file), budget)
            .map(|(pickle, _)| pickle)
            .map_err(|e| format!("{}: {e}", shown(&name)))
    }

    pub fn storage(&mut self, key: &str) -> Result<Storage, String> {
        let name = format!("{}data/{key}", self.root);
        self.entry(&name)
    }

    /// An entry whose checksum is verified at once: all that is not numbers.
    fn checked(&mut self, name: &str) -> Result<Storage, String> {
        let storage = self.entry(name)?;
        match &storage {
            Storage::Mapped(_, Some(crc)) if !matches(storage.bytes(self.file), *crc) => {
                Err(format!("zip entry {} fails its checksum", shown(name)))
            }
            _ => Ok(storage),
        }
    }

    fn entry(&mut self, name: &str) -> Result<Storage, String> {
        let member = self.directory.find(name);
        let member = member.ok_or_else(|| format!("zip entry {} is missing", shown(name)))?;
        let packing = member.packing()?;
        let start = member.start(&mut Cursor::new(self.file))?;
        let range = usize::try_from(start)
            .ok()
            .zip(usize::try_from(member.packed).ok())
            .and_then(|(start, packed)| Some(start..start.checked_add(packed)?))
            .filter(|range| range.end <= self.file.len())
            .ok_or_else(|| format!("zip entry {} reaches beyond the file", shown(name)))?;
        if packing == Packing::Stored {
            return Ok(Storage::Mapped(range, Some(member.crc)));
        }
        // A re-packed archive. What unpacks to many times its size is no model, and is refused before it takes any memory.
        let size = usize::try_from(member.size).ok();
        let size = size.filter(|size| *size <= self.room).ok_or_else(|| {
            format!(
                "zip entry {} would unpack to {} bytes, more than the {} that are expected at most of a file of {} bytes; \
                 if that is right, pack it again without compression (zip -0)",
                shown(name),
                member.size,
                self.room,
                self.file.len()
            )
        })?;
        self.room -= size;
        let packed = self.file.get(range).unwrap_or_default();
        unpack(packed, member, size).map(Storage::Copied)
    }
}

/// The bytes of a member, `size` of them and no more.
fn unpack(packed: &[u8], member: &Member, size: usize) -> Result<Vec<u8>, String> {
    let name = shown(&member.name);
    let mut bytes = Vec::with_capacity(size);
    let mut stream = DeflateDecoder::new(packed);
    let failed = |e: std::io::Error| format!("zip entry {name}: {e}");
    let whole = stream.by_ref().take(size as u64).read_to_end(&mut bytes);
    if whole.map_err(failed)? != size {
        let found = bytes.len();
        return Err(format!(
            "zip entry {name} unpacks to {found} bytes, {size} expected"
        ));
    }
    if stream.read(&mut [0]).map_err(failed)? != 0 {
        return Err(format!(
            "zip entry {name} unpacks to more than the {size} bytes that it claims"
        ));
    }
    match matches(&bytes, member.crc) {
        true => Ok(bytes),
        false => Err(format!("zip entry {name} fails its checksum")),
    }
}
