//! Files that are no checkpoints: what they are, and what to do with them.

use crate::files::shown;

/// A description of a file that is no checkpoint, by its first bytes.
pub(super) fn describe(head: &[u8]) -> String {
    if head.is_empty() {
        return "the file is empty".into();
    }
    if let Some((_, what)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return (*what).to_owned();
    }
    let at = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
    if at(257, b"ustar") {
        return "a tar archive; unpack it first, and open the model in it".into();
    }
    // A SavedModel's version, and the first of its graphs.
    if head.starts_with(&[0x08, 0x01, 0x12]) {
        return "a TensorFlow SavedModel; networks of TensorFlow are not read".into();
    }
    if at(4, b"TFL3") {
        return "a TensorFlow Lite model; networks of TensorFlow are not read".into();
    }
    if at(8, b"WEBP") && head.starts_with(b"RIFF") {
        return "a picture (WebP)".into();
    }
    // A dict or a list in protocol 0 begins with a mark.
    if matches!(
        head,
        [0x80, 2..=5, ..] | [b'(', b'd' | b'l', b'p' | b'.', ..]
    ) {
        return "a Python pickle that torch.save did not write, as pickle.dump and joblib make them; load it in Python and save \
                the weights with torch.save(model.state_dict(), \"weights.pt\")"
            .into();
    }
    let start = &head[..head.len().min(4096)];
    // Text may be cut within a character.
    let text = match std::str::from_utf8(start) {
        Ok(text) => Some(text),
        Err(error) if start.len() - error.valid_up_to() < 4 && head.len() > start.len() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    let is_text = |text: &&str| !text.chars().any(|c| c.is_control() && !c.is_whitespace());
    match text.filter(is_text) {
        Some(text) => text_of(text),
        None if is_onnx(start) => {
            "an ONNX model; export nothing, but save the weights from PyTorch: \
                                   torch.save(model.state_dict(), \"weights.pt\")"
                .into()
        }
        None => {
            let first = &head[..head.len().min(16)];
            let hex: Vec<String> = first.iter().map(|b| format!("{b:02x}")).collect();
            format!("it begins with the bytes {}", hex.join(" "))
        }
    }
}

/// The first bytes of known formats, and their descriptions.
const MAGICS: [(&[u8], &str); 27] = [
    (b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"%PDF-", "a PDF document"),
    (
        b"GGUF",
        "a GGUF model, as llama.cpp reads it, where a file of another kind is expected",
    ),
    (
        b"\x89HDF\r\n\x1a\n",
        "an HDF5 file, as Keras saves models; networks of Keras are not read",
    ),
    (b"\x93NUMPY", "a NumPy array (.npy), not a model"),
    (
        b"\x1f\x8b",
        "it is packed with gzip; unpack it first: gunzip",
    ),
    (b"\xfd7zXZ\0", "it is packed with xz; unpack it first: unxz"),
    (
        b"\x5d\0\0",
        "it is packed with LZMA; unpack it first: unlzma",
    ),
    (b"BZh", "it is packed with bzip2; unpack it first: bunzip2"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first: 7z x"),
    (
        b"\x28\xb5\x2f\xfd",
        "it is packed with Zstandard; unpack it first: unzstd",
    ),
    (
        b"\x04\x22\x4d\x18",
        "it is packed with LZ4; unpack it first: unlz4",
    ),
    (b"Rar!", "a RAR archive; unpack it first: unrar x"),
    (b"PK\x05\x06", "an empty zip archive"),
    (
        b"PK\x07\x08",
        "a part of a zip archive that was split; put its parts together first",
    ),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program for Windows"),
    (b"SQLite format 3\0", "an SQLite database"),
    (
        b"ggml",
        "a GGML model, as llama.cpp read it once; its networks are of another kind",
    ),
    (
        b"ggjt",
        "a GGML model, as llama.cpp read it once; its networks are of another kind",
    ),
    (b"PAR1", "a Parquet table, not a model"),
    (b"ARROW1", "an Arrow table, not a model"),
    (b"ID3", "a sound (MP3)"),
    (
        b"\0\0\0\0\0\0\0\0",
        "it begins with zeros: a download that was not finished, or a damaged disk",
    ),
    (b"RIFF", "a sound or a picture (RIFF)"),
];

/// ONNX is a protocol buffer: the version of its format first, then who made it.
fn is_onnx(start: &[u8]) -> bool {
    let has = |word: &[u8]| start.windows(word.len()).any(|part| part == word);
    start.first() == Some(&8) && (has(b"onnx") || has(b"pytorch") || has(b"tf2onnx"))
}

fn text_of(text: &str) -> String {
    let trimmed = text.trim_start_matches('\u{feff}').trim_start();
    let lower: String = trimmed.chars().take(64).collect::<String>().to_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return "a web page, as downloads give that need a login or a confirmation; download the file itself".into();
    }
    if trimmed.starts_with("version https://git-lfs") {
        return "a Git LFS pointer, which stands for the file; fetch the file itself: git lfs pull"
            .into();
    }
    if trimmed.starts_with('{') || trimmed.starts_with('[') {
        let has = |word: &str| text.contains(&format!("\"{word}\""));
        if has("weight_map") {
            return "the index of a model in several files, as Hugging Face saves them; open the folder that it is in".into();
        }
        if has("model_type") || has("architectures") || has("transformers_version") {
            return "the configuration of a Hugging Face model, not its weights; open the folder that it is in".into();
        }
        return "a JSON text; a vocabulary belongs after --vocab, ids after --ids".into();
    }
    let start: String = trimmed.chars().take(16).collect();
    format!(
        "a text that begins with \"{}\"; open it as a text",
        shown(&start)
    )
}

/// A description of an archive that may well hold a pickle and is no checkpoint: of the names of its members.
pub(super) fn archive<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let has = |end: &str| {
        let mut names = names.clone();
        names.any(|name| name == end || name.ends_with(&format!("/{end}")))
    };
    let mut parts = names.clone();
    if has("constants.pkl") && (parts.any(|name| name.contains("/code/")) || has("data.pkl")) {
        return Some(
            "a TorchScript archive: the program of a network beside its weights; save the weights alone: \
             torch.save(torch.jit.load(path).state_dict(), \"weights.pt\")"
                .into(),
        );
    }
    let is_exported = has("serialized_exported_program.json")
        || has("models/model.json")
        || has("archive_format") && !has("data.pkl");
    is_exported.then(|| {
        "a program that torch.export saved (.pt2); save the weights alone: \
         torch.save(torch.export.load(path).state_dict, \"weights.pt\")"
            .into()
    })
}

/// A description of a zip archive that holds no pickle, by the names of its members.
pub(super) fn no_pickle<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    let ends = |ending: &str| names.clone().find(|name| name.ends_with(ending));
    let what = if let Some(name) = [".pt", ".pth", ".bin", ".ckpt", ".safetensors"]
        .iter()
        .find_map(|e| ends(e))
    {
        format!("a model lies in it: unpack it, and open {}", shown(name))
    } else if ends(".npy").is_some() {
        "they are NumPy arrays (.npz), not a model".into()
    } else if ends("model.weights.h5").is_some() || ends(".h5").is_some() {
        "it is a Keras model; networks of Keras are not read".into()
    } else if ends("[Content_Types].xml").is_some() {
        "it is an office document".into()
    } else if ends("META-INF/MANIFEST.MF").is_some() {
        "it is a Java archive".into()
    } else {
        let first: Vec<String> = names.clone().take(3).map(shown).collect();
        match first.is_empty() {
            true => "it is empty".into(),
            false => format!("it holds {}", first.join(", ")),
        }
    };
    format!("this zip archive holds no data.pkl, so it is not what torch.save writes: {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_programs_are_called_what_they_are() {
        let tar = [vec![b'a'; 257], b"ustar\x0000".to_vec()].concat();
        let long = format!("{}é", "a ".repeat(2047) + "a");
        for (head, expected) in [
            (&b"\x89PNG\r\n\x1a\n00"[..], "PNG"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
            (b"%PDF-1.7\n%\xe2", "PDF"),
            (b"GGUF\x03\0\0\0", "GGUF"),
            (b"\x89HDF\r\n\x1a\n", "HDF5"),
            (b"\xfd7zXZ\0\0", "xz"),
            (b"\x5d\0\0\x80\0\xff", "LZMA"),
            (b"BZh91AY", "bzip2"),
            (b"7z\xbc\xaf\x27\x1c\0", "7z"),
            (b"\x80\x04\x95\0", "pickle"),
            (b"\x08\x07\x12\x07pytorch\x1a\x05", "ONNX"),
            (b"{\"architectures\": [\"GPT2\"], ", "Hugging Face"),
            (b"{\"metadata\": {}, \"weight_map\": {}}", "several files"),
            (b"<!DOCTYPE html><html>", "web page"),
            (
                b"version https://git-lfs.github.com/spec/v1\n",
                "git lfs pull",
            ),
            (b"hello", "\"hello\""),
            (b"\x01\x02\xff", "01 02 ff"),
            (&tar, "tar"),
            (long.as_bytes(), "text"),
            (b"", "empty"),
        ] {
            let said = describe(head);
            assert!(said.contains(expected), "{expected}: {said}");
            assert!(said.len() < 300);
        }
    }
}
