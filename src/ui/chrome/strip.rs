//! The three things that are always in sight and never mixed up: the data, the experiment, the model in hand. Each is
//! a place in the bar with its name; a click offers what else it could be.

use eframe::egui::{
    Button, Color32, FontId, Popup, Rect, Response, RichText, Role, Sense, Stroke, TextStyle, Ui,
    WidgetInfo, pos2, vec2,
};

use super::menu::{dataset_items_ui, experiment_items_ui, items_ui};
use crate::{
    data::dataset::display_path,
    train::run_folder::MODEL_FILE,
    ui::{
        action::{DataAction, ExperimentAction, ModelAction, WindowAction},
        dialogs::Purpose,
        format::{shortened, thousands},
        panels::Cx,
        saving::Saving,
        state::{AppState, DataState},
        theme,
        widgets::{classes, states},
        workspace::Step,
    },
};

/// Runs that the menu of the model offers; the Runs step has them all.
const MOST_RUNS: usize = 8;
/// Letters of a name in a menu.
const LONGEST_NAME: usize = 48;
/// Between two words of a place.
const GAP: f32 = 6.0;
/// Around the words of a place.
const PAD: f32 = 8.0;
/// Points of a name that are shown at least, before what is known about the thing.
const LEAST_NAME: f32 = 96.0;

/// One of the three.
struct Place {
    word: &'static str,
    name: String,
    /// What is known about it.
    more: String,
    /// That matters more than the whole name.
    keeps_more: bool,
    tip: &'static str,
}

fn data(state: &AppState) -> Place {
    let (name, more) = match &state.data {
        DataState::Open(_) => state.data_words().unwrap_or_default(),
        DataState::Opening { path, .. } => {
            let name = path.file_name().unwrap_or(path.as_os_str());
            (display_path(name.as_ref()), "opening".to_owned())
        }
        DataState::Empty | DataState::Failed { .. } => ("no dataset".to_owned(), String::new()),
    };
    Place {
        word: "Data",
        name,
        more,
        keeps_more: false,
        tip: "The images that are open. Click to open others",
    }
}

fn experiment(state: &AppState) -> Place {
    let parameters = state.design.shapes.iter().map(|shape| shape.parameters);
    let more = match state.design.fits {
        true => format!("{} parameters", thousands(parameters.sum())),
        false => "layers do not fit".to_owned(),
    };
    Place {
        word: "Experiment",
        name: state.experiment.title.clone(),
        more,
        keeps_more: false,
        tip: "What Train would do. Click to open another",
    }
}

fn model(state: &AppState) -> Place {
    Place {
        word: "Model",
        name: state
            .name_in_hand()
            .unwrap_or_else(|| "none yet".to_owned()),
        more: state.stand_of_model().unwrap_or_default(),
        keeps_more: true,
        tip: "The model in hand: Evaluate, Inside and Predict use it. Click to take another",
    }
}

/// Draws all three from left to right into the space that is left.
pub fn strip_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let places = [data(cx.state), experiment(cx.state), model(cx.state)];
    ui.spacing_mut().item_spacing.x = 0.0;
    let wanted = places.each_ref().map(|place| place.wanted(ui));
    let widths = shares(wanted, ui.available_width());
    for (number, (place, width)) in places.iter().zip(widths).enumerate() {
        let response = place.ui(ui, width);
        Popup::menu(&response).show(|ui| {
            ui.set_max_width(360.0);
            match number {
                0 => data_menu_ui(ui, cx),
                1 => experiment_menu_ui(ui, cx),
                _ => model_menu_ui(ui, cx),
            }
        });
    }
}

/// How `room` is divided: each gets what it wants, or else what is left for it when the modest ones are served.
fn shares<const N: usize>(wanted: [f32; N], room: f32) -> [f32; N] {
    let mut order = wanted;
    order.sort_by(f32::total_cmp);
    let (mut left, mut share) = (room, room);
    for (served, wanted) in order.into_iter().enumerate() {
        share = left / (N - served) as f32;
        if wanted > share {
            break;
        }
        left -= wanted;
        share = wanted;
    }
    wanted.map(|wanted| wanted.min(share))
}

impl Place {
    fn words(&self) -> String {
        let Self {
            word, name, more, ..
        } = self;
        match more.as_str() {
            "" => format!("{word}: {name}"),
            more => format!("{word}: {name} · {more}"),
        }
    }

    /// The width with all its words.
    fn wanted(&self, ui: &Ui) -> f32 {
        let small = TextStyle::Small.resolve(ui.style());
        let body = TextStyle::Body.resolve(ui.style());
        let row = Row {
            ui,
            rect: Rect::NOTHING,
        };
        let words = [
            (self.word, &small),
            (&self.name, &body),
            (&self.more, &small),
        ];
        let words = words.into_iter().filter(|(text, _)| !text.is_empty());
        // The last gap is the room that rounding needs.
        words
            .map(|(text, font)| row.width(text, font) + GAP)
            .sum::<f32>()
            + 2.0 * PAD
    }

    fn ui(&self, ui: &mut Ui, width: f32) -> Response {
        let height = ui.spacing().interact_size.y;
        let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
        let palette = theme::palette(ui);
        let (line, muted) = (palette.line, palette.muted);
        let ink = ui.visuals().text_color();
        if response.hovered() || response.has_focus() {
            let fill = ui.visuals().widgets.hovered.weak_bg_fill;
            let radius = f32::from(theme::RADIUS);
            ui.painter().rect_filled(rect, radius, fill);
        }
        let stroke = Stroke::new(1.0, line);
        ui.painter()
            .vline(rect.left(), rect.y_range().shrink(4.0), stroke);
        let small = TextStyle::Small.resolve(ui.style());
        let mut row = Row {
            ui,
            rect: rect.shrink2(vec2(PAD, 0.0)),
        };
        row.put(self.word, &small, muted, 0.0);
        let body = TextStyle::Body.resolve(row.ui.style());
        let more = row.width(&self.more, &small) + GAP;
        let name = row.width(&self.name, &body);
        let least = if self.keeps_more {
            name.min(LEAST_NAME)
        } else {
            name
        };
        let has_more = !self.more.is_empty() && least + more < row.rect.width();
        row.put(&self.name, &body, ink, if has_more { more } else { 0.0 });
        if has_more {
            row.put(&self.more, &small, muted, 0.0);
        }
        let words = self.words();
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
        response.on_hover_text(format!("{words}\n{}", self.tip))
    }
}

/// Words beside each other in what is left of a place.
struct Row<'a> {
    ui: &'a Ui,
    rect: Rect,
}

impl Row<'_> {
    fn width(&self, text: &str, font: &FontId) -> f32 {
        let painter = self.ui.painter();
        let galley = painter.layout_no_wrap(text.to_owned(), font.clone(), Color32::PLACEHOLDER);
        galley.size().x
    }

    /// Puts `text`, less its middle where it is too long, and keeps `kept` points free after it.
    fn put(&mut self, text: &str, font: &FontId, ink: Color32, kept: f32) {
        let room = (self.rect.width() - kept).max(1.0);
        let galley = classes::middle_line(self.ui, text, font.clone(), ink, room);
        let size = galley.size();
        let at = pos2(self.rect.left(), self.rect.center().y - size.y * 0.5);
        self.ui.painter().galley(at, galley, ink);
        *self.rect.left_mut() += size.x + GAP;
    }
}

fn data_menu_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let idle = !cx.state.training.is_running();
    let look = WindowAction::GoTo(Step::Data).into();
    items_ui(ui, cx, [("Look at the images", "", true, look)]);
    ui.separator();
    dataset_items_ui(ui, cx);
    if let Some(path) = cx.state.dataset_to_open() {
        let name = path.file_name().unwrap_or(path.as_os_str());
        let name = shortened(&display_path(name.as_ref()), LONGEST_NAME);
        let words = format!("Open the model's dataset, {name}");
        items_ui(ui, cx, [(&words, "", idle, DataAction::OpenOfModel.into())]);
    }
}

fn experiment_menu_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let idle = !cx.state.training.is_running();
    let go_to = |step| WindowAction::GoTo(step).into();
    let items = [
        ("Change its settings", "", true, go_to(Step::Train)),
        ("Change its layers", "", true, go_to(Step::Model)),
    ];
    items_ui(ui, cx, items);
    ui.separator();
    for recipe in cx.state.recipes.clone().iter().flat_map(|all| all.iter()) {
        let action = ExperimentAction::OpenRecipe(recipe.name.clone()).into();
        let title = shortened(&recipe.title, LONGEST_NAME);
        items_ui(ui, cx, [(&title, "", idle, action)]);
    }
    ui.separator();
    experiment_items_ui(ui, cx);
}

fn model_menu_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let idle = !state.training.is_running();
    let has_model = state.model.is_some();
    if let Some(folder) = cx.state.model.as_ref().map(|model| model.source.path()) {
        states::caption(ui, shortened(&display_path(folder), 2 * LONGEST_NAME))
            .on_hover_text(display_path(folder));
    }
    let tip = "Makes the layers of the model in hand, and how its data was divided, those of the experiment";
    let take = ui.add_enabled(
        idle && has_model,
        Button::new("Use its layers in the experiment"),
    );
    if take.on_hover_text(tip).clicked() {
        cx.push(ExperimentAction::TakeNetwork);
    }
    let save = Saving::Model.into();
    items_ui(ui, cx, [("Save model…", "Ctrl+S", has_model, save)]);
    ui.separator();
    let listing = state.runs.listing.clone();
    let runs = listing.iter().flat_map(|listing| listing.runs.iter());
    let in_hand = state.model.as_ref().map(|model| model.source.path());
    for run in runs.filter(|run| run.has_model).take(MOST_RUNS) {
        let is_it = in_hand == Some(run.folder.as_path());
        let name = RichText::new(shortened(&run.name(), LONGEST_NAME));
        let button = Button::selectable(is_it, name);
        if ui
            .add_enabled(idle, button)
            .on_hover_text(run.name())
            .clicked()
        {
            cx.push(ModelAction::Load(run.folder.join(MODEL_FILE)));
        }
    }
    let all = WindowAction::GoTo(Step::Runs).into();
    let open = Purpose::OpenModel.into();
    let items = [
        ("All runs", "Ctrl+7", true, all),
        ("Open model…", "", idle, open),
    ];
    items_ui(ui, cx, items);
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn the_modest_are_served_and_the_others_share_what_is_left() {
        for (wanted, room, expected) in [
            ([100.0, 200.0, 300.0], 900.0, [100.0, 200.0, 300.0]),
            ([100.0, 200.0, 300.0], 600.0, [100.0, 200.0, 300.0]),
            ([100.0, 400.0, 500.0], 700.0, [100.0, 300.0, 300.0]),
            ([500.0, 100.0, 250.0], 600.0, [250.0, 100.0, 250.0]),
            ([400.0, 500.0, 600.0], 600.0, [200.0, 200.0, 200.0]),
        ] {
            assert_eq!(shares(wanted, room), expected, "{wanted:?} in {room}");
        }
    }
}
