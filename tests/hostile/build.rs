//! Small builders of pickles, archives, streams and headers: right ones, to be made wrong at one place.

/// One opcode of a pickle, or several.
pub type Ops = Vec<u8>;

pub fn text(s: &str) -> Ops {
    let length = (s.len() as u32).to_le_bytes();
    [b"X", length.as_slice(), s.as_bytes()].concat()
}

/// An integer, as a pickle spells any.
pub fn int(i: i64) -> Ops {
    [b"\x8a\x08".as_slice(), &i.to_le_bytes()].concat()
}

pub fn tuple(items: &[Ops]) -> Ops {
    [b"(", items.concat().as_slice(), b"t"].concat()
}

pub fn ints(items: &[i64]) -> Ops {
    tuple(&items.iter().map(|i| int(*i)).collect::<Vec<_>>())
}

pub fn dict(entries: &[(Ops, Ops)]) -> Ops {
    let flat = entries.iter().flat_map(|(k, v)| [k.as_slice(), v].concat());
    [b"}(".to_vec(), flat.collect(), b"u".to_vec()].concat()
}

/// Puts what `ops` makes into the memo.
pub fn memo(key: u32, ops: Ops) -> Ops {
    [ops, b"r".to_vec(), key.to_le_bytes().to_vec()].concat()
}

pub fn recall(key: u32) -> Ops {
    [b"j".as_slice(), &key.to_le_bytes()].concat()
}

/// A storage of `count` numbers of a class such as `FloatStorage`.
pub fn storage(key: &str, class: &str, count: i64) -> Ops {
    let class = format!("ctorch\n{class}\n").into_bytes();
    let id = [text("storage"), class, text(key), text("cpu"), int(count)];
    [tuple(&id), b"Q".to_vec()].concat()
}

/// A tensor on a storage.
pub fn tensor_on(storage: Ops, offset: i64, shape: &[i64], strides: &[i64]) -> Ops {
    [
        b"ctorch._utils\n_rebuild_tensor_v2\n(".to_vec(),
        storage,
        int(offset),
        ints(shape),
        ints(strides),
        b"\x89ccollections\nOrderedDict\n)RtR".to_vec(),
    ]
    .concat()
}

/// A vector of `n` numbers with a storage of its own.
pub fn vector(key: &str, n: i64) -> Ops {
    tensor_on(storage(key, "FloatStorage", n), 0, &[n], &[1])
}

/// A program, ready to be run.
pub fn pickle(ops: Ops) -> Vec<u8> {
    [b"\x80\x02".to_vec(), ops, b".".to_vec()].concat()
}

/// A checkpoint's pickle with this state dict.
pub fn checkpoint(entries: &[(Ops, Ops)]) -> Vec<u8> {
    pickle(dict(&[(text("model"), dict(entries))]))
}

pub fn numbers(n: usize) -> Vec<u8> {
    (0..n).flat_map(|i| (i as f32).to_le_bytes()).collect()
}

/// A member of an archive. What is not set here is right.
#[derive(Clone)]
pub struct Member {
    pub name: String,
    pub bytes: Vec<u8>,
    /// What the directory claims; the bytes' own length and sum, if nothing.
    pub size: Option<u64>,
    pub packed: Option<u64>,
    pub crc: Option<u32>,
    /// Where the directory says that it begins.
    pub at: Option<u64>,
    pub method: u16,
    pub flags: u16,
}

impl Member {
    pub fn new(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            bytes,
            size: None,
            packed: None,
            crc: None,
            at: None,
            method: 0,
            flags: 0,
        }
    }

    /// The same, compressed.
    pub fn deflated(name: &str, bytes: &[u8]) -> Self {
        use std::io::Write;
        let level = flate2::Compression::best();
        let mut to = flate2::write::DeflateEncoder::new(Vec::new(), level);
        to.write_all(bytes).unwrap();
        Self {
            size: Some(bytes.len() as u64),
            crc: Some(crc32fast::hash(bytes)),
            method: 8,
            ..Self::new(name, to.finish().unwrap())
        }
    }
}

/// An archive of these members, whose sizes stand in 64-bit fields if they must.
pub fn archive(members: &[Member]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        let crc = member.crc.unwrap_or_else(|| crc32fast::hash(&member.bytes));
        let packed = member.packed.unwrap_or(member.bytes.len() as u64);
        let size = member.size.unwrap_or(packed);
        let at = member.at.unwrap_or(file.len() as u64);
        let large = [size, packed, at].iter().any(|n| *n >= u64::from(u32::MAX));
        let small = |n: u64| match large {
            true => u32::MAX.to_le_bytes(),
            false => (n as u32).to_le_bytes(),
        };
        let extra = match large {
            true => {
                let numbers = [size, packed, at].map(u64::to_le_bytes).concat();
                [&1_u16.to_le_bytes()[..], &24_u16.to_le_bytes(), &numbers].concat()
            }
            false => Vec::new(),
        };
        let name_length = (member.name.len() as u16).to_le_bytes();
        let head = |extra: usize| {
            let (flags, method) = (member.flags.to_le_bytes(), member.method.to_le_bytes());
            let fixed = [&b"\x14\0"[..], &flags, &method, &[0; 4], &crc.to_le_bytes()].concat();
            let lengths = [name_length, (extra as u16).to_le_bytes()].concat();
            [fixed, small(packed).to_vec(), small(size).to_vec(), lengths].concat()
        };
        directory.extend([b"PK\x01\x02\x14\0".to_vec(), head(extra.len()), vec![0; 10]].concat());
        directory.extend(small(at));
        directory.extend([member.name.as_bytes(), &extra].concat());
        file.extend([b"PK\x03\x04", head(0).as_slice(), member.name.as_bytes()].concat());
        file.extend(&member.bytes);
    }
    finish(file, directory, members.len() as u16)
}

/// Puts a directory and what ends an archive behind its members.
pub fn finish(file: Vec<u8>, directory: Vec<u8>, count: u16) -> Vec<u8> {
    let counts = [count.to_le_bytes(), count.to_le_bytes()].concat();
    let places = [directory.len() as u32, file.len() as u32]
        .map(u32::to_le_bytes)
        .concat();
    let end = [b"PK\x05\x06\0\0\0\0", counts.as_slice(), &places, &[0; 2]].concat();
    [file, directory, end].concat()
}

/// A zip checkpoint: a pickle and storages by key.
pub fn zip(pickle: Vec<u8>, storages: &[(&str, Vec<u8>)]) -> Vec<u8> {
    archive(&members(pickle, storages))
}

pub fn members(pickle: Vec<u8>, storages: &[(&str, Vec<u8>)]) -> Vec<Member> {
    let storages = storages.iter();
    let storages =
        storages.map(|(key, bytes)| Member::new(&format!("a/data/{key}"), bytes.clone()));
    std::iter::once(Member::new("a/data.pkl", pickle))
        .chain(storages)
        .collect()
}

/// A legacy stream: the object's pickle, the keys of its storages, and these with the counts that stand before them.
pub fn legacy(object: Vec<u8>, keys: &[&str], storages: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let keys: Vec<u8> = keys.iter().flat_map(|key| text(key)).collect();
    let keys = pickle([b"](".to_vec(), keys, b"e".to_vec()].concat());
    let storages = storages.iter().flat_map(|(count, bytes)| {
        let count = count.to_le_bytes().to_vec();
        [count, bytes.clone()].concat()
    });
    [legacy_head(), object, keys, storages.collect()].concat()
}

/// The first three pickles of a legacy stream.
pub fn legacy_head() -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec();
    [
        magic,
        b"\x80\x02M\xe9\x03.".to_vec(),
        b"\x80\x02}.".to_vec(),
    ]
    .concat()
}

/// A `.safetensors` file.
pub fn safetensors(header: &str, bytes: &[u8]) -> Vec<u8> {
    [
        &(header.len() as u64).to_le_bytes(),
        header.as_bytes(),
        bytes,
    ]
    .concat()
}
