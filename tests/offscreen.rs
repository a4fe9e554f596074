//! Pictures of windows, drawn on the CPU, pixel by pixel.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::CpuRenderer;
use eframe::egui;
use egui::epaint::{ImageDelta, Mesh, Vertex};
use egui::{
    Color32, ColorImage, FontId, Painter, Pos2, Rect, Shape, TextureId, TextureOptions,
    TextureWrapMode, pos2, vec2,
};
use egui_kittest::Harness;
use egui_offscreen::Offscreen;
use image::RgbaImage;

const ALL: Rect = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));

fn rect(left: f32, top: f32, right: f32, bottom: f32) -> Rect {
    Rect::from_min_max(pos2(left, top), pos2(right, bottom))
}

/// Nothing but what `draw` paints, in a window of this many points.
fn painted(size: [f32; 2], scale: f32, draw: impl Fn(&Painter)) -> RgbaImage {
    Harness::builder()
        .with_size(size)
        .with_pixels_per_point(scale)
        .renderer(CpuRenderer::default())
        .build_ui(|ui| {
            let id = egui::Id::unique("test");
            draw(
                &ui.ctx()
                    .layer_painter(egui::LayerId::new(egui::Order::Foreground, id)),
            );
        })
        .render()
        .unwrap()
}

/// As [`painted`], over white.
fn on_white(size: [f32; 2], draw: impl Fn(&Painter)) -> RgbaImage {
    painted(size, 1.0, |painter| {
        painter.rect_filled(
            rect(-9.0, -9.0, size[0] + 9.0, size[1] + 9.0),
            0,
            Color32::WHITE,
        );
        draw(painter);
    })
}

fn at(image: &RgbaImage, x: u32, y: u32) -> [u8; 4] {
    image.get_pixel(x, y).0
}

fn near(one: [u8; 4], other: [u8; 4]) -> bool {
    one.iter()
        .zip(other)
        .all(|(one, other)| one.abs_diff(other) <= 1)
}

/// Panics unless the pixels of `inside` and no others have this colour, over `outside`.
fn only(image: &RgbaImage, inside: [u32; 4], color: [u8; 4], outside: [u8; 4]) {
    let [left, top, right, bottom] = inside;
    for (x, y, pixel) in image.enumerate_pixels() {
        let within = (left..right).contains(&x) && (top..bottom).contains(&y);
        assert_eq!(pixel.0, if within { color } else { outside }, "{x},{y}");
    }
}

fn vertex(x: f32, y: f32, color: Color32) -> Vertex {
    Vertex::untextured(pos2(x, y), color)
}

fn triangles(corners: &[(f32, f32)], indices: &[u32], color: Color32) -> Shape {
    Shape::mesh(Mesh {
        indices: indices.to_vec(),
        vertices: corners.iter().map(|(x, y)| vertex(*x, *y, color)).collect(),
        texture_id: TextureId::default(),
    })
}

const WHITE: [u8; 4] = [255; 4];
const NOTHING: [u8; 4] = [0; 4];

#[test]
fn a_rectangle_covers_exactly_its_pixels() {
    let color = Color32::from_rgb(200, 30, 60);
    let draw = |painter: &Painter| {
        painter.rect_filled(rect(4.0, 5.0, 17.0, 11.0), 0, color);
    };
    let image = painted([24.0, 16.0], 1.0, draw);
    assert_eq!(image.dimensions(), (24, 16));
    only(&image, [4, 5, 17, 11], [200, 30, 60, 255], NOTHING);
    let image = painted([24.0, 16.0], 2.0, draw);
    assert_eq!(image.dimensions(), (48, 32));
    only(&image, [8, 10, 34, 22], [200, 30, 60, 255], NOTHING);
    // 5, 6.25, 21.25, 13.75 in pixels: egui aligns rectangles to whole ones.
    let image = painted([24.0, 16.0], 1.25, draw);
    assert_eq!(image.dimensions(), (30, 20));
    only(&image, [5, 6, 21, 14], [200, 30, 60, 255], NOTHING);
}

#[test]
fn a_mesh_covers_the_centres_inside_it() {
    let mesh = |left: f32, top: f32, right: f32, bottom: f32| {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        painted([12.0, 12.0], 1.0, move |painter| {
            painter.add(triangles(&corners, &[0, 1, 2, 2, 0, 3], Color32::RED));
        })
    };
    let red = [255, 0, 0, 255];
    only(&mesh(2.0, 3.0, 9.0, 7.0), [2, 3, 9, 7], red, NOTHING);
    only(&mesh(2.4, 3.6, 9.4, 7.6), [2, 4, 9, 8], red, NOTHING);
    // Centres on the left and upper edges belong to it, those on the others do not.
    only(&mesh(2.5, 3.5, 9.5, 7.5), [2, 3, 9, 7], red, NOTHING);
    // Between two columns of centres there is nothing.
    only(&mesh(2.6, 3.0, 3.4, 7.0), [0; 4], red, NOTHING);
    only(&mesh(-1e9, -1e9, 1e9, 1e9), [0, 0, 12, 12], red, NOTHING);
    only(&mesh(f32::NAN, 0.0, 9.0, 9.0), [0; 4], red, NOTHING);
    only(
        &mesh(f32::NEG_INFINITY, 0.0, 9.0, 9.0),
        [0; 4],
        red,
        NOTHING,
    );
}

#[test]
fn colours_blend_in_gamma_space() {
    let half = Color32::from_rgba_unmultiplied(255, 0, 0, 128);
    let image = on_white([16.0, 16.0], |painter| {
        painter.rect_filled(rect(4.0, 4.0, 12.0, 12.0), 0, half);
    });
    let [r, g, b, a] = at(&image, 8, 8);
    assert!(near([r, g, b, a], [255, 127, 127, 255]), "{r} {g} {b} {a}");
    assert_eq!(at(&image, 3, 8), WHITE);
    assert_eq!(at(&image, 4, 8), [r, g, b, a]);

    let bare = painted([16.0, 16.0], 1.0, |painter| {
        painter.rect_filled(rect(4.0, 4.0, 12.0, 12.0), 0, half);
    });
    assert_eq!(at(&bare, 8, 8), half.to_array());
    // Twice half is three quarters.
    let twice = painted([16.0, 16.0], 1.0, |painter| {
        painter.rect_filled(rect(4.0, 4.0, 12.0, 12.0), 0, half);
        painter.rect_filled(rect(4.0, 4.0, 12.0, 12.0), 0, half);
    });
    assert!(near(at(&twice, 8, 8), [191, 0, 0, 191]));
    // Without alpha, colours add up.
    let added = on_white([16.0, 16.0], |painter| {
        painter.rect_filled(rect(0.0, 0.0, 16.0, 16.0), 0, Color32::from_rgb(9, 200, 3));
        let light = Color32::from_rgba_premultiplied(100, 100, 0, 0);
        painter.rect_filled(rect(4.0, 4.0, 12.0, 12.0), 0, light);
    });
    assert_eq!(at(&added, 8, 8), [109, 255, 3, 255]);
}

#[test]
fn colours_run_from_corner_to_corner() {
    let image = painted([20.0, 20.0], 1.0, |painter| {
        let mut mesh = Mesh::default();
        for (x, y) in [(0.0, 0.0), (20.0, 0.0), (20.0, 20.0), (0.0, 20.0)] {
            let color = Color32::from_rgb((x * 10.0) as u8, (y * 5.0) as u8, 7);
            mesh.vertices.push(vertex(x, y, color));
        }
        mesh.indices.extend([0, 1, 2, 0, 2, 3]);
        painter.add(Shape::mesh(mesh));
    });
    for (x, y, pixel) in image.enumerate_pixels() {
        let expected = [(x * 10 + 5) as u8, (y * 5 + 2) as u8, 7, 255];
        assert!(near(pixel.0, expected), "{x},{y}: {pixel:?} {expected:?}");
    }
}

#[test]
fn translucent_triangles_meet_without_a_seam() {
    // Gray with alpha 0.5, over nothing: twice would be 192, and never 0.
    let color = Color32::from_rgba_premultiplied(64, 64, 64, 128);
    let (cx, cy) = (20.3, 21.7);
    // A fan around a point, with rims at many angles, of both winding orders.
    let mut corners = vec![(cx, cy)];
    let mut indices = Vec::new();
    let count = 37;
    for step in 0..count {
        let angle = step as f32 / count as f32 * std::f32::consts::TAU;
        corners.push((cx + 18.0 * angle.cos(), cy + 18.0 * angle.sin()));
        let (one, two) = (step + 1, (step + 1) % count + 1);
        indices.extend(if step % 2 == 0 {
            [0, one, two]
        } else {
            [0, two, one]
        });
    }
    for scale in [1.0, 1.3, 2.0] {
        let image = painted([42.0, 42.0], scale, |painter| {
            painter.add(triangles(&corners, &indices, color));
        });
        for (x, y, pixel) in image.enumerate_pixels() {
            let (dx, dy) = ((x as f32 + 0.5) / scale - cx, (y as f32 + 0.5) / scale - cy);
            let expected = match dx.hypot(dy) {
                distance if distance < 17.8 => [64, 64, 64, 128],
                distance if distance > 18.1 => NOTHING,
                _ => continue,
            };
            assert_eq!(pixel.0, expected, "{x},{y} at {scale}");
        }
    }
    // A diagonal right through the centres of pixels.
    let image = painted([16.0, 16.0], 1.0, |painter| {
        let corners = [(2.0, 2.0), (12.0, 2.0), (12.0, 12.0), (2.0, 12.0)];
        painter.add(triangles(&corners, &[0, 1, 2, 0, 2, 3], color));
    });
    only(&image, [2, 2, 12, 12], [64, 64, 64, 128], NOTHING);
}

#[test]
fn lines_keep_their_direction_far_outside() {
    let image = painted([100.0, 50.0], 1.0, |painter| {
        let color = Color32::RED;
        let far = 4e6;
        let line = [
            (0.0, 0.0),
            (far, far / 2.0),
            (far, far / 2.0 + 6.0),
            (0.0, 6.0),
        ];
        painter.add(triangles(&line, &[0, 1, 2, 0, 2, 3], color));
    });
    for (x, y, pixel) in image.enumerate_pixels() {
        let depth = (y as f32 + 0.5) - (x as f32 + 0.5) / 2.0;
        let expected = if (0.0..6.0).contains(&depth) {
            [255, 0, 0, 255]
        } else {
            NOTHING
        };
        assert_eq!(pixel.0, expected, "{x},{y}");
    }
}

#[test]
fn text_is_drawn_where_it_stands() {
    for scale in [1.0, 1.5] {
        let found = std::cell::Cell::new(Rect::NOTHING);
        let image = painted([120.0, 40.0], scale, |painter| {
            painter.rect_filled(rect(-9.0, -9.0, 130.0, 50.0), 0, Color32::WHITE);
            let font = FontId::proportional(14.0);
            found.set(painter.text(
                pos2(10.0, 8.0),
                egui::Align2::LEFT_TOP,
                "Heads look",
                font,
                Color32::BLACK,
            ));
        });
        let place = found.get() * scale;
        let mut dark = Rect::NOTHING;
        for (x, y, pixel) in image.enumerate_pixels() {
            let [r, g, b, a] = pixel.0;
            assert_eq!((r, g, a), (g, b, 255));
            if r < 128 {
                dark.extend_with(pos2(x as f32 + 0.5, y as f32 + 0.5));
            }
        }
        assert!(place.contains_rect(dark), "{dark} {place}");
        assert!(dark.width() > 0.9 * place.width(), "{dark} {place}");
        assert!(dark.height() > 0.5 * place.height(), "{dark} {place}");
        // The stem of the H is straight up and down, next to white.
        let (x, y) = (dark.left() as u32, dark.center().y as u32);
        assert!(at(&image, x, y)[0] < 128 && at(&image, x - 2, y) == WHITE);
    }
}

/// An image of 2 by 2 texels over the given part of a window.
fn textured(options: TextureOptions, uv: Rect, place: Rect, tint: Color32) -> RgbaImage {
    let texels = ColorImage::new([2, 2], TEXELS.to_vec());
    let handle = std::cell::RefCell::new(None);
    painted([16.0, 16.0], 1.0, |painter| {
        let mut handle = handle.borrow_mut();
        let handle: &egui::TextureHandle = handle.get_or_insert_with(|| {
            painter
                .ctx()
                .load_texture("texels", texels.clone(), options)
        });
        let mut mesh = Mesh::with_texture(handle.id());
        mesh.add_rect_with_uv(place, uv, tint);
        painter.add(Shape::mesh(mesh));
    })
}

const TEXELS: [Color32; 4] = [
    Color32::from_rgb(10, 20, 30),
    Color32::from_rgb(210, 20, 30),
    Color32::from_rgb(10, 220, 30),
    Color32::from_rgb(210, 220, 130),
];

#[test]
fn textures_show_their_texels() {
    let place = rect(0.0, 0.0, 16.0, 16.0);
    let image = textured(TextureOptions::NEAREST, ALL, place, Color32::WHITE);
    for (x, y, pixel) in image.enumerate_pixels() {
        let texel = TEXELS[(x / 8 + y / 8 * 2) as usize];
        assert_eq!(pixel.0, texel.to_array(), "{x},{y}");
    }
    // Shown one to one, filtering changes nothing.
    for options in [TextureOptions::NEAREST, TextureOptions::LINEAR] {
        let image = textured(options, ALL, rect(3.0, 4.0, 5.0, 6.0), Color32::WHITE);
        for (x, y, pixel) in image.enumerate_pixels() {
            let within = (3..5).contains(&x) && (4..6).contains(&y);
            let texel = within.then(|| TEXELS[(x - 3 + (y - 4) * 2) as usize].to_array());
            assert_eq!(pixel.0, texel.unwrap_or(NOTHING), "{x},{y}");
        }
    }
    let tint = Color32::from_rgba_premultiplied(128, 64, 0, 128);
    let image = textured(TextureOptions::NEAREST, ALL, place, tint);
    assert!(near(at(&image, 15, 15), [105, 55, 0, 128]));
}

#[test]
fn linear_filtering_mixes_texels() {
    let place = rect(0.0, 0.0, 16.0, 16.0);
    let image = textured(TextureOptions::LINEAR, ALL, place, Color32::WHITE);
    // Up to the centres of the outer texels there is nothing to mix with.
    assert_eq!(at(&image, 0, 0), TEXELS[0].to_array());
    assert_eq!(at(&image, 15, 15), TEXELS[3].to_array());
    for x in 0..16 {
        let share = ((x as f32 - 3.5) / 8.0).clamp(0.0, 1.0);
        let red = (10.0 + 200.0 * share).round() as u8;
        assert!(near(at(&image, x, 1), [red, 20, 30, 255]), "{x}");
        assert!(near(at(&image, 1, x), [10, red + 10, 30, 255]), "{x}");
    }
    let blue = (30.0 + 100.0 * 0.5625_f32 * 0.5625).round() as u8;
    assert!(near(at(&image, 8, 8), [123, 133, blue, 255]));
}

#[test]
fn textures_go_on_beyond_their_edges() {
    let uv = Rect::from_min_max(pos2(-1.0, -1.0), pos2(3.0, 3.0));
    let place = rect(0.0, 0.0, 16.0, 16.0);
    let texel_at = |x: u32, y: u32, order: [u32; 8]| {
        TEXELS[(order[x as usize / 2] + 2 * order[y as usize / 2]) as usize].to_array()
    };
    for (wrap_mode, order) in [
        (TextureWrapMode::ClampToEdge, [0, 0, 0, 1, 1, 1, 1, 1]),
        (TextureWrapMode::Repeat, [0, 1, 0, 1, 0, 1, 0, 1]),
        (TextureWrapMode::MirroredRepeat, [1, 0, 0, 1, 1, 0, 0, 1]),
    ] {
        let options = TextureOptions {
            wrap_mode,
            ..TextureOptions::NEAREST
        };
        let image = textured(options, uv, place, Color32::WHITE);
        for (x, y, pixel) in image.enumerate_pixels() {
            assert_eq!(pixel.0, texel_at(x, y, order), "{x},{y} {wrap_mode:?}");
        }
        let options = TextureOptions {
            wrap_mode,
            ..TextureOptions::LINEAR
        };
        let image = textured(options, uv, place, Color32::WHITE);
        // Three quarters of the texel that the pixel is in, a quarter of the one before.
        let red = |texel: u32| if texel == 0 { 10.0 } else { 210.0_f32 };
        let mixed = 0.75 * red(order[4]) + 0.25 * red(order[3]);
        assert!(
            at(&image, 8, 0)[0].abs_diff(mixed as u8) <= 1,
            "{wrap_mode:?}"
        );
    }
}

#[test]
fn the_filter_depends_on_the_size_shown() {
    let options = TextureOptions {
        minification: egui::TextureFilter::Linear,
        magnification: egui::TextureFilter::Nearest,
        ..TextureOptions::NEAREST
    };
    let small = textured(options, ALL, rect(0.0, 0.0, 1.0, 1.0), Color32::WHITE);
    assert_eq!(at(&small, 0, 0), [110, 120, 55, 255]);
    let large = textured(options, ALL, rect(0.0, 0.0, 16.0, 16.0), Color32::WHITE);
    assert_eq!(at(&large, 7, 7), TEXELS[0].to_array());
}

#[test]
fn clipping_cuts_at_whole_pixels() {
    let image = on_white([20.0, 20.0], |painter| {
        painter
            .with_clip_rect(rect(3.4, 4.6, 9.6, 12.4))
            .circle_filled(pos2(8.0, 8.0), 30.0, Color32::BLUE);
    });
    only(&image, [3, 5, 10, 12], [0, 0, 255, 255], WHITE);
    // A mask over part of the window, or over none of it.
    for (mask, inside) in [
        (rect(-50.0, 15.0, 5.0, 99.0), [0, 15, 5, 20]),
        (rect(12.0, 12.0, 6.0, 6.0), [0; 4]),
        (rect(30.0, 30.0, 40.0, 40.0), [0; 4]),
    ] {
        let image = on_white([20.0, 20.0], |painter| {
            let corners = [(-40.0, -40.0), (90.0, -40.0), (90.0, 90.0), (-40.0, 90.0)];
            painter.with_clip_rect(mask).add(triangles(
                &corners,
                &[0, 1, 2, 0, 2, 3],
                Color32::BLUE,
            ));
        });
        only(&image, inside, [0, 0, 255, 255], WHITE);
    }
}

fn flat(size: [usize; 2], color: Color32) -> ColorImage {
    ColorImage::filled(size, color)
}

/// What egui gives for a window that shows one texture, pixel for texel, from (2, 2) on.
struct Showing {
    ctx: egui::Context,
    output: egui::FullOutput,
    offscreen: Offscreen,
}

impl Showing {
    const TEXTURE: TextureId = TextureId::User(7);

    fn new() -> Self {
        let ctx = egui::Context::default();
        let input = egui::RawInput {
            screen_rect: Some(rect(0.0, 0.0, 12.0, 12.0)),
            ..Default::default()
        };
        let mut output = ctx.run_ui(input, |ui| {
            let id = egui::Id::unique("test");
            let layer = egui::LayerId::new(egui::Order::Foreground, id);
            let mut mesh = Mesh::with_texture(Self::TEXTURE);
            mesh.add_rect_with_uv(rect(2.0, 2.0, 6.0, 6.0), ALL, Color32::WHITE);
            ui.ctx().layer_painter(layer).add(Shape::mesh(mesh));
        });
        output.textures_delta.clear();
        Self {
            ctx,
            output,
            offscreen: Offscreen::default(),
        }
    }

    fn change(&mut self, set: Option<ImageDelta>, free: bool) -> RgbaImage {
        let mut delta = egui::TexturesDelta::default();
        if let Some(image) = set {
            delta.push(Self::TEXTURE, image);
        }
        if free {
            delta.free(Self::TEXTURE);
        }
        self.offscreen.update(&delta);
        delta.clear();
        self.offscreen.render(&self.ctx, &self.output)
    }
}

#[test]
fn textures_change_and_go() {
    let (red, blue) = ([255, 0, 0, 255], [0, 0, 255, 255]);
    let nearest = TextureOptions::NEAREST;
    let mut showing = Showing::new();
    // An unknown texture shows nothing, and cannot be patched.
    let patch = || ImageDelta::partial([1, 2], flat([2, 1], Color32::BLUE), nearest);
    only(&showing.change(Some(patch()), false), [0; 4], red, NOTHING);

    let full = || ImageDelta::full(flat([4, 4], Color32::RED), nearest);
    let image = showing.change(Some(full()), false);
    only(&image, [2, 2, 6, 6], red, NOTHING);
    let image = showing.change(Some(patch()), false);
    for (x, y, pixel) in image.enumerate_pixels() {
        let expected = match (x, y) {
            (3..5, 4) => blue,
            (2..6, 2..6) => red,
            _ => NOTHING,
        };
        assert_eq!(pixel.0, expected, "{x},{y}");
    }
    // What does not fit is cut off.
    let large = ImageDelta::partial([3, 1], flat([9, 9], Color32::BLUE), nearest);
    let image = showing.change(Some(large), false);
    assert_eq!(at(&image, 5, 3), blue);
    assert_eq!(at(&image, 5, 5), blue);
    assert_eq!(at(&image, 4, 5), red);
    let outside = ImageDelta::partial([40, 40], flat([9, 9], Color32::GREEN), nearest);
    assert_eq!(showing.change(Some(outside), false), image);

    // The frame that frees a texture still shows it.
    let image = showing.change(Some(full()), true);
    only(&image, [2, 2, 6, 6], red, NOTHING);
    only(&showing.change(None, false), [0; 4], red, NOTHING);
    let image = showing.change(Some(full()), false);
    only(&image, [2, 2, 6, 6], red, NOTHING);
    let empty = ImageDelta::full(flat([0, 4], Color32::RED), nearest);
    only(&showing.change(Some(empty), false), [0; 4], red, NOTHING);
}

#[test]
fn handles_change_and_drop_their_textures() {
    type State = (u32, Option<egui::TextureHandle>);
    let mut harness = Harness::builder()
        .with_size(vec2(8.0, 8.0))
        .renderer(CpuRenderer::default())
        .build_ui_state(
            |ui, (step, handle): &mut State| {
                let handle = handle.get_or_insert_with(|| {
                    let image = flat([8, 8], Color32::RED);
                    ui.ctx().load_texture("own", image, TextureOptions::NEAREST)
                });
                if *step == 1 {
                    let image = flat([4, 4], Color32::BLUE);
                    handle.set_partial([4, 4], image, TextureOptions::NEAREST);
                }
                let layer = egui::LayerId::background();
                let painter = ui.ctx().layer_painter(layer);
                painter.image(handle.id(), rect(0.0, 0.0, 8.0, 8.0), ALL, Color32::WHITE);
            },
            (0, None),
        );
    only(
        &harness.render().unwrap(),
        [0, 0, 8, 8],
        [255, 0, 0, 255],
        NOTHING,
    );
    harness.state_mut().0 = 1;
    harness.step();
    let patched = harness.render().unwrap();
    only(&patched, [4, 4, 8, 8], [0, 0, 255, 255], [255, 0, 0, 255]);
    *harness.state_mut() = (2, None);
    harness.step();
    only(
        &harness.render().unwrap(),
        [0, 0, 8, 8],
        [255, 0, 0, 255],
        NOTHING,
    );
}

/// A window as busy as they get: panels, text, a table of numbers, a plot, an image.
fn busy() -> Harness<'static> {
    let handle = std::cell::RefCell::new(None);
    Harness::builder()
        .with_size(vec2(1280.0, 800.0))
        .renderer(CpuRenderer::default())
        .build_ui(move |ui| {
            let image = |x: usize| Color32::from_rgb(x as u8, (x / 200) as u8, 90);
            let mut handle = handle.borrow_mut();
            let handle: &egui::TextureHandle = handle.get_or_insert_with(|| {
                let pixels = (0..200 * 200).map(image).collect();
                let image = ColorImage::new([200, 200], pixels);
                ui.ctx().load_texture("map", image, TextureOptions::LINEAR)
            });
            ui.columns(3, |columns| {
                let [first, second, third] = columns else {
                    return;
                };
                first.heading("Spans");
                for row in 0..28 {
                    first.horizontal(|ui| {
                        let _ = ui.button("Run");
                        ui.checkbox(&mut true, "causal");
                        ui.monospace(format!("{row:3} 0.123456 0.98765 text and more text"));
                    });
                }
                second.add(egui::Image::new((handle.id(), vec2(400.0, 400.0))));
                egui_plot::Plot::new("plot").show(second, |plot| {
                    let wave = (0..500).map(|x| [f64::from(x), (f64::from(x) / 20.0).sin()]);
                    let points: egui_plot::PlotPoints<'_> = wave.collect();
                    plot.line(egui_plot::Line::new("wave", points).width(2.0));
                });
                egui::Grid::new("grid").striped(true).show(third, |ui| {
                    for row in 0..32 {
                        for column in 0..8 {
                            ui.label(format!("{:.3}", f64::from(row * column) / 97.0));
                        }
                        ui.end_row();
                    }
                });
            });
        })
}

#[test]
fn the_same_window_gives_the_same_picture() {
    let (mut one, mut other) = (busy(), busy());
    one.step();
    other.step();
    let image = one.render().unwrap();
    assert_eq!(image, other.render().unwrap());
    one.step();
    assert_eq!(image, one.render().unwrap());
    assert!(image.pixels().any(|pixel| pixel.0 != image[(0, 0)].0));
}
