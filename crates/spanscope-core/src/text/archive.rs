//! Packed texts: `.gz`, and the file in a `.zip`.

use super::gz::Members;
use crate::platform::fs::File;
use crate::zip_directory::{Directory, Member, Packing};
use crc32fast::Hasher;
use flate2::bufread::DeflateDecoder;
use std::cell::Cell;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

/// Unpacked bytes that are never too many for what was read of the archive.
const PLENTY: u64 = 16 << 20;

/// Packed bytes that are read ahead: little, for all of them count as used.
const AHEAD: usize = 1 << 15;

/// Limit on the unpacked bytes per packed byte beyond them. Deflate makes 1,000 zeros one byte, and of text a quarter.
const RATIO: u64 = 100;

/// The text in a `.gz`, several streams one after the other included; `head` is what was read of the file already.
pub(super) fn gz(head: Vec<u8>, file: File) -> impl Read {
    let packed = Counted::new(io::Cursor::new(head).chain(file));
    let taken = Rc::clone(&packed.taken);
    let text = Members::new(BufReader::with_capacity(AHEAD, packed));
    Bounded::new(text, taken)
}

/// Why there is no text in a `.zip`.
pub(super) enum ZipError {
    /// It is damaged, or packed in another way: in words.
    Broken(String),
    /// It is what another program keeps in such an archive.
    Known(&'static str),
    /// It holds several files, and there is no telling which is meant: their names.
    Several(Vec<String>),
}

impl From<String> for ZipError {
    fn from(what: String) -> Self {
        Self::Broken(what)
    }
}

/// The kind of an archive that holds a file of such a name.
fn known(name: &str) -> Option<&'static str> {
    let last = name.rsplit('/').next().unwrap_or(name);
    Some(match last {
        "data.pkl" | "constants.pkl" => "a PyTorch file",
        "[Content_Types].xml" => "an Office document",
        "mimetype" => "an OpenDocument or EPUB file",
        "MANIFEST.MF" => "a Java archive",
        _ if last.ends_with(".npy") => "a NumPy archive",
        _ => return None,
    })
}

/// True if some systems put such a file into archives of their own accord.
fn is_litter(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    name.starts_with("__MACOSX/") || matches!(last, ".DS_Store" | "Thumbs.db" | "desktop.ini")
}

/// The one file in a `.zip`: an archive with several is never read in part. What its directory claims is a choice only,
/// nothing is allocated by it.
///
/// # Errors
/// When the archive is damaged, holds no file or several, or one that is packed in another way.
pub(super) fn zip(mut file: File) -> Result<Box<dyn Read>, ZipError> {
    let directory = Directory::read(&mut file)?;
    if let Some(kind) = directory.members().iter().find_map(|m| known(&m.name)) {
        return Err(ZipError::Known(kind));
    }
    let is_file = |m: &&Member| !m.name.ends_with('/') && !is_litter(&m.name);
    let all: Vec<&Member> = directory.members().iter().filter(is_file).collect();
    // Empty files beside a text are no texts.
    let filled: Vec<&Member> = all.iter().copied().filter(|m| m.size > 0).collect();
    let member = match (filled.as_slice(), all.first()) {
        ([one], _) | ([], Some(one)) => *one,
        ([], None) => return Err(ZipError::Broken("it holds no file".into())),
        (several, _) => {
            let names = several.iter().map(|m| m.name.clone());
            return Err(ZipError::Several(names.collect()));
        }
    };
    let packing = member.packing()?;
    let start = member.start(&mut file)?;
    file.seek(SeekFrom::Start(start))
        .map_err(|e| e.to_string())?;
    let packed = Counted::new(file.take(member.packed));
    let taken = Rc::clone(&packed.taken);
    let packed = BufReader::with_capacity(AHEAD, packed);
    Ok(match packing {
        Packing::Stored => Box::new(Checked::new(Bounded::new(packed, taken), member)),
        Packing::Deflated => {
            let text = DeflateDecoder::new(packed);
            Box::new(Checked::new(Bounded::new(text, taken), member))
        }
    })
}

/// Counts what is taken of packed bytes.
struct Counted<R> {
    from: R,
    taken: Rc<Cell<u64>>,
}

impl<R> Counted<R> {
    fn new(from: R) -> Self {
        let taken = Rc::default();
        Self { from, taken }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(to)?;
        self.taken.set(self.taken.get() + read as u64);
        Ok(read)
    }
}

/// An end to what unpacks without end.
struct Bounded<R> {
    from: R,
    /// Packed bytes so far.
    taken: Rc<Cell<u64>>,
    /// Unpacked bytes so far.
    given: u64,
}

impl<R> Bounded<R> {
    fn new(from: R, taken: Rc<Cell<u64>>) -> Self {
        let given = 0;
        Self { from, taken, given }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(to)?;
        self.given += read as u64;
        let most = self.taken.get().saturating_mul(RATIO);
        if self.given > most.saturating_add(PLENTY) {
            let what = format!("it unpacks to more than {RATIO} times its size, as no text does");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(read)
    }
}

/// A member whose size and checksum are held against the directory's at its end.
struct Checked<R> {
    from: Bounded<R>,
    sum: Hasher,
    read: u64,
    size: u64,
    crc: u32,
}

impl<R: Read> Checked<R> {
    fn new(from: Bounded<R>, member: &Member) -> Self {
        Self {
            from,
            sum: Hasher::new(),
            read: 0,
            size: member.size,
            crc: member.crc,
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(to)?;
        let invalid = |what: String| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        if read == 0 && !to.is_empty() {
            if self.read != self.size {
                let Self { read, size, .. } = self;
                return invalid(format!("{read} bytes unpacked, {size} expected"));
            }
            if self.sum.clone().finalize() != self.crc {
                return invalid("its checksum is another one".into());
            }
        }
        self.sum.update(to.get(..read).unwrap_or_default());
        self.read += read as u64;
        Ok(read)
    }
}

/// True if a file begins as a `.zip` does, be it an empty one.
pub(super) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(crate::zip_directory::MAGIC) || head.starts_with(b"PK\x05\x06")
}

/// True if it begins as a `.gz` does.
pub(super) fn is_gz(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b])
}
