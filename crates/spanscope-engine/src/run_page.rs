//! A run as one page: the window for a browser and a run file, in one file that opens without a network.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzEncoder;
use spanscope_chart::fonts;
use spanscope_core::files::Part;
use spanscope_core::model::Cancel;
use spanscope_core::platform::fs::{self, File};
use spanscope_core::shown::shown_path;
use std::io::{self, Read};
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

/// A run does not become a page.
#[derive(Debug, thiserror::Error)]
pub enum RunPageError {
    /// The window for browsers is not at hand.
    #[error(
        "there is no {PAGE} in {}: a page needs the window for browsers, which `sh packaging/web.sh FOLDER` makes",
        listed(looked)
    )]
    NoWindow {
        /// The folders that were looked into.
        looked: Vec<PathBuf>,
    },
    /// The page has no place for a run.
    #[error(
        "{}: this is no page of `sh packaging/web.sh`: there is no place for a run in it",
        shown_path(path)
    )]
    NoPlace {
        /// The file.
        path: PathBuf,
    },
    /// No browser would open it.
    #[error(
        "the run takes {} MB, and a page holds {} MB at most; keep fewer tokens, with --tokens A..B, or 16 bits of each number, with \
         --dtype f16, or write a .safetensors file, which the window in a browser opens as well",
        bytes / 1_000_000,
        LARGEST / 1_000_000
    )]
    TooLarge {
        /// Bytes of the run.
        bytes: u64,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", shown_path(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn listed(folders: &[PathBuf]) -> String {
    let folders: Vec<String> = folders.iter().map(|folder| shown_path(folder)).collect();
    folders.join(" or ")
}

/// The page that a run is put into.
#[derive(Debug)]
pub struct RunPage {
    /// What stands before the run and what behind it.
    parts: (String, String),
    /// The fonts that the texts of the run need, packed.
    fonts: String,
}

/// The bytes that a run takes in a page, at most: packed it never grows by more than its frame, and three bytes are four letters.
pub fn packed_at_most(bytes: u64) -> u64 {
    let packed = bytes.saturating_add(bytes / 1_000).saturating_add(64);
    packed.div_ceil(3).saturating_mul(4)
}

impl RunPage {
    /// The folders in which the program's own page lies, where it has one: the first is beside it.
    pub fn own_folders() -> [PathBuf; 2] {
        let program = std::env::current_exe().unwrap_or_default();
        let beside = program.parent().unwrap_or(Path::new(""));
        [beside.join("web"), beside.join("../share/spanscope/web")]
    }

    /// The page in the first of these folders that has one.
    ///
    /// # Errors
    /// When none has: with what makes one.
    pub fn find(folders: &[PathBuf]) -> Result<Self, RunPageError> {
        let found = folders.iter().map(|folder| folder.join(PAGE));
        let Some(path) = found.into_iter().find(|path| fs::is_file(path)) else {
            let looked = folders.to_vec();
            return Err(RunPageError::NoWindow { looked });
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(source) => return Err(RunPageError::Io { path, source }),
        };
        let Some((before, behind)) = text.split_once(MARK) else {
            return Err(RunPageError::NoPlace { path });
        };
        Ok(Self {
            parts: (before.to_owned(), behind.to_owned()),
            fonts: String::new(),
        })
    }

    /// Puts the fonts into it that these texts need and its program lacks.
    ///
    /// # Errors
    /// When one cannot be packed.
    pub fn with_fonts<'a>(
        mut self,
        texts: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, RunPageError> {
        let mut all: Vec<&fonts::Fallback> = Vec::new();
        for text in texts {
            for font in fonts::of_text(&String::from_utf8_lossy(text)) {
                if !all.iter().any(|other| other.file == font.file) {
                    all.push(font);
                }
            }
        }
        for font in all {
            let file = format!("fonts/{}", font.file);
            let mut packed = String::new();
            let begin = format!(r#"<script type="application/gzip+base64" data-file="{file}">"#);
            packed.push_str(&begin);
            let mut add = |piece: &str| {
                packed.push_str(piece);
                Ok(true)
            };
            pack(font.bytes(), &mut add).map_err(|source| RunPageError::Io {
                path: file.into(),
                source,
            })?;
            packed.push_str("</script>\n");
            self.fonts.push_str(&packed);
        }
        Ok(self)
    }

    /// The bytes of the window, with its fonts.
    pub fn bytes(&self) -> u64 {
        (self.parts.0.len() + self.fonts.len() + self.parts.1.len()) as u64
    }

    /// Refuses a run that no browser would open.
    ///
    /// # Errors
    /// When it has too many bytes.
    pub fn check(bytes: u64) -> Result<(), RunPageError> {
        match bytes {
            0..=LARGEST => Ok(()),
            _ => Err(RunPageError::TooLarge { bytes }),
        }
    }

    /// Writes the page with the run file `run` in it, which is called `name` there. Returns whether it was written: it is not where
    /// that was cancelled.
    ///
    /// # Errors
    /// When the run cannot be read, or the page not written; nothing is left behind then.
    pub fn write(
        &self,
        run: &Path,
        name: &str,
        to: &Path,
        cancel: &Cancel,
    ) -> Result<bool, RunPageError> {
        let of = |path: &Path| {
            let path = path.to_owned();
            move |source| RunPageError::Io { path, source }
        };
        let name = escaped(name);
        let title = format!("<title>{name} – spanscope</title>");
        let (before, behind) = &self.parts;
        let run = File::open(run).map_err(of(run))?;
        let mut page = Writer {
            part: Part::beside(to).map_err(of(to))?,
            at: 0,
        };
        let write = || -> io::Result<bool> {
            page.add(&before.replacen(TITLE, &title, 1))?;
            page.add(&self.fonts)?;
            page.add(&format!(
                r#"<script type="application/gzip+base64" id="run" data-name="{name}">"#
            ))?;
            let mut add = |piece: &str| {
                page.add(piece)?;
                Ok(!cancel.is_cancelled())
            };
            if !pack(run, &mut add)? {
                return Ok(false);
            }
            page.add("</script>\n")?;
            page.add(behind)?;
            Ok(true)
        };
        if !write().map_err(of(to))? {
            return Ok(false);
        }
        page.part.finish().map_err(of(to))?;
        Ok(true)
    }
}

/// Packs what is read, and hands it on as letters, piece by piece, as long as `add` returns true. Returns whether that is all.
fn pack(from: impl Read, add: &mut dyn FnMut(&str) -> io::Result<bool>) -> io::Result<bool> {
    let mut packed = GzEncoder::new(from, Compression::best());
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        (&mut packed).take(PIECE as u64).read_to_end(&mut piece)?;
        if !add(&STANDARD.encode(&piece))? {
            return Ok(false);
        }
        if piece.len() < PIECE {
            return Ok(true);
        }
    }
}

/// A file that grows.
struct Writer {
    part: Part,
    at: u64,
}

impl Writer {
    fn add(&mut self, text: &str) -> io::Result<()> {
        self.part.write_at(self.at, text.as_bytes())?;
        self.at += text.len() as u64;
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

    fn page_in(folder: &Path) -> RunPage {
        let html = format!("<head>{TITLE}</head>\n{MARK}\n<script>window</script>");
        std::fs::write(folder.join(PAGE), html).unwrap();
        RunPage::find(&[folder.join("none"), folder.to_owned()]).unwrap()
    }

    fn unpacked(letters: &str) -> Vec<u8> {
        let packed = STANDARD.decode(letters).unwrap();
        let mut unpacked = Vec::new();
        GzDecoder::new(&*packed).read_to_end(&mut unpacked).unwrap();
        unpacked
    }

    #[test]
    fn the_run_is_in_the_page_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        let page = page_in(folder.path());
        let run = folder.path().join("run");
        let to = folder.path().join("run.html");
        // Of several pieces, and packed to little and to nothing less.
        for len in [0, 1, 1000, 2 * PIECE + 1] {
            let random = |i: usize| (i.wrapping_mul(2_654_435_761) >> 13) as u8;
            let bytes: Vec<u8> = (0..len).map(random).collect();
            std::fs::write(&run, &bytes).unwrap();
            let name = "a <run> & \"more\".safetensors";
            assert!(page.write(&run, name, &to, &Cancel::default()).unwrap());
            let html = std::fs::read_to_string(&to).unwrap();
            let name = "a &lt;run&gt; &amp; &quot;more&quot;.safetensors";
            assert!(html.contains(&format!("<title>{name} – spanscope</title>")));
            let begin = format!("data-name=\"{name}\">");
            let (_, rest) = html.split_once(&begin).unwrap();
            let (packed, rest) = rest.split_once("</script>").unwrap();
            assert!(rest.ends_with("<script>window</script>"));
            assert!(packed.len() as u64 <= packed_at_most(len as u64), "{len}");
            assert!(unpacked(packed) == bytes, "{len}");
        }
        let given_up = Cancel::default();
        given_up.cancel();
        std::fs::remove_file(&to).unwrap();
        assert!(!page.write(&run, "run", &to, &given_up).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn the_fonts_that_a_text_needs_are_in_the_page_once() {
        let folder = tempfile::tempdir().unwrap();
        let plain = page_in(folder.path()).bytes();
        let latin = page_in(folder.path()).with_fonts(["naïve".as_bytes(), b"\xff"]);
        assert_eq!(latin.unwrap().bytes(), plain);
        let texts = ["ไทย".as_bytes(), "שלום ไทย".as_bytes()];
        let page = page_in(folder.path()).with_fonts(texts).unwrap();
        let (run, to) = (folder.path().join("run"), folder.path().join("run.html"));
        std::fs::write(&run, b"the run").unwrap();
        page.write(&run, "run", &to, &Cancel::default()).unwrap();
        let html = std::fs::read_to_string(&to).unwrap();
        assert_eq!(html.matches("data-file=").count(), 2);
        for file in ["NotoSansThai-Subset.ttf", "NotoSansHebrew-Subset.ttf"] {
            let (_, rest) = html.split_once(&format!("fonts/{file}\">")).unwrap();
            let (packed, _) = rest.split_once("</script>").unwrap();
            let font = fonts::FALLBACKS.iter().find(|font| font.file == file);
            assert!(unpacked(packed) == font.unwrap().bytes(), "{file}");
        }
        assert!(page.bytes() > plain + 10_000);
    }

    #[test]
    fn what_is_missing_or_too_large_is_said_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned()];
        let missing = RunPage::find(&folders).unwrap_err();
        assert!(missing.to_string().contains("packaging/web.sh"));
        assert!(RunPage::check(LARGEST).is_ok());
        let large = RunPage::check(LARGEST + 1).unwrap_err();
        assert!(large.to_string().contains("--tokens"), "{large}");
        std::fs::write(folder.path().join(PAGE), "<html>").unwrap();
        let other = RunPage::find(&folders).unwrap_err();
        assert!(other.to_string().contains("no place for a run"));
    }
}
