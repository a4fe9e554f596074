//! The picture of the program that desktops show for its window.

/// Edge, in pixels.
const SIZE: u32 = 128;

/// The icon, or none where it cannot be drawn: a window opens without one too.
pub(in crate::ui) fn icon() -> Option<egui::IconData> {
    use resvg::{tiny_skia, usvg};
    let tree = usvg::Tree::from_str(
        include_str!("../../../assets/icon.svg"),
        &usvg::Options::default(),
    )
    .ok()?;
    let mut pixels = tiny_skia::Pixmap::new(SIZE, SIZE)?;
    let scale = SIZE as f32 / tree.size().width();
    let size = tiny_skia::Transform::from_scale(scale, scale);
    resvg::render(&tree, size, &mut pixels.as_mut());
    // Desktops want the colours as they are, not weakened by how clear they are.
    let rgba = pixels.pixels().iter().flat_map(|pixel| {
        let plain = pixel.demultiply();
        [plain.red(), plain.green(), plain.blue(), plain.alpha()]
    });
    Some(egui::IconData {
        rgba: rgba.collect(),
        width: SIZE,
        height: SIZE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_drawn() {
        let icon = icon().unwrap();
        assert_eq!(icon.rgba.len() as u32, 4 * SIZE * SIZE);
        let at = |x: u32, y: u32| {
            let start = (4 * (y * SIZE + x)) as usize;
            &icon.rgba[start..start + 4]
        };
        // A clear corner, a dark ground, and the long head's orange.
        assert_eq!(at(0, 0)[3], 0);
        assert!(at(60, 10)[3] == 255 && at(60, 10)[0] < 60);
        assert!(at(80, 64)[0] > 200 && at(80, 64)[2] < 120);
    }
}
