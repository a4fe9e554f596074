//! The directory of a zip archive, read without believing it: where each member lies, before a byte of any is unpacked.
//!
//! Nothing is unpacked here, and memory is taken only for members that are there: 46 bytes of the file each, at least.

use std::io::{Read, Seek, SeekFrom};

/// The first bytes of an archive.
pub const MAGIC: &[u8; 4] = b"PK\x03\x04";

/// Most members that are believed.
const MOST_MEMBERS: u64 = 1 << 16;

/// The longest directory that is believed, in bytes.
const LONGEST: u64 = 16 << 20;

/// The compression of a member's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// They lie there as they are.
    Stored,
    /// Deflate.
    Deflated,
}

/// A member of an archive, as the directory has it.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name, folders included.
    pub name: String,
    /// CRC-32 of its bytes.
    pub crc: u32,
    /// The bytes it takes in the archive.
    pub packed: u64,
    /// The bytes it has once unpacked.
    pub size: u64,
    method: u16,
    is_encrypted: bool,
    /// The place at which its own header begins.
    header: u64,
    /// The place at which the next member or the directory begins.
    limit: u64,
}

impl Member {
    /// The compression of its bytes.
    ///
    /// # Errors
    /// In words, when it is packed in a way that is not read here, or encrypted.
    pub fn packing(&self) -> Result<Packing, String> {
        let name = shown(&self.name);
        if self.is_encrypted {
            return Err(format!("zip entry {name} is encrypted; unpack it first"));
        }
        match self.method {
            0 if self.packed != self.size => Err(format!(
                "zip entry {name} is not compressed, but takes {} bytes in the archive and is {} long",
                self.packed, self.size
            )),
            0 => Ok(Packing::Stored),
            8 => Ok(Packing::Deflated),
            method => Err(format!(
                "zip entry {name} is compressed by method {method}; only stored and deflated ones can be read"
            )),
        }
    }

    /// The place at which its bytes begin in `file`, which has them all.
    ///
    /// # Errors
    /// In words, when its own header is missing or says something else than the directory.
    pub fn start(&self, file: &mut (impl Read + Seek)) -> Result<u64, String> {
        let name = shown(&self.name);
        let broken = |what: &str| format!("zip entry {name} at byte {}: {what}", self.header);
        let header: [u8; 30] =
            read_at(file, self.header).ok_or_else(|| broken("its header is cut off"))?;
        if !header.starts_with(MAGIC) {
            return Err(broken("there is no header"));
        }
        let (name_len, extra) = (u16_at(&header, 26), u16_at(&header, 28));
        // Lengths first: a name is read only where the directory has one as long.
        let mut own = vec![0; usize::from(name_len)];
        let same = own.len() == self.name.len() && file.read_exact(&mut own).is_ok();
        if !same || own != self.name.as_bytes() {
            return Err(broken("its header has another name than the directory"));
        }
        let start = self.header + 30 + u64::from(name_len) + u64::from(extra);
        match start.checked_add(self.packed) {
            Some(end) if end <= self.limit => Ok(start),
            _ => Err(broken(&format!(
                "its {} bytes reach beyond byte {}, where the next one begins",
                self.packed, self.limit
            ))),
        }
    }
}

/// The directory of an archive.
#[derive(Debug, Clone)]
pub struct Directory {
    /// By name; no name is there twice, and no two overlap.
    members: Vec<Member>,
}

impl Directory {
    /// Reads the directory of the archive that `file` is.
    ///
    /// # Errors
    /// In words, when there is none, it is damaged, members overlap or have the same name, or there are too many.
    pub fn read(file: &mut (impl Read + Seek)) -> Result<Self, String> {
        let io = |error: std::io::Error| error.to_string();
        let len = file.seek(SeekFrom::End(0)).map_err(io)?;
        let end = End::find(file, len)?;
        let fits = end.start.checked_add(end.size).is_some_and(|e| e <= end.at);
        if !fits {
            return Err(format!(
                "the directory of the zip archive, {} bytes from byte {}, does not lie before its end",
                end.size, end.start
            ));
        }
        let too_many = end.members > MOST_MEMBERS || end.members > end.size / 46;
        if too_many || end.size > LONGEST {
            return Err(format!(
                "the directory of the zip archive claims {} entries in {} bytes; at most {MOST_MEMBERS} in {LONGEST} bytes \
                 expected, of 46 bytes or more each",
                end.members, end.size
            ));
        }
        file.seek(SeekFrom::Start(end.start)).map_err(io)?;
        let mut directory = Vec::with_capacity(end.size as usize);
        file.take(end.size)
            .read_to_end(&mut directory)
            .map_err(io)?;
        let mut members = Vec::with_capacity(end.members as usize);
        let mut rest = directory.as_slice();
        for i in 0..end.members {
            let (member, used) = member(rest).map_err(|what| format!("zip entry {i}: {what}"))?;
            members.push(member);
            rest = rest.get(used..).unwrap_or_default();
        }
        if !rest.is_empty() {
            let left = rest.len();
            return Err(format!(
                "the directory of the zip archive has {left} bytes too many"
            ));
        }
        apart(&mut members, end.start)?;
        members.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        if let Some(pair) = members.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(format!(
                "two zip entries are called {}",
                shown(&pair[0].name)
            ));
        }
        Ok(Self { members })
    }

    /// All members, by name.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member of that name.
    pub fn find(&self, name: &str) -> Option<&Member> {
        let at = self.members.binary_search_by(|m| m.name.as_str().cmp(name));
        self.members.get(at.ok()?)
    }
}

/// Sets how far each member may reach, and refuses those that begin within another.
fn apart(members: &mut [Member], directory: u64) -> Result<(), String> {
    members.sort_unstable_by_key(|member| member.header);
    for i in 0..members.len() {
        let (limit, next) = match members.get(i + 1) {
            Some(next) => (next.header, shown(&next.name)),
            None => (directory, "the directory".into()),
        };
        let member = &mut members[i];
        let least = (30 + member.name.len() as u64).checked_add(member.packed);
        let end = least.and_then(|least| least.checked_add(member.header));
        if end.is_none_or(|end| end > limit) {
            return Err(format!(
                "zip entry {} ({} bytes at byte {}) overlaps {next}, which begins at byte {limit}",
                shown(&member.name),
                member.packed,
                member.header
            ));
        }
        member.limit = limit;
    }
    Ok(())
}

/// The record at the end of an archive, on its directory.
struct End {
    /// The record's own place.
    at: u64,
    start: u64,
    size: u64,
    members: u64,
}

impl End {
    fn find(file: &mut (impl Read + Seek), len: u64) -> Result<Self, String> {
        let none = || {
            "the zip archive is cut off: its directory, which stands last, is missing".to_owned()
        };
        // It may be followed by a comment, whose length it has.
        let window = len.min(22 + u64::from(u16::MAX));
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(len - window))
            .and_then(|_| file.take(window).read_to_end(&mut tail))
            .map_err(|error| error.to_string())?;
        let is_end = |at: usize| {
            let here = tail.get(at..).unwrap_or_default();
            here.starts_with(b"PK\x05\x06") && usize::from(u16_at(here, 20)) + 22 == here.len()
        };
        let last = tail.len().checked_sub(22).ok_or_else(none)?;
        let before = tail
            .get(..=last)
            .unwrap_or_default()
            .iter()
            .enumerate()
            .rev();
        let found = before.filter(|(_, byte)| **byte == b'P').map(|(at, _)| at);
        let found = found.into_iter().find(|at| is_end(*at)).ok_or_else(none)?;
        let here = &tail[found..];
        let at = len - window + found as u64;
        let disks = [u16_at(here, 4), u16_at(here, 6)];
        let end = Self {
            at,
            start: u64::from(u32_at(here, 16)),
            size: u64::from(u32_at(here, 12)),
            members: u64::from(u16_at(here, 10)),
        };
        let is_large = end.start == u64::from(u32::MAX)
            || end.size == u64::from(u32::MAX)
            || end.members == u64::from(u16::MAX);
        let large = match is_large {
            true => Self::large(file, at)?,
            false => None,
        };
        if large.is_none() && disks != [0, 0] {
            return Err("the zip archive is in several parts; join them first".into());
        }
        Ok(large.unwrap_or(end))
    }

    /// The larger numbers of an archive that has them, from its locator before `at`.
    fn large(file: &mut (impl Read + Seek), at: u64) -> Result<Option<Self>, String> {
        let locator: Option<[u8; 20]> = at.checked_sub(20).and_then(|at| read_at(file, at));
        let Some(locator) = locator.filter(|l| l.starts_with(b"PK\x06\x07")) else {
            return Ok(None);
        };
        let at = u64_at(&locator, 8);
        let end: Option<[u8; 56]> = read_at(file, at);
        let end = end.filter(|end| end.starts_with(b"PK\x06\x06"));
        let end =
            end.ok_or_else(|| format!("the zip archive has no 64-bit directory at byte {at}"))?;
        Ok(Some(Self {
            at,
            start: u64_at(&end, 48),
            size: u64_at(&end, 40),
            members: u64_at(&end, 32),
        }))
    }
}

/// The member at the beginning of the rest of a directory, and how many bytes of that it takes.
fn member(directory: &[u8]) -> Result<(Member, usize), String> {
    let fixed = directory
        .first_chunk::<46>()
        .ok_or("the directory is cut off")?;
    if !fixed.starts_with(b"PK\x01\x02") {
        return Err("there is no directory entry".into());
    }
    let lengths = [28, 30, 32].map(|at| usize::from(u16_at(fixed, at)));
    let used = 46 + lengths.iter().sum::<usize>();
    let name = directory.get(46..46 + lengths[0]);
    let extra = directory.get(46 + lengths[0]..46 + lengths[0] + lengths[1]);
    let (Some(name), Some(extra), true) = (name, extra, used <= directory.len()) else {
        return Err("the directory is cut off".into());
    };
    let name = std::str::from_utf8(name).map_err(|_| "its name is not UTF-8")?;
    let small = [24, 20, 42].map(|at| u64::from(u32_at(fixed, at)));
    let [size, packed, header] = large_numbers(small, extra)?;
    let member = Member {
        name: name.to_owned(),
        crc: u32_at(fixed, 16),
        packed,
        size,
        method: u16_at(fixed, 10),
        is_encrypted: u16_at(fixed, 8) & 1 != 0,
        header,
        limit: 0,
    };
    Ok((member, used))
}

/// Those of the numbers that do not fit 32 bits stand in an extra field, in this order.
fn large_numbers(mut numbers: [u64; 3], mut extra: &[u8]) -> Result<[u64; 3], String> {
    const LARGE: u64 = u32::MAX as u64;
    if !numbers.contains(&LARGE) {
        return Ok(numbers);
    }
    while let Some((head, rest)) = extra.split_first_chunk::<4>() {
        let field = rest
            .get(..usize::from(u16_at(head, 2)))
            .ok_or("its extra fields are cut off")?;
        if u16_at(head, 0) == 1 {
            let mut large = field.chunks_exact(8).map(|n| u64_at(n, 0));
            for number in numbers.iter_mut().filter(|number| **number == LARGE) {
                *number = large.next().ok_or("its 64-bit sizes are missing")?;
            }
            return Ok(numbers);
        }
        extra = &rest[field.len()..];
    }
    Err("its 64-bit sizes are missing".into())
}

/// A name, fit for a message.
fn shown(name: &str) -> String {
    crate::files::shown(name)
}

fn read_at<const N: usize>(file: &mut (impl Read + Seek), at: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    file.seek(SeekFrom::Start(at)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

// Whoever calls these has looked at the length; what is not there reads as zeros.

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk::<2>());
    found.map_or(0, |b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>());
    found.map_or(0, |b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>());
    found.map_or(0, |b| u64::from_le_bytes(*b))
}
