//! A drawing as a PDF page.
//!
//! The page is written here, from the tree of shapes that PNGs are drawn of: one library reads the SVG, and what a text
//! reads as is known for every glyph. The same drawing gives the same bytes: no date is in it, and nothing is in the
//! order of a hash table.

mod fonts;
mod page;
mod pictures;
mod shapes;

use super::drawing::Drawing;
use super::provenance::WRITTEN_BY;
use super::{ChartError, Provenance};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use page::Page;
use pdf_writer::{Filter, Finish as _, Pdf, Rect, Ref, TextStr};
use std::io::Write as _;

/// Points in a CSS pixel, which lengths of an SVG in millimetres become.
const POINTS: f32 = 72.0 / 96.0;

/// A drawing as a PDF of one page of its size. Text stays text, set in subsets of the bundled fonts.
pub(super) fn pdf(
    drawing: &Drawing,
    title: &str,
    provenance: &Provenance,
) -> Result<Vec<u8>, ChartError> {
    let size = drawing.tree.size();
    let (width, height) = (size.width() * POINTS, size.height() * POINTS);
    let mut file = File {
        pdf: Pdf::new(),
        next: Ref::new(1),
    };
    let [catalog, pages, page_id, content_id, info] = std::array::from_fn(|_| file.next.bump());
    file.pdf.catalog(catalog).pages(pages);
    file.pdf.pages(pages).kids([page_id]).count(1);

    let mut page = Page::new(drawing, file);
    // The drawing's y goes down, the paper's up.
    page.content
        .transform([POINTS, 0.0, 0.0, -POINTS, 0.0, height]);
    page.group(drawing.tree.root())?;
    let (mut file, content, resources) = page.finish()?;

    let mut about = file.pdf.page(page_id);
    about.media_box(Rect::new(0.0, 0.0, width, height));
    about.parent(pages).contents(content_id);
    resources.write(&mut about.resources());
    about.finish();
    file.stream(content_id, &content)?;

    let words = provenance.to_string();
    let mut about = file.pdf.document_info(info);
    if !title.is_empty() {
        about.title(TextStr(title));
    }
    about.subject(TextStr(&words));
    about.creator(TextStr(WRITTEN_BY));
    about.producer(TextStr(WRITTEN_BY));
    about.finish();
    Ok(file.pdf.finish())
}

/// A file that is being written.
struct File {
    pdf: Pdf,
    /// The number of the next object.
    next: Ref,
}

impl File {
    /// Writes a compressed stream.
    fn stream(&mut self, id: Ref, data: &[u8]) -> Result<(), ChartError> {
        let data = deflate(data)?;
        self.pdf.stream(id, &data).filter(Filter::FlateDecode);
        Ok(())
    }
}

fn deflate(data: &[u8]) -> Result<Vec<u8>, ChartError> {
    let mut out = ZlibEncoder::new(Vec::new(), Compression::default());
    out.write_all(data)
        .and_then(|()| out.finish())
        .map_err(|error| ChartError::Pdf(error.to_string()))
}

#[cfg(test)]
mod tests;
