//! The views: a folder for each, and the list of them.
//!
//! A view draws the snapshot and says what it wants; it computes nothing and knows no other view.

mod attention;
pub mod context;
mod cost;
mod grid;
mod heads;
mod model_card;
mod pane;
mod persistent;
mod predictions;
mod spans;
mod text;
mod training;
mod view;

use crate::engine::Snapshot;
use crate::engine::figures::{FigureChoice, FigureKind};
use crate::ui::language::tr;
use crate::ui::widgets::paint::nothing;
use context::ViewContext;
use eframe::egui::Ui;
use pane::Needs;
pub use pane::{Home, Pane};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;
use view::View;

/// Names the views, in the order of files and pictures.
macro_rules! views {
    ($($name:ident: $view:ty,)*) => {
        impl Pane {
            $(
                /// The view of this name.
                pub const $name: Self = Self::new(&<$view as View>::INFO);
            )*

            /// Every view.
            pub const ALL: [Self; [$(stringify!($name)),*].len()] = [$(Self::$name),*];
        }

        /// The state of all views, in the same order.
        fn fresh() -> Vec<Box<dyn State>> {
            vec![$(Box::<$view>::default()),*]
        }
    };
}

views! {
    HEADS: heads::HeadsView,
    SPANS: spans::SpansView,
    GRID: grid::GridView,
    COST: cost::CostView,
    TRAINING: training::TrainingView,
    ATTENTION: attention::AttentionView,
    PERSISTENT: persistent::PersistentView,
    PREDICTIONS: predictions::PredictionsView,
    MODEL: model_card::ModelCardView,
    TEXT: text::TextView,
}

impl Pane {
    /// The view of this name in files.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pane| pane.name() == name)
    }

    /// All views as menus list them: those with a number key first, by their numbers.
    pub fn in_menus() -> Vec<Self> {
        let mut all = Self::ALL.to_vec();
        all.sort_by_key(|pane| pane.key().unwrap_or(u8::MAX));
        all
    }
}

impl<'de> Deserialize<'de> for Pane {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| D::Error::custom(format!("no view is called {name:?}")))
    }
}

/// The id of the place where the text is read and typed.
pub fn text_id() -> eframe::egui::Id {
    text::id()
}

/// A [`View`] of any kind.
trait State {
    fn pane(&self) -> Pane;
    fn choose(&self, kind: FigureKind, snapshot: &Snapshot, choice: &mut FigureChoice);
    fn frame(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>);
    fn stored(&self) -> Result<Value, serde_json::Error>;
    fn restore(&mut self, stored: Value) -> Result<(), serde_json::Error>;
}

impl<V: View> State for V {
    fn pane(&self) -> Pane {
        Pane::new(&V::INFO)
    }

    fn choose(&self, kind: FigureKind, snapshot: &Snapshot, choice: &mut FigureChoice) {
        View::choose(self, kind, snapshot, choice);
    }

    fn frame(&mut self, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let mut looks = std::mem::take(cx.looks);
        self.ask(cx, &mut looks);
        *cx.looks = looks;
        self.show(ui, cx);
    }

    fn stored(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }

    fn restore(&mut self, stored: Value) -> Result<(), serde_json::Error> {
        *self = serde_json::from_value(stored)?;
        Ok(())
    }
}

/// The state of all views: what is shown and how, never what it is shown of. It survives a restart.
pub struct Views(Vec<Box<dyn State>>);

impl Default for Views {
    fn default() -> Self {
        Self(fresh())
    }
}

impl Views {
    /// The content of a figure, as the views that have it are set.
    pub fn choice(&self, kind: FigureKind, snapshot: &Snapshot) -> FigureChoice {
        let mut choice = FigureChoice::default();
        for view in &self.0 {
            if view.pane().figures().contains(&kind) {
                view.choose(kind, snapshot, &mut choice);
            }
        }
        choice
    }

    /// Draws one view into its tile.
    pub fn show(&mut self, pane: Pane, ui: &mut Ui, cx: &mut ViewContext<'_>) {
        let is_there = match pane.info().needs {
            Needs::Nothing => true,
            Needs::Spans => cx.snapshot.shown().is_some(),
            Needs::Weights => cx.snapshot.model.is_some(),
        };
        if !is_there {
            let words = if cx.snapshot.opening {
                tr("Opening…")
            } else {
                tr("No model is open. Open one with File → Open model.")
            };
            return nothing(ui, words);
        }
        if let Some(view) = self.0.iter_mut().find(|view| view.pane() == pane) {
            view.frame(ui, cx);
        }
    }
}

impl Serialize for Views {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error;
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for view in &self.0 {
            let stored = view.stored().map_err(S::Error::custom)?;
            map.serialize_entry(view.pane().name(), &stored)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Views {
    /// Views that are not named are as at the first start; names that no view has are left out.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ViewsVisitor)
    }
}

struct ViewsVisitor;

impl<'de> Visitor<'de> for ViewsVisitor {
    type Value = Views;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("struct Views")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Views, A::Error> {
        let mut views = Views::default();
        while let Some((name, stored)) = map.next_entry::<String, Value>()? {
            let view = views.0.iter_mut().find(|view| view.pane().name() == name);
            if let Some(view) = view {
                view.restore(stored).map_err(A::Error::custom)?;
            }
        }
        Ok(views)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_has_a_figure_and_every_figure_a_view() {
        let all: Vec<FigureKind> = Pane::ALL
            .into_iter()
            .flat_map(Pane::figures)
            .copied()
            .collect();
        assert!(Pane::ALL.into_iter().all(|view| !view.figures().is_empty()));
        assert!(FigureKind::ALL.iter().all(|kind| all.contains(kind)));
    }

    #[test]
    fn views_have_names_and_keys_of_their_own() {
        for (i, pane) in Pane::ALL.into_iter().enumerate() {
            assert_eq!(Pane::named(pane.name()), Some(pane));
            for other in &Pane::ALL[..i] {
                assert_ne!(pane.name(), other.name());
                assert!(
                    pane.key().is_none() || pane.key() != other.key(),
                    "{pane:?}"
                );
            }
        }
        let states = Views::default().0;
        let states = states.iter().map(|state| state.pane());
        assert!(states.eq(Pane::ALL));
    }
}
