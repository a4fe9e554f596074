//! The display of a page: the browser's.

/// Files can be dropped on a page.
pub fn takes_drops() -> bool {
    true
}
