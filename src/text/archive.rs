//! Packed texts: `.gz`, and the largest member of a `.zip`.

use crate::zip_directory::{Directory, Member, Packing};
use crc32fast::Hasher;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

/// Unpacked bytes that are never too many for what was read of the archive.
const PLENTY: u64 = 16 << 20;

/// Packed bytes that are read ahead: little, for all of them count as used.
const AHEAD: usize = 1 << 15;

/// How many times that a text may be beyond them. Deflate makes 1,000 zeros one byte, and of text a quarter.
const RATIO: u64 = 100;

/// The text in a `.gz`, several streams one after the other included; `head` is what was read of the file already.
pub(super) fn gz(head: Vec<u8>, file: File) -> impl Read {
    let packed = Counted::new(io::Cursor::new(head).chain(file));
    let taken = Rc::clone(&packed.taken);
    let text = MultiGzDecoder::new(BufReader::with_capacity(AHEAD, packed));
    Bounded::new(text, taken)
}

/// The largest file in a `.zip`, by what its directory claims: a choice only, nothing is allocated by it.
///
/// # Errors
/// In words, when the archive is damaged, holds no file, or one that is packed in another way.
pub(super) fn zip(mut file: File) -> Result<Box<dyn Read>, String> {
    let directory = Directory::read(&mut file)?;
    let files = directory
        .members()
        .iter()
        .filter(|m| !m.name.ends_with('/'));
    // Of equals the first.
    let largest = files.reduce(|best, next| if next.size > best.size { next } else { best });
    let member = largest.ok_or("it holds no file")?;
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

/// Whether a file begins as a `.zip` does, be it an empty one.
pub(super) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(crate::zip_directory::MAGIC) || head.starts_with(b"PK\x05\x06")
}

/// Whether it begins as a `.gz` does.
pub(super) fn is_gz(head: &[u8]) -> bool {
    head.starts_with(&[0x1f, 0x8b])
}
