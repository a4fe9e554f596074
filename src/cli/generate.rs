//! `generate`: continues a text, printing it as it comes.

use super::args::GenerateArgs;
use super::common::{check_ids, covered, name};
use super::what_if::open_changed;
use crate::engine::{EngineError, GenerationRequest, Sampling, generate};
use crate::model::{Cancel, ModelError, NoObserver, Run};
use crate::text::{self, Vocabulary};
use anyhow::Result;
use std::io::Write;
use std::sync::Arc;

pub(super) fn run(args: &GenerateArgs, out: &mut impl Write) -> Result<()> {
    let model = open_changed(&args.model, &args.common, &args.what_if)?;
    if model.recorded.is_some() {
        return Err(anyhow::Error::new(ModelError::Recorded).context(name(&args.model)));
    }
    let prompt = match (&args.prompt, &args.ids) {
        (Some(prompt), _) => {
            let prepared = model.prepare(prompt.as_bytes())?;
            if !prepared.ids.is_empty() {
                covered(&prepared.coverage, "the prompt", &args.common)?;
            }
            prepared.ids
        }
        (None, Some(path)) => {
            let ids = text::read_ids(path)?;
            check_ids(&model, &ids, path)?;
            if ids.is_empty() {
                return Err(anyhow::Error::new(EngineError::NoTokens).context(name(path)));
            }
            ids
        }
        // One of the two is required.
        (None, None) => Vec::new(),
    };
    if prompt.is_empty() {
        return Err(anyhow::Error::new(EngineError::NoTokens).context("the prompt"));
    }
    let mut run = Run::new(Arc::clone(&model.network));
    let cancel = Cancel::default();
    run.set(&prompt, &cancel, &NoObserver)?;
    let request = GenerationRequest {
        sampling: Sampling {
            temperature: args.temperature,
            top_p: args.top_p,
            seed: args.seed,
        },
        tokens: args.n,
        stop: args.stop.clone(),
    };
    let mut printer = model.vocabulary.as_ref().map(Printer::new);
    let mut drawn = Vec::new();
    let mut printed = Ok(());
    if let Some(printer) = &mut printer {
        for &id in &prompt {
            printer.push(id, out)?;
        }
        out.flush()?;
    }
    let result = generate(&model, run, request, &cancel, |token| {
        drawn.push(token.id);
        if let Some(printer) = &mut printer {
            printed = printer.push(token.id, out).and_then(|()| out.flush());
            if printed.is_err() {
                cancel.cancel();
            }
        }
    });
    // Whatever cannot be printed ends the run, so it is the first to be told.
    printed?;
    result?;
    match printer {
        Some(printer) => printer.finish(out)?,
        None => writeln!(out, "{}", serde_json::json!(drawn))?,
    }
    Ok(())
}

/// Prints tokens one by one; a character whose bytes come as several tokens waits until it is whole.
struct Printer<'a> {
    vocabulary: &'a Vocabulary,
    last: Option<u32>,
    pending: Vec<u8>,
}

impl<'a> Printer<'a> {
    fn new(vocabulary: &'a Vocabulary) -> Self {
        Self {
            vocabulary,
            last: None,
            pending: Vec::new(),
        }
    }

    fn push(&mut self, id: u32, out: &mut impl Write) -> std::io::Result<()> {
        // What stands between two tokens depends on the one before.
        let last = self.last.replace(id);
        self.pending.extend(self.vocabulary.decode_after(last, id));
        let mut done = 0;
        for chunk in self.pending.utf8_chunks() {
            out.write_all(chunk.valid().as_bytes())?;
            done += chunk.valid().len();
            let rest = &self.pending[done..];
            let unfinished = std::str::from_utf8(rest).is_err_and(|e| e.error_len().is_none());
            if chunk.invalid().is_empty() || (chunk.invalid().len() == rest.len() && unfinished) {
                break;
            }
            out.write_all("\u{fffd}".as_bytes())?;
            done += chunk.invalid().len();
        }
        self.pending.drain(..done);
        Ok(())
    }

    fn finish(self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "{}", String::from_utf8_lossy(&self.pending))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Unit;

    #[test]
    fn characters_wait_for_their_bytes() {
        let bytes = "a€é".bytes().chain([0xff, b'b', 0xe2]);
        let mut tokens: Vec<String> = Vec::new();
        let ids: Vec<u32> = bytes
            .map(|byte| {
                let token = byte.to_string();
                let at = tokens.iter().position(|t| *t == token).unwrap_or_else(|| {
                    tokens.push(token);
                    tokens.len() - 1
                });
                at as u32
            })
            .collect();
        let vocabulary = Vocabulary::from_tokens(tokens, Unit::Byte).unwrap();
        let mut printer = Printer::new(&vocabulary);
        let (mut out, mut lengths) = (Vec::new(), Vec::new());
        for id in ids {
            printer.push(id, &mut out).unwrap();
            lengths.push(String::from_utf8(out.clone()).unwrap().chars().count());
        }
        assert_eq!(lengths, [1, 1, 1, 2, 2, 3, 4, 5, 5]);
        printer.finish(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a€é\u{fffd}b\u{fffd}\n");
    }

    #[test]
    fn words_stand_apart() {
        let words = ["the", "cat", "<eos>"].map(str::to_owned).to_vec();
        let vocabulary = Vocabulary::from_tokens(words, Unit::Word).unwrap();
        let mut printer = Printer::new(&vocabulary);
        let mut out = Vec::new();
        for id in [0, 1, 2, 0] {
            printer.push(id, &mut out).unwrap();
        }
        assert_eq!(String::from_utf8(out).unwrap(), "the cat\nthe");
    }
}
