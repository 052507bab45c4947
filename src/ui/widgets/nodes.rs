//! Choosing what to look at in a network: layers, and the many steps within a backbone.

use eframe::egui::{ComboBox, PopupCloseBehavior, ScrollArea, TextEdit, Ui};

use super::{fields, states};
use crate::model::{Node, graph};

/// What a list offers.
pub struct Offer<'a> {
    /// All nodes of the network.
    pub nodes: &'a [Node],
    /// Positions of those that can be chosen.
    pub all: &'a [usize],
    /// Positions of those that the list shows before anything is typed.
    pub first: &'a [usize],
    /// What the list calls a node.
    pub words: fn(&Node) -> String,
}

impl Offer<'_> {
    fn words(&self, node: usize) -> String {
        self.nodes.get(node).map_or_else(String::new, self.words)
    }
}

/// [`choice`] among all nodes; those within blocks are found by their names.
pub fn any(
    ui: &mut Ui,
    tooltip: &str,
    width: f32,
    current: usize,
    nodes: &[Node],
    words: fn(&Node) -> String,
) -> Option<usize> {
    let offer = Offer {
        nodes,
        all: &(0..nodes.len()).collect::<Vec<_>>(),
        first: &graph::block_ends(nodes),
        words,
    };
    choice(ui, "Layer", tooltip, width, current, &offer)
}

/// Most height of the names in points.
const HEIGHT: f32 = 280.0;
/// What the field above them and the line below them need.
const AROUND: f32 = 120.0;
/// Least width of the open list, enough for the names in backbones.
const WIDTH: f32 = 260.0;

/// A list to choose a node from, with a field to search names in when there are more than it shows. Returns
/// what was chosen.
pub fn choice(
    ui: &mut Ui,
    name: &str,
    tooltip: &str,
    width: f32,
    current: usize,
    offer: &Offer<'_>,
) -> Option<usize> {
    let words = offer.words(current);
    if offer.first.len() == offer.all.len() {
        let options = offer.all.iter().map(|node| (*node, offer.words(*node)));
        let options = || options.collect();
        return fields::choice(ui, name, tooltip, width, (&current, &words), options);
    }
    let label = states::caption(ui, name);
    let combo = ComboBox::from_id_salt(name)
        .selected_text(&words)
        .width(width)
        .height(HEIGHT + AROUND)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .truncate();
    let response = combo.show_ui(ui, |ui| list_ui(ui, current, offer));
    let button = response.response.labelled_by(label.id);
    let count = offer.all.len();
    button.on_hover_text(format!(
        "{tooltip}\n{count} to choose from: open the list and type a part of a name"
    ));
    response.inner.flatten()
}

fn list_ui(ui: &mut Ui, current: usize, offer: &Offer<'_>) -> Option<usize> {
    ui.set_min_width(WIDTH);
    let id = ui.scope_id().with("search");
    let mut typed: String = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let label = states::caption(ui, "Search");
    let field = TextEdit::singleline(&mut typed).hint_text("a part of a name");
    let field = field.desired_width(f32::INFINITY);
    ui.add(field).labelled_by(label.id);
    ui.data_mut(|data| data.insert_temp(id, typed.clone()));
    let shown = matching(offer, &typed);
    let mut chosen = None;
    ScrollArea::vertical().max_height(HEIGHT).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for node in &shown {
            if ui
                .selectable_label(*node == current, offer.words(*node))
                .clicked()
            {
                chosen = Some(*node);
            }
        }
    });
    let rest = offer.all.len().saturating_sub(shown.len());
    if typed.is_empty() {
        states::caption(ui, format!("and {rest} steps within blocks"));
    } else if shown.is_empty() {
        states::caption(ui, "No name has this in it.");
    }
    if chosen.is_some() {
        ui.data_mut(|data| data.remove_temp::<String>(id));
        ui.close();
    }
    chosen
}

/// Those shown first, or all whose name has what was typed in it.
fn matching(offer: &Offer<'_>, typed: &str) -> Vec<usize> {
    let typed = typed.trim().to_lowercase();
    if typed.is_empty() {
        return offer.first.to_vec();
    }
    let is_meant = |node: &&usize| {
        let name = offer.nodes.get(**node).map(|node| node.name.to_lowercase());
        name.is_some_and(|name| name.contains(&typed))
    };
    offer.all.iter().filter(is_meant).copied().collect()
}
