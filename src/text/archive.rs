//! Packed texts: `.gz`, and the largest member of a `.zip`.

use crate::zip_directory::{Directory, Member, Packing};
use crc32fast::Hasher;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// Unpacked bytes that are never too many for the size of the archive.
const PLENTY: u64 = 16 << 20;

/// How many times its packed size a text may be beyond that. Deflate makes 1,000 zeros one byte, and of text a quarter.
const RATIO: u64 = 100;

/// The text in a `.gz`, several streams one after the other included; `head` is what was read of the file already.
pub(super) fn gz(head: Vec<u8>, file: File, chunk: usize) -> io::Result<impl Read> {
    let info = file.metadata()?;
    // A pipe does not say how long it is.
    let packed = info.is_file().then(|| info.len());
    let file = io::Cursor::new(head).chain(file);
    Ok(Bounded {
        from: MultiGzDecoder::new(BufReader::with_capacity(chunk, file)),
        left: packed.map_or(u64::MAX, most),
    })
}

/// The largest file in a `.zip`, by what its directory claims: a choice only, nothing is allocated by it.
///
/// # Errors
/// In words, when the archive is damaged, holds no file, or one that is packed in another way or too much.
pub(super) fn zip(mut file: File, chunk: usize) -> Result<Box<dyn Read>, String> {
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
    let packed = BufReader::with_capacity(chunk, file).take(member.packed);
    Ok(match packing {
        Packing::Stored => Box::new(Checked::new(packed, member)),
        Packing::Deflated => Box::new(Checked::new(DeflateDecoder::new(packed), member)),
    })
}

/// The most that so many packed bytes may become.
fn most(packed: u64) -> u64 {
    packed.saturating_mul(RATIO).saturating_add(PLENTY)
}

/// An end to what unpacks without end.
struct Bounded<R> {
    from: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(to)?;
        let left = self.left.checked_sub(read as u64);
        self.left = left.ok_or_else(|| {
            let what = format!("it unpacks to more than {RATIO} times its size, as no text does");
            io::Error::new(io::ErrorKind::InvalidData, what)
        })?;
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
    fn new(from: R, member: &Member) -> Self {
        Self {
            from: Bounded {
                from,
                left: most(member.packed),
            },
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
