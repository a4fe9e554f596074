//! The roles of heads in words and looks.

use crate::analysis::role::{ROLE_EVEN, ROLE_LOCAL};
use crate::analysis::{Finding, Role};
use crate::chart::Mark;
use crate::engine::figures::role_look;
use crate::ui::language::{tr, trf};
use crate::ui::theme::Palette;
use eframe::egui::epaint::{CircleShape, PathShape, PathStroke, RectShape};
use eframe::egui::{Color32, Pos2, Rect, Shape, Stroke, pos2, vec2};

/// A role's name.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Sink => tr("first token or sink"),
        Role::Vectors => tr("persistent vectors"),
        Role::Inactive => tr("inactive"),
        Role::Induction => tr("induction"),
        Role::Duplicate => tr("duplicate token"),
        Role::Previous => tr("previous token"),
        Role::Itself => tr("query itself"),
        Role::Local => tr("local"),
        Role::Distant => tr("distant"),
        Role::Broad => tr("broad"),
    }
}

/// What a head of this role does, and by which number.
pub fn role_explained(role: Role) -> &'static str {
    match role {
        Role::Sink => tr("Mean weight on the first token and the learned sink: it rests there"),
        Role::Vectors => tr("Mean weight on persistent vectors: it rests there"),
        Role::Inactive => tr(
            "Mean norm of what it writes, as a multiple of its layer's mean: it writes next to nothing",
        ),
        Role::Induction => tr(
            "Mean weight on tokens that follow earlier ones that are the same as the query, of the queries that have any; and 3 times that of even attention",
        ),
        Role::Duplicate => tr(
            "Mean weight on earlier tokens that are the same as the query, of the queries that have any; and 3 times that of even attention",
        ),
        Role::Previous => tr("Mean weight on the token just before the query"),
        Role::Itself => tr("Mean weight on the query itself"),
        Role::Local => tr(
            "The distance that holds 99 % of its weight without the first tokens, of a head that could see farther",
        ),
        Role::Distant => {
            tr("Mean weight on tokens 64 or more away that are not among the first four")
        }
        Role::Broad => tr("Effective number of keys, as a share of those that queries see"),
    }
}

/// The threshold of a finding in words: "≥ 0.5", "≤ 16 tokens", "≥ 0.3, ≥ 3 × 0.02".
pub fn threshold_words(finding: &Finding) -> String {
    let threshold = finding.role.threshold();
    match (finding.role, finding.even) {
        (Role::Local, _) => trf("≤ {0} tokens", &[&ROLE_LOCAL]),
        (_, Some(even)) => trf(
            "≥ {0}, ≥ {1} × {2}",
            &[&threshold, &ROLE_EVEN, &format!("{even:.2}")],
        ),
        (role, None) if role.is_at_most() => format!("≤ {threshold}"),
        _ => format!("≥ {threshold}"),
    }
}

/// The colour of a head's mark: that of its role, or a pale one.
pub fn role_color(role: Option<Role>, palette: &Palette, pale: Color32) -> Color32 {
    role.map_or(pale, |role| palette.layers[role_look(role).0 % 4])
}

/// The mark of a head with a role: a dot, a square or a triangle; a ring of one without.
pub fn role_shape(role: Option<Role>, at: Pos2, radius: f32, color: Color32) -> Shape {
    match role.map(|role| role_look(role).1) {
        Some(Mark::Squares) => {
            let rect = Rect::from_center_size(at, vec2(1.8, 1.8) * radius);
            RectShape::filled(rect, 0.0, color).into()
        }
        Some(Mark::Triangles) => {
            let points = vec![
                pos2(at.x, at.y - 1.25 * radius),
                pos2(at.x + 1.2 * radius, at.y + 0.95 * radius),
                pos2(at.x - 1.2 * radius, at.y + 0.95 * radius),
            ];
            PathShape::convex_polygon(points, color, PathStroke::NONE).into()
        }
        Some(_) => CircleShape::filled(at, radius, color).into(),
        None => CircleShape::stroke(at, 0.75 * radius, Stroke::new(1.0, color)).into(),
    }
}
