//! A `tokenizer.model` of SentencePiece: its pieces, out of the protocol buffer, by a reader that takes nothing else.

use super::error::TokenizerError;
use super::gguf::{CONTROL, MARK, NORMAL, UNKNOWN, USER_DEFINED, marks, merger, plain};
use super::model::Model;
use super::parts::{Parts, Tokenizer, Written};
use super::stages::{InFront, Stage};
use crate::shown::shown;
use std::path::Path;

/// The most pieces that are read.
const MOST: usize = 1 << 20;

impl Tokenizer {
    /// The tokenizer of a `tokenizer.model`; `path` is for errors.
    ///
    /// # Errors
    /// [`TokenizerError::File`]: no such file, or one that changes texts in ways that only its `tokenizer.json` says.
    pub fn of_sentencepiece(bytes: &[u8], path: &Path) -> Result<Self, TokenizerError> {
        read(bytes)
            .and_then(Spec::parts)
            .and_then(|parts| Self::build(path, parts))
            .map_err(|reason| TokenizerError::file(path, reason))
    }
}

/// The content of the file.
#[derive(Debug)]
struct Spec {
    pieces: Vec<String>,
    scores: Vec<f32>,
    kinds: Vec<i32>,
    /// 1 Unigram, 2 pairs by score.
    model: u64,
    bos: u64,
    byte_fallback: bool,
    normalization: String,
    in_front: bool,
    fewer_spaces: bool,
}

/// A field of a message: its number, and its value as a number or as bytes.
enum Field<'a> {
    Number(u64, u64),
    Bytes(u64, &'a [u8]),
    Float(u64, f32),
}

/// The fields of a message, one after the other; an error, once, where it is damaged.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn field(&mut self) -> Option<Field<'a>> {
        let tag = self.number()?;
        let number = tag >> 3;
        match tag & 7 {
            0 => Some(Field::Number(number, self.number()?)),
            1 => self.take(8).map(|_| Field::Number(number, 0)),
            2 => {
                let length = usize::try_from(self.number()?).ok()?;
                self.take(length).map(|bytes| Field::Bytes(number, bytes))
            }
            5 => {
                let bytes: [u8; 4] = self.take(4)?.try_into().ok()?;
                Some(Field::Float(number, f32::from_le_bytes(bytes)))
            }
            _ => None,
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or_else(|| "it is no SentencePiece model, or is damaged".into()))
    }
}

fn read(bytes: &[u8]) -> Result<Spec, String> {
    let mut spec = Spec {
        pieces: Vec::new(),
        scores: Vec::new(),
        kinds: Vec::new(),
        model: 1,
        bos: 1,
        byte_fallback: false,
        normalization: String::new(),
        in_front: true,
        fewer_spaces: true,
    };
    for field in Fields(bytes) {
        match field? {
            Field::Bytes(1, message) => spec.piece(message)?,
            Field::Bytes(2, message) => spec.trainer(message)?,
            Field::Bytes(3, message) => spec.normalizer(message)?,
            _ => {}
        }
    }
    match spec.pieces.is_empty() {
        true => Err("it is no SentencePiece model: it has no pieces".into()),
        false => Ok(spec),
    }
}

fn text(bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned)
        .map_err(|_| "a piece is not UTF-8".into())
}

impl Spec {
    fn piece(&mut self, message: &[u8]) -> Result<(), String> {
        let (mut piece, mut score, mut kind) = (String::new(), 0.0, NORMAL);
        for field in Fields(message) {
            match field? {
                Field::Bytes(1, bytes) => piece = text(bytes)?,
                Field::Float(2, number) => score = number,
                Field::Number(3, number) => kind = i32::try_from(number).unwrap_or_default(),
                _ => {}
            }
        }
        if self.pieces.len() == MOST {
            return Err(format!("more than {MOST} pieces"));
        }
        self.pieces.push(piece);
        self.scores.push(score);
        self.kinds.push(kind);
        Ok(())
    }

    fn trainer(&mut self, message: &[u8]) -> Result<(), String> {
        for field in Fields(message) {
            match field? {
                Field::Number(3, number) => self.model = number,
                Field::Number(35, number) => self.byte_fallback = number != 0,
                Field::Number(41, number) => self.bos = number,
                _ => {}
            }
        }
        Ok(())
    }

    fn normalizer(&mut self, message: &[u8]) -> Result<(), String> {
        for field in Fields(message) {
            match field? {
                Field::Bytes(1, bytes) => self.normalization = text(bytes)?,
                Field::Number(3, number) => self.in_front = number != 0,
                Field::Number(4, number) => self.fewer_spaces = number != 0,
                _ => {}
            }
        }
        Ok(())
    }

    fn parts(self) -> Result<Parts, String> {
        let changes = match self.normalization.as_str() {
            "" | "identity" if self.fewer_spaces => Some("runs of spaces become one".to_owned()),
            "" | "identity" => None,
            other => Some(format!("texts are normalized by {}", shown(other))),
        };
        if let Some(changes) = changes {
            return Err(format!(
                "{changes}, as only a tokenizer.json says exactly. Put the tokenizer.json of the model's repository beside it"
            ));
        }
        let unknown = self.kinds.iter().position(|kind| *kind == UNKNOWN);
        let mut added = Vec::new();
        for ((id, piece), kind) in (0..).zip(&self.pieces).zip(&self.kinds) {
            if matches!(*kind, UNKNOWN | CONTROL | USER_DEFINED) {
                // Texts are looked through before their spaces become marks.
                added.push(plain(id, &piece.replace(MARK, " "), *kind != USER_DEFINED));
            }
        }
        let is_control =
            |id: &u64| usize::try_from(*id).is_ok_and(|id| self.kinds.get(id) == Some(&CONTROL));
        let bos = Some(self.bos)
            .filter(is_control)
            .and_then(|id| u32::try_from(id).ok());
        let (model, normals, stages) = match self.model {
            1 => {
                let mark = Stage::Metaspace {
                    mark: MARK,
                    in_front: if self.in_front {
                        InFront::Always
                    } else {
                        InFront::Never
                    },
                    split: true,
                };
                let pieces = self
                    .pieces
                    .iter()
                    .cloned()
                    .zip(self.scores.iter().map(|s| f64::from(*s)));
                let model = Model::unigram(pieces.collect(), unknown, self.byte_fallback)?;
                (model, Vec::new(), vec![mark])
            }
            2 => {
                let unknown = unknown.and_then(|id| u32::try_from(id).ok());
                let model = merger(&self.pieces, &self.kinds, &self.scores, unknown);
                (model, marks(self.in_front)?, Vec::new())
            }
            other => {
                return Err(format!(
                    "its model is of kind {other}; Unigram (1) and BPE (2) are read"
                ));
            }
        };
        Ok(Parts {
            model,
            vocab: self.pieces.into_iter().zip(0..).collect(),
            added,
            normals,
            stages,
            prefix: bos.into_iter().collect(),
            written: Written::Marked(MARK),
            byte_fallback: true,
            note: None,
        })
    }
}
