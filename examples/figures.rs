//! Figures and weights of a model from a program: the same that the window and the command line write.
//!
//! `cargo run --example figures -- MODEL TEXT FOLDER`; without arguments, the bundled model on its text, into a folder
//! `figures`.

use spanscope::analysis::TokenSet;
use spanscope::chart::{Figure, Style};
use spanscope::engine::figures::{FigureChoice, FigureKind, figure, sign};
use spanscope::engine::{Engine, Heads, SAMPLES, Source, write_weights};
use spanscope::model::HeadId;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (source, text, name, folder) = match arguments.as_slice() {
        [model, text, folder] => {
            let source = Source::File {
                path: model.clone(),
                vocab: None,
                ramp: None,
            };
            let content = std::fs::read_to_string(text)?;
            (source, content, text.display().to_string(), folder.clone())
        }
        _ => {
            let text = SAMPLES[0].text.to_owned();
            (
                Source::Sample(&SAMPLES[0]),
                text,
                "sample".into(),
                "figures".into(),
            )
        }
    };
    std::fs::create_dir_all(&folder)?;

    // The engine computes on a thread of its own, and only what it is asked to look at.
    let engine = Engine::start(source, text.into(), || {});
    let mut selected = TokenSet::default();
    selected.insert(100..140);
    let choice = FigureChoice {
        heads: Heads::one(HeadId::new(3, 1)),
        queries: 100..140,
        tokens: selected,
        effective: [true; 3],
        sorted: true,
        ..FigureChoice::default()
    };
    // As wide as one of two columns, with smaller type, and a caption instead of a title.
    let style = Style {
        width_mm: 84.0,
        font_pt: 7.0,
        titled: false,
        ..Style::default()
    };
    for kind in [FigureKind::Spans, FigureKind::Mask, FigureKind::Attention] {
        engine.look(choice.looks(kind));
        let snapshot = engine.wait();
        if let Some(failure) = &snapshot.failure {
            return Err(failure.message.clone().into());
        }
        let model = snapshot.model.as_ref().ok_or("no model is open")?;
        let mut made: Box<dyn Figure> = figure(kind, &snapshot, &choice)?;
        sign(&mut *made, kind, &snapshot, &choice, &name);
        for ending in ["pdf", "svg", "csv"] {
            made.write(&folder.join(format!("{}.{ending}", kind.id())), &style)?;
        }
        if let Some(detail) = snapshot
            .detail
            .as_ref()
            .filter(|_| kind == FigureKind::Attention)
        {
            let path = folder.join("head.safetensors");
            write_weights(&path, model, &detail.weights, &detail.heads, &name)?;
        }
    }
    println!("written to {}", folder.display());
    Ok(())
}
