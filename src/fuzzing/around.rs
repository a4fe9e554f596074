//! Files that are right but for the bytes in them.

/// A legacy stream as far as the protocol, then `rest`.
pub(super) fn legacy(rest: &[u8]) -> Vec<u8> {
    const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    const PROTOCOL: &[u8] = b"\x80\x02M\xe9\x03.";
    [MAGIC, PROTOCOL, rest].concat()
}

/// A `.safetensors` file: what stands before the first zero is the header, what follows are the numbers.
pub(super) fn safetensors(parts: &[u8]) -> Vec<u8> {
    let end = parts.iter().position(|byte| *byte == 0);
    let (header, numbers) = parts.split_at(end.unwrap_or(parts.len()));
    let numbers = numbers.get(1..).unwrap_or_default();
    [&(header.len() as u64).to_le_bytes(), header, numbers].concat()
}

/// A zip archive as PyTorch writes it: the first two bytes are the length of the pickle, then comes the pickle, then the
/// storages "0", "1", … of 16 bytes each.
pub(super) fn zip(parts: &[u8]) -> Vec<u8> {
    let Some((length, parts)) = parts.split_first_chunk::<2>() else {
        return Vec::new();
    };
    let pickle = usize::from(u16::from_le_bytes(*length)).min(parts.len());
    let (pickle, numbers) = parts.split_at(pickle);
    let storages = numbers.chunks(16).take(64).enumerate();
    let storages = storages.map(|(i, bytes)| (format!("a/data/{i}"), bytes));
    let members = std::iter::once(("a/data.pkl".to_owned(), pickle)).chain(storages);
    let (mut file, mut directory, mut count) = (Vec::new(), Vec::new(), 0_u16);
    for (name, bytes) in members {
        let size = (bytes.len() as u32).to_le_bytes();
        let crc = crc32fast::hash(bytes).to_le_bytes();
        let name_length = (name.len() as u16).to_le_bytes();
        // Version, flags, method and time are zeros; so are the lengths of extra fields and comments.
        let common = [&[0; 10], &crc[..], &size, &size, &name_length, &[0; 2]].concat();
        directory.extend([b"PK\x01\x02\0\0", common.as_slice(), &[0; 10]].concat());
        directory.extend((file.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        file.extend([b"PK\x03\x04", common.as_slice(), name.as_bytes(), bytes].concat());
        count += 1;
    }
    let counts = [count.to_le_bytes(), count.to_le_bytes()].concat();
    let size = (directory.len() as u32).to_le_bytes();
    let start = (file.len() as u32).to_le_bytes();
    let end = [
        b"PK\x05\x06\0\0\0\0",
        counts.as_slice(),
        &size,
        &start,
        &[0; 2],
    ]
    .concat();
    [file, directory, end].concat()
}
