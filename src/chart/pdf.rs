//! A drawing as a PDF page.

use super::provenance::WRITTEN_BY;
use super::{ChartError, Provenance, font};
// The version of `pdf-writer` is the one that `svg2pdf` speaks.
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, TextStr};
use std::collections::HashMap;
use svg2pdf::{ConversionOptions, usvg};

/// CSS pixels in an inch, which lengths of an SVG in millimetres become.
const PX_PER_INCH: f32 = 96.0;

/// An SVG as a PDF of one page of its size. Text stays text, set in subsets of the bundled fonts. No date is in it,
/// but the order of its parts may differ from one writing to the next.
pub(super) fn pdf(svg: &str, title: &str, provenance: &Provenance) -> Result<Vec<u8>, ChartError> {
    let mut options = usvg::Options {
        fontdb: font::database_of_pdf(),
        font_family: "Inter".to_owned(),
        ..usvg::Options::default()
    };
    // No file is read.
    options.image_href_resolver.resolve_string = Box::new(|_, _| None);
    let fail = |error: &dyn std::fmt::Display| ChartError::Pdf(error.to_string());
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| fail(&error))?;
    let conversion = ConversionOptions::default();
    let (chunk, drawing) = svg2pdf::to_chunk(&tree, conversion).map_err(|error| fail(&error))?;

    let mut next = Ref::new(1);
    let [catalog, pages, page_id, content_id, info] = std::array::from_fn(|_| next.bump());
    let mut numbers = HashMap::new();
    let chunk = chunk.renumber(|old| *numbers.entry(old).or_insert_with(|| next.bump()));
    let drawing = *numbers
        .get(&drawing)
        .ok_or_else(|| fail(&"the drawing is not in its own page"))?;

    let points = 72.0 / PX_PER_INCH;
    let (width, height) = (tree.size().width() * points, tree.size().height() * points);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([page_id]).count(1);
    let name = Name(b"Figure");
    let mut page = pdf.page(page_id);
    page.media_box(Rect::new(0.0, 0.0, width, height));
    page.parent(pages).contents(content_id);
    page.resources().x_objects().pair(name, drawing);
    page.finish();
    let mut content = Content::new();
    // The drawing is one unit high and wide.
    content
        .transform([width, 0.0, 0.0, height, 0.0, 0.0])
        .x_object(name);
    pdf.stream(content_id, &content.finish());
    pdf.extend(&chunk);
    let words = provenance.to_string();
    let mut about = pdf.document_info(info);
    if !title.is_empty() {
        about.title(TextStr(title));
    }
    about.subject(TextStr(&words));
    about.creator(TextStr(WRITTEN_BY));
    about.producer(TextStr(WRITTEN_BY));
    about.finish();
    Ok(pdf.finish())
}
