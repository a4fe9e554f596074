//! A run as one page: the window for a browser and a run file, in one file that opens without a network.

use super::Usage;
use crate::files::Part;
use crate::shown::shown_path;
use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzEncoder;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The page without a run, in the folder that `packaging/web.sh` makes.
const PAGE: &str = "page.html";

/// Where the run is put.
const MARK: &str = "<!--run-->";

/// Its title, which becomes that of the run.
const TITLE: &str = "<title>spanscope</title>";

/// The largest run that a page takes, in bytes: browsers hold a text of half a gigabyte.
const LARGEST: u64 = 350_000_000;

/// Bytes that are packed at a time: of three, four letters.
const PIECE: usize = 3 << 18;

/// The page that a run is put into.
pub(super) struct PageTemplate {
    /// What stands before the run and what behind it.
    parts: (String, String),
}

/// The bytes that a run takes in a page, at most: packed it never grows by more than its frame, and three bytes are four letters.
pub(super) fn packed_at_most(bytes: u64) -> u64 {
    let packed = bytes.saturating_add(bytes / 1_000).saturating_add(64);
    packed.div_ceil(3).saturating_mul(4)
}

impl PageTemplate {
    /// The page in `folder`, or where the program's own is.
    ///
    /// # Errors
    /// When there is none: with what makes one.
    pub fn find(folder: Option<&Path>) -> Result<Self> {
        let program = std::env::current_exe().unwrap_or_default();
        let beside = program.parent().unwrap_or(Path::new(""));
        let own = [beside.join("web"), beside.join("../share/spanscope/web")];
        let looked: Vec<PathBuf> = match folder {
            Some(folder) => vec![folder.to_owned()],
            None => own.to_vec(),
        };
        let found = looked.iter().map(|folder| folder.join(PAGE));
        let Some(path) = found.into_iter().find(|path| path.is_file()) else {
            let looked: Vec<String> = looked.iter().map(|folder| shown_path(folder)).collect();
            anyhow::bail!(
                "there is no {PAGE} in {}: a page needs the window for browsers, which `sh packaging/web.sh FOLDER` makes; then \
                 pass --web FOLDER",
                looked.join(" or ")
            );
        };
        let text = std::fs::read_to_string(&path).with_context(|| shown_path(&path))?;
        let Some((before, behind)) = text.split_once(MARK) else {
            anyhow::bail!(
                "{}: this is no page of `sh packaging/web.sh`: there is no place for a run in it",
                shown_path(&path)
            );
        };
        Ok(Self {
            parts: (before.to_owned(), behind.to_owned()),
        })
    }

    /// The bytes of the window.
    pub fn bytes(&self) -> u64 {
        (self.parts.0.len() + self.parts.1.len()) as u64
    }

    /// Refuses a run that no browser would open.
    ///
    /// # Errors
    /// In words, when it has too many bytes.
    pub fn check(&self, run: u64) -> Result<(), Usage> {
        match run {
            0..=LARGEST => Ok(()),
            _ => Err(Usage(format!(
                "the run takes {} MB, and a page holds {} MB at most; keep fewer tokens with --tokens A..B or write --dtype \
                 f16, or write a .safetensors file, which the window in a browser opens as well",
                run / 1_000_000,
                LARGEST / 1_000_000
            ))),
        }
    }

    /// Writes the page with the run file `run` in it.
    ///
    /// # Errors
    /// When the run cannot be read, or the page not written; nothing is left behind then.
    pub fn write(&self, run: &Path, to: &Path) -> Result<()> {
        let name = run.file_name().unwrap_or_default().to_string_lossy();
        let name = escaped(&name);
        let title = format!("<title>{name} – spanscope</title>");
        let (before, behind) = &self.parts;
        let mut page = Writer {
            part: Part::beside(to).with_context(|| shown_path(to))?,
            at: 0,
        };
        let mut write = || -> Result<(), std::io::Error> {
            page.add(before.replacen(TITLE, &title, 1).as_bytes())?;
            let begin =
                format!(r#"<script type="application/gzip+base64" id="run" data-name="{name}">"#);
            page.add(begin.as_bytes())?;
            let mut packed = GzEncoder::new(File::open(run)?, Compression::best());
            let mut piece = Vec::with_capacity(PIECE);
            loop {
                piece.clear();
                (&mut packed).take(PIECE as u64).read_to_end(&mut piece)?;
                page.add(STANDARD.encode(&piece).as_bytes())?;
                if piece.len() < PIECE {
                    break;
                }
            }
            page.add(b"</script>\n")?;
            page.add(behind.as_bytes())
        };
        write().with_context(|| shown_path(to))?;
        page.part.finish().with_context(|| shown_path(to))
    }
}

/// A file that grows.
struct Writer {
    part: Part,
    at: u64,
}

impl Writer {
    fn add(&mut self, bytes: &[u8]) -> Result<(), std::io::Error> {
        self.part.write_at(self.at, bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

/// A text as it stands in HTML, also in quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;

    fn template(folder: &Path) -> PageTemplate {
        let html = format!("<head>{TITLE}</head>\n{MARK}\n<script>window</script>");
        std::fs::write(folder.join(PAGE), html).unwrap();
        PageTemplate::find(Some(folder)).unwrap()
    }

    #[test]
    fn the_run_is_in_the_page_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        let page = template(folder.path());
        // Of several pieces, and packed to little and to nothing less.
        for len in [0, 1, 1000, 2 * PIECE + 1] {
            let random = |i: usize| (i.wrapping_mul(2_654_435_761) >> 13) as u8;
            let bytes: Vec<u8> = (0..len).map(random).collect();
            let run = folder.path().join("a <run> & \"more\".safetensors");
            std::fs::write(&run, &bytes).unwrap();
            let to = folder.path().join("run.html");
            page.write(&run, &to).unwrap();
            let html = std::fs::read_to_string(&to).unwrap();
            let name = "a &lt;run&gt; &amp; &quot;more&quot;.safetensors";
            assert!(html.contains(&format!("<title>{name} – spanscope</title>")));
            let begin = format!("data-name=\"{name}\">");
            let (_, rest) = html.split_once(&begin).unwrap();
            let (packed, rest) = rest.split_once("</script>").unwrap();
            assert!(rest.ends_with("<script>window</script>"));
            assert!(packed.len() as u64 <= packed_at_most(len as u64), "{len}");
            let mut unpacked = Vec::new();
            let packed = STANDARD.decode(packed).unwrap();
            GzDecoder::new(&*packed).read_to_end(&mut unpacked).unwrap();
            assert!(unpacked == bytes, "{len}");
        }
    }

    #[test]
    fn what_is_missing_or_too_large_is_said_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let missing = PageTemplate::find(Some(folder.path())).err().unwrap();
        assert!(missing.to_string().contains("packaging/web.sh"));
        let page = template(folder.path());
        assert!(page.check(LARGEST).is_ok());
        let large = page.check(LARGEST + 1).unwrap_err();
        assert!(large.to_string().contains("--tokens"), "{large}");
        std::fs::write(folder.path().join(PAGE), "<html>").unwrap();
        let other = PageTemplate::find(Some(folder.path())).err().unwrap();
        assert!(other.to_string().contains("no place for a run"));
    }
}
