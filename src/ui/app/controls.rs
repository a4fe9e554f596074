//! Texts made as controls, in the place of the text.

use super::App;
use crate::text::{Control, to_bytes, to_text};
use crate::ui::document::history::Text;
use crate::ui::language::trf;

/// Random tokens of a control before they come again.
pub(super) const REPEATED: usize = 128;

impl App {
    /// Puts a control in the place of the text, with a seed that is one more than that of the same control before.
    pub(super) fn control(&mut self, with: impl Fn(u64) -> Control) {
        let Some(model) = self.document.snapshot.model.clone() else {
            return;
        };
        let before = self.document.text_name();
        let last = before.rsplit(' ').next().and_then(|word| word.parse().ok());
        let seed = match (last, with(0)) {
            (Some(Control::Repeated { seed, .. }), Control::Repeated { .. })
            | (Some(Control::Shuffled { seed }), Control::Shuffled { .. }) => seed.wrapping_add(1),
            _ => 0,
        };
        let control = with(seed);
        let text = to_bytes(self.document.own_text());
        let made = match &model.vocabulary {
            Some(vocabulary) => {
                let text = (!control.is_text()).then_some(&*text);
                control.bytes(vocabulary, text).map(to_text)
            }
            None => {
                let ids = &self.document.snapshot.tokens.ids;
                let ids = (!control.is_text()).then_some(&**ids);
                let size = model.network.architecture().vocab_size;
                control.ids(size, ids).map(|ids| {
                    let words: Vec<String> = ids.iter().map(u32::to_string).collect();
                    words.join(" ")
                })
            }
        };
        match made {
            Ok(text) => {
                self.document.history.load(Text {
                    text: text.into(),
                    name: control.to_string().into(),
                    origin: None,
                });
                self.document.text_changed();
                self.toasts
                    .info(trf("The text is a control: {0}", &[&control]));
            }
            Err(error) => self.toasts.error(error.to_string()),
        }
    }
}
