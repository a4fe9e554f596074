//! Names of quantities stand in one place, so that what is exported says what is seen.

use super::all_sources;
use spanscope::analysis::Statistic;
use spanscope::engine::figures::Quantity;

#[test]
fn no_view_and_no_figure_names_a_quantity_by_itself() {
    let mut found = Vec::new();
    for (path, source) in all_sources() {
        let path = path.display().to_string().replace('\\', "/");
        let is_drawn = path.contains("src/ui/views/") || path.contains("src/ui/widgets/");
        let is_figure = path.contains("spanscope-engine/src/figures/");
        if !(is_drawn || is_figure) || path.ends_with("figures/quantity.rs") {
            continue;
        }
        for quantity in Quantity::ALL {
            // Single words have other meanings as well.
            for name in [quantity.axis(), quantity.short()] {
                if name.contains(' ') && source.contains(&format!("\"{name}\"")) {
                    found.push(format!("{path}: {name}"));
                }
            }
        }
        for statistic in Statistic::COLOURED {
            let label = statistic.label();
            if label.contains(" (") && source.contains(&format!("\"{label}\"")) {
                found.push(format!("{path}: {label}"));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_statistic_has_one_name_with_its_unit_and_without() {
    for statistic in Statistic::COLOURED {
        let (label, title) = (statistic.label(), statistic.title());
        assert!(label.starts_with(title), "{label}");
        assert!(title.starts_with(char::is_uppercase), "{title}");
        assert!(!title.contains('('), "{title}");
    }
}
