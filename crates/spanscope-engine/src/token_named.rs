//! Tokens by their names.

use super::open::LoadedModel;
use spanscope_chart::thousands;
use spanscope_core::shown::{said, shown};
use spanscope_core::text::escaped;

/// Why no token has a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", said(.0))]
pub struct NoSuchToken(String);

impl LoadedModel {
    /// The token of this name: a whole number is its id, anything else the text that it stands for, spaces included, or its
    /// spelling in the vocabulary.
    ///
    /// # Errors
    /// Where there is none.
    pub fn token_named(&self, name: &str) -> Result<u32, NoSuchToken> {
        let size = self.network.architecture().vocab_size;
        if !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()) {
            let id = name.parse().ok().filter(|id: &u32| (*id as usize) < size);
            return id.ok_or_else(|| {
                let last = thousands(size.saturating_sub(1));
                NoSuchToken(format!("{}: ids go from 0 to {last}", shown(name)))
            });
        }
        let Some(vocabulary) = &self.vocabulary else {
            return Err(NoSuchToken(format!(
                "\"{}\": without a vocabulary only ids name tokens; pass an id, or the vocabulary with --vocab FILE",
                shown(name)
            )));
        };
        let written = escaped(name.as_bytes());
        let ids = || 0..u32::try_from(vocabulary.len().min(size)).unwrap_or(u32::MAX);
        let exact = |text: &str| ids().find(|id| vocabulary.exact(*id).as_deref() == Some(text));
        let spelt = || vocabulary.id_of(name).filter(|id| (*id as usize) < size);
        if let Some(id) = exact(&written).or_else(spelt) {
            return Ok(id);
        }
        let with_space = escaped(format!(" {name}").as_bytes());
        Err(NoSuchToken(match exact(&with_space) {
            Some(id) => format!(
                "\"{}\" is no token of this vocabulary; there is one with a space in front, \" {}\" (id {id})",
                shown(name),
                shown(name)
            ),
            None => format!(
                "\"{}\" is no token of this vocabulary: pass one token, or its id",
                shown(name)
            ),
        }))
    }
}
