//! Vocabularies as JSON.

use crate::shown::shown;
use serde_json::{Map, Value, json};

use super::encode::guess_listed_unit;
use super::error::TextError;
use super::kind::unmarked;
use super::vocabulary::{EOS, Token, Unit, Vocabulary};

/// The JSON of a vocabulary that is to have `expected` tokens: many more are not read.
///
/// # Errors
/// In words, when it is no JSON, or far longer than a vocabulary of so many tokens.
pub fn vocabulary_json(text: &[u8], expected: usize) -> Result<Value, String> {
    /// The memory that a token takes, in bytes, in a list or as the key of an object.
    const TOKEN: usize = 200;
    let most = crate::json::MOST.saturating_add(expected.saturating_mul(TOKEN));
    // Some programs write a mark before UTF-8.
    crate::json::read_up_to(unmarked(text), most).map_err(|error: String| shown(&error))
}

impl Vocabulary {
    /// The vocabulary as JSON: `{"unit", "tokens", "note"}`. Bytes are numbers, so that any byte
    /// survives; everything else is a string.
    pub fn to_json(&self) -> Value {
        let tokens: Vec<Value> = self
            .entries()
            .iter()
            .map(|token| match token {
                Token::Byte(byte) => json!(byte),
                Token::Eos => json!(EOS),
                Token::Text(text) => json!(&**text),
            })
            .collect();
        json!({ "unit": self.unit(), "tokens": tokens, "note": self.note() })
    }

    /// Reads what [`Vocabulary::to_json`] wrote, a plain list of token strings, or an object that
    /// gives each token its id, or each id its token. Where no unit is given it is guessed: numbers from 0 to 255 are
    /// bytes, single characters are characters, anything else is words.
    ///
    /// # Errors
    /// JSON of another shape, a token given twice, ids that are not 0, 1, 2, … without a gap.
    pub fn from_json(value: &Value) -> Result<Self, TextError> {
        match value {
            Value::Array(list) => from_list(list, None),
            Value::Object(object) => match object.get("tokens") {
                Some(Value::Array(list)) => {
                    let vocabulary = from_list(list, unit_in(object)?)?;
                    Ok(match object.get("note") {
                        Some(Value::String(note)) => vocabulary.with_note(one_line(note)),
                        _ => vocabulary,
                    })
                }
                _ => from_ids(object),
            },
            _ => Err(TextError::Vocabulary(
                "the JSON is neither a list nor an object".into(),
            )),
        }
    }
}

fn unit_in(object: &Map<String, Value>) -> Result<Option<Unit>, TextError> {
    let Some(unit) = object.get("unit") else {
        return Ok(None);
    };
    let known = serde_json::from_value(unit.clone()).ok();
    // A list of pieces is no tokenizer: it does not say how a text is cut.
    let known = known.filter(|unit| *unit != Unit::Piece);
    known.map(Some).ok_or_else(|| {
        TextError::Vocabulary(format!(
            "unit is {}, not \"byte\", \"char\" or \"word\"",
            shown(&unit.to_string())
        ))
    })
}

fn from_list(list: &[Value], unit: Option<Unit>) -> Result<Vocabulary, TextError> {
    let mut tokens = Vec::with_capacity(list.len());
    for (id, value) in list.iter().enumerate() {
        tokens.push(match value {
            Value::String(text) => text.clone(),
            // How this program writes bytes. In a bare list numbers are rather the ids of a text.
            Value::Number(number) if unit == Some(Unit::Byte) => number.to_string(),
            _ => {
                return Err(TextError::Vocabulary(format!(
                    "token {id} is {}, not a string",
                    kind(value)
                )));
            }
        });
    }
    let unit = unit.unwrap_or_else(|| guess_listed_unit(tokens.iter().map(String::as_str)));
    Vocabulary::from_tokens(tokens, unit)
}

/// The tokens of an object that names them by their ids; `None` where it does not.
fn by_id(object: &Map<String, Value>) -> Option<Vec<String>> {
    let ids = 0..object.len();
    let token = |id: usize| object.get(&id.to_string())?.as_str();
    ids.map(|id| token(id).map(str::to_owned)).collect()
}

fn from_ids(object: &Map<String, Value>) -> Result<Vocabulary, TextError> {
    if let Some(tokens) = by_id(object).filter(|tokens| !tokens.is_empty()) {
        let unit = guess_listed_unit(tokens.iter().map(String::as_str));
        return Vocabulary::from_tokens(tokens, unit);
    }
    let mut tokens: Vec<Option<&String>> = vec![None; object.len()];
    for (token, value) in object {
        let place = value
            .as_u64()
            .and_then(|id| usize::try_from(id).ok())
            .and_then(|id| tokens.get_mut(id));
        match (place, value) {
            (Some(place @ None), _) => *place = Some(token),
            (Some(Some(other)), _) => {
                return Err(TextError::Vocabulary(format!(
                    "\"{}\" and \"{}\" both have the id {value}",
                    shown(other),
                    shown(token)
                )));
            }
            (None, Value::Number(id)) => {
                return Err(TextError::Vocabulary(format!(
                    "\"{}\" has the id {id}, but with {} tokens ids go from 0 to {}",
                    shown(token),
                    object.len(),
                    object.len().saturating_sub(1)
                )));
            }
            (None, _) => {
                return Err(TextError::Vocabulary(format!(
                    "\"{}\" has {} for its id, not a number",
                    shown(token),
                    kind(value)
                )));
            }
        }
    }
    // As many places as tokens, and no place taken twice: none is left empty.
    let tokens: Vec<String> = tokens.into_iter().flatten().cloned().collect();
    let unit = guess_listed_unit(tokens.iter().map(String::as_str));
    Vocabulary::from_tokens(tokens, unit)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A note from a file, fit for one line of a window.
fn one_line(note: &str) -> String {
    crate::shown::message(&note.chars().take(200).collect::<String>())
}
