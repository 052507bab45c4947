//! The dataset browser: everything that was opened as a grid, a table or an overview, with filters, several
//! images marked at once, and menus that change them.

mod changes;
mod classes;
mod filter;
mod filters;
mod follow;
mod header;
mod keys;
mod menu;
mod names;
mod overview;
mod rename;
mod shown;
mod status;
mod table;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use eframe::egui::{Align, Layout, Rect, Response, Sense, Ui, UiBuilder, pos2, vec2};

use super::{Cx, Panel};
use crate::{
    data::{Sample, dataset::display_path},
    engine::{JobId, OpenDataset},
    resources,
    ui::{
        action::{Action, BUNDLED, DataAction},
        dialogs::Purpose,
        state::{DataState, Selection, Showing},
        theme,
        widgets::{
            buttons,
            cached::{Cached, Same},
            grid::{self, Drawn},
            marks::{self, Press},
            states,
            zoom::Zoom,
        },
    },
};

use filter::{Filter, Flag};
use filters::Bar;
use rename::Rename;
use shown::{Shown, View};

/// How images are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Thumbnails.
    #[default]
    Grid,
    /// Lines with name, class, part.
    Table,
    /// Five of each class.
    Examples,
    /// Three by three, with titles.
    FirstNine,
}

impl Mode {
    /// All, with their words and tooltips.
    pub const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Grid, "Grid", "Thumbnails"),
        (Self::Table, "Table", "One line for each image"),
        (Self::Examples, "Examples", "Five images of each class"),
        (
            Self::FirstNine,
            "First nine",
            "The first nine images with their classes",
        ),
    ];
}

/// Time that choosing and sorting may take in a frame.
const BUDGET: Duration = Duration::from_millis(4);
/// Width of the column of classes: a share of the panel's, within limits.
const CLASSES_WIDTH: (f32, std::ops::RangeInclusive<f32>) = (0.28, 148.0..=176.0);
/// Narrower panels have no such column.
const NARROW: f32 = 420.0;

#[derive(Default)]
pub struct Datasets {
    dataset: Option<JobId>,
    bar: Bar,
    shown: Shown,
    /// The list that the rest of the window knows.
    told: Option<Arc<[usize]>>,
    /// Where the last press without Shift was.
    anchor: Option<usize>,
    /// What was selected by the last press.
    pressed: Option<usize>,
    /// The selected sample that was followed last.
    followed: Option<usize>,
    /// A sample that was selected elsewhere and has to be seen.
    wanted: Option<usize>,
    /// Whether the list lacks the sample.
    hidden: Cached<(Same<[usize]>, usize), bool>,
    /// Images that were asked to be shown alone last.
    showing: Option<Showing>,
    /// A place of the list that has to be seen.
    scroll_to: Option<usize>,
    /// How the grid or table was drawn in the frame before.
    drawn: Drawn,
    /// The selected image fills the panel.
    enlarged: Option<Zoom>,
    rename: Option<Rename>,
    /// How often it had been asked to show what cannot be read.
    unreadable_asked: usize,
    bundled: Bundled,
}

/// The bundled datasets that are there.
struct Bundled(Vec<(&'static str, &'static str)>);

impl Default for Bundled {
    fn default() -> Self {
        let is_there =
            |(_, name): &(&str, &str)| resources::find(format!("datasets/{name}")).is_some();
        Self(BUNDLED.into_iter().filter(is_there).collect())
    }
}

impl Panel for Datasets {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        match &cx.state.data {
            DataState::Empty => {
                let sentence = "Open a folder that holds one folder of images per class.";
                self.empty_ui(ui, cx, sentence);
            }
            DataState::Opening { job, path, .. } => {
                let words = format!("Reading {}", display_path(path));
                cx.loading_ui(ui, &words, *job);
            }
            DataState::Failed { message, .. } => {
                states::failed(ui, message);
                let sentence = "Choose another folder or file, or start with what is bundled.";
                self.empty_ui(ui, cx, sentence);
            }
            DataState::Open(open) => self.browser_ui(ui, cx, open),
        }
    }
}

/// File name and class of a sample.
fn describe(open: &OpenDataset, index: usize) -> String {
    let words = |sample: &Sample| {
        format!(
            "{} · {}",
            sample.name(),
            open.dataset.class_name(sample.label)
        )
    };
    let sample = open.dataset.samples.get(index);
    sample.map_or_else(String::new, words)
}

impl Datasets {
    fn empty_ui(&self, ui: &mut Ui, cx: &mut Cx<'_>, sentence: &str) {
        if states::empty(ui, sentence, Some("Open dataset…")) {
            cx.push(Purpose::OpenDataset);
        }
        ui.vertical_centered(|ui| {
            if ui.button("Open dataset file…").clicked() {
                cx.push(Purpose::OpenDatasetFile);
            }
            for &(words, name) in &self.bundled.0 {
                if ui.button(words).clicked() {
                    cx.push(DataAction::OpenBundled(name));
                }
            }
        });
    }

    fn browser_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, open: &Arc<OpenDataset>) {
        if self.dataset != Some(open.id) {
            // Another dataset has other classes and other samples.
            self.dataset = Some(open.id);
            self.bar.filter = Filter::default();
            (self.anchor, self.rename, self.enlarged) = (None, None, None);
            self.scroll_to = Some(0);
        }
        if self.unreadable_asked != cx.state.unreadable_asked {
            self.unreadable_asked = cx.state.unreadable_asked;
            self.bar.filter = Filter {
                flag: Flag::Broken,
                ..Filter::default()
            };
            self.enlarged = None;
        }
        self.show_alone(cx);
        self.update_shown(ui, cx, open);
        self.follow(cx);
        header::header_ui(ui, cx, open);
        let area = ui.available_rect_before_wrap();
        ui.allocate_rect(area, Sense::hover());
        let is_wide = area.width() >= NARROW;
        let mut left = area.left();
        if is_wide {
            let (share, limits) = CLASSES_WIDTH;
            let width = (share * area.width()).clamp(*limits.start(), *limits.end());
            left += width + theme::GRID;
            let column = area.with_max_x(area.left() + width);
            let list = self.shown.list();
            let rename = inside(ui, "classes", column, |ui| {
                classes::classes_ui(ui, cx, open, list, &mut self.bar.filter.classes)
            });
            if let Some(class) = rename {
                self.rename = Some(Rename::new(open, class));
            }
        }
        let rest = Rect::from_min_max(pos2(left, area.top()), area.max);
        inside(ui, "images", rest, |ui| {
            self.images_ui(ui, cx, open, is_wide);
        });
        self.rename.take_if(|rename| !rename.ui(ui, cx, open));
    }

    fn update_shown(&mut self, ui: &Ui, cx: &mut Cx<'_>, open: &Arc<OpenDataset>) {
        let is_unreadable = |index: usize| cx.textures.is_unreadable(index);
        let view = View {
            open,
            division: cx.state.division.as_ref(),
            is_unreadable: &is_unreadable,
            unreadable: cx.textures.unreadable_count(),
        };
        let end = Instant::now() + BUDGET;
        if !self
            .shown
            .update(&view, &self.bar.filter, self.bar.order, end)
        {
            ui.ctx().request_repaint();
            return;
        }
        let samples = &self.shown.list().samples;
        let told = self.told.as_ref();
        if told.is_none_or(|told| !Arc::ptr_eq(told, samples)) {
            self.told = Some(Arc::clone(samples));
            cx.push(DataAction::Browsed(Arc::clone(samples)));
        }
    }

    fn images_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, open: &Arc<OpenDataset>, is_wide: bool) {
        self.bar.ui(ui, cx, open, is_wide);
        self.status_ui(ui, cx, open);
        self.keys(ui, cx);
        if self.enlarged.is_some() {
            return self.enlarged_ui(ui, cx);
        }
        let samples = Arc::clone(&self.shown.list().samples);
        if samples.is_empty() && matches!(self.bar.mode, Mode::Grid | Mode::Table) {
            let (words, button) = if self.shown.is_complete() {
                ("No image fits the filters.", Some("Show all images"))
            } else {
                ("Looking…", None)
            };
            if states::empty(ui, words, button) {
                self.bar.filter = Filter::default();
            }
            return;
        }
        self.view_ui(ui, cx, open, &samples);
    }

    fn view_ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        open: &Arc<OpenDataset>,
        samples: &[usize],
    ) {
        let scroll_to = self.scroll_to.take();
        let selection = cx.state.selection.clone();
        let mut press = None;
        let mut enlarge = false;
        let mut tile = |cx: &mut Cx<'_>, sample: usize, response: &Response| {
            if let Some(how) = pressed(&selection, sample, response) {
                press = Some((sample, how));
            }
            enlarge |= response.double_clicked();
            response.context_menu(|ui| {
                let meant = marks::meant(&cx.state.selection);
                menu::samples_ui(ui, cx, open, &meant);
            });
        };
        match self.bar.mode {
            Mode::Grid => {
                let of = (samples, self.bar.side);
                let describe = |sample: usize| describe(open, sample);
                self.drawn = grid::ui(ui, cx, of, scroll_to, &describe, &mut tile);
            }
            Mode::Table => {
                let (of, order) = ((&**open, samples), &mut self.bar.order);
                let rows = table::ui(ui, cx, of, scroll_to, order, &mut tile);
                self.drawn = Drawn { columns: 1, rows };
            }
            Mode::Examples => {
                let chosen = &self.bar.filter.classes;
                let is_chosen = |class: &usize| chosen.is_empty() || chosen.contains(class);
                let classes = 0..open.dataset.classes.len();
                let classes: Vec<usize> = classes.filter(is_chosen).collect();
                let list = self.shown.list();
                overview::examples_ui(ui, cx, open, list, (&classes, self.bar.side), &mut tile);
            }
            Mode::FirstNine => overview::first_nine_ui(ui, cx, open, samples, &mut tile),
        }
        if enlarge {
            self.enlarged = Some(Zoom::default());
        }
        if let Some((sample, how)) = press {
            self.press(cx, samples, sample, how);
        }
    }

    /// Selects or marks `sample`.
    fn press(&mut self, cx: &mut Cx<'_>, samples: &[usize], sample: usize, how: Press) {
        if self.pressed != cx.state.selection.sample() {
            // Something else was selected elsewhere since.
            self.anchor = cx.state.selection.sample();
        }
        let selection = marks::pressed(&cx.state.selection, samples, self.anchor, sample, how);
        if how != Press::Extend {
            self.anchor = Some(sample);
        }
        self.pressed = selection.sample();
        let dataset = cx.state.dataset();
        let shown = dataset.and_then(|dataset| dataset.samples.get(selection.sample()?));
        let class = shown.map(|sample| sample.label).or(selection.class);
        cx.push(Action::Select(Selection { class, ..selection }));
    }

    /// The selected image alone.
    fn enlarged_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(zoom) = &mut self.enlarged else {
            return;
        };
        let close = ui.horizontal(|ui| {
            let close = buttons::button(ui, "Back to the images", "Esc or Enter");
            zoom.buttons_ui(ui);
            close
        });
        let space = ui.available_size().max(vec2(16.0, 16.0));
        zoom.image_ui(ui, cx, space);
        if close.inner {
            self.enlarged = None;
        }
    }
}

/// How a tile was pressed in this frame, if it was.
fn pressed(selection: &Selection, sample: usize, response: &Response) -> Option<Press> {
    if response.secondary_clicked() {
        // The menu is about what is marked only if that was clicked.
        return (!marks::is_marked(selection, sample)).then_some(Press::Alone);
    }
    let modifiers = response.ctx.input(|input| input.modifiers);
    let press = match (modifiers.shift, modifiers.command) {
        (true, _) => Press::Extend,
        (_, true) => Press::Toggle,
        _ => Press::Alone,
    };
    response.clicked().then_some(press)
}

/// Draws within `rect`, whatever it needs.
fn inside<R>(ui: &mut Ui, name: &str, rect: Rect, add: impl FnOnce(&mut Ui) -> R) -> R {
    let layout = Layout::top_down(Align::Min);
    let mut child = ui.new_child(UiBuilder::new().id_salt(name).max_rect(rect).layout(layout));
    child.shrink_clip_rect(rect.expand(2.0));
    add(&mut child)
}
