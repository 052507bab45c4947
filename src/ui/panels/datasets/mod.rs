//! The dataset browser: classes with counts, thumbnails, what was left out.

use eframe::egui::{Button, ComboBox, Label, RichText, ScrollArea, Slider, Ui, vec2};

use super::{Cx, Panel};
use crate::{
    data::{Dataset, Split, SplitName, dataset::display_path},
    ui::{
        action::Action,
        dialogs::Purpose,
        format::{counted, shortened, thousands},
        state::{DataState, Selection},
        theme,
        widgets::{grid, states},
    },
};

/// View state.
pub struct Datasets {
    /// Show one class only.
    class: Option<usize>,
    /// Show one part only.
    part: Option<SplitName>,
    /// Side of a thumbnail in points.
    side: f32,
    /// The samples shown and what they were chosen by.
    shown: Option<(ShownKey, Vec<usize>)>,
}

/// Dataset, split (by address), class, part.
type ShownKey = (u64, usize, Option<usize>, Option<SplitName>);

impl Default for Datasets {
    fn default() -> Self {
        Self {
            class: None,
            part: None,
            side: 88.0,
            shown: None,
        }
    }
}

/// Width of the column of classes.
const CLASSES_WIDTH: f32 = 168.0;

impl Panel for Datasets {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        match &cx.state.data {
            DataState::Empty => empty_ui(
                ui,
                cx,
                "Open a folder that holds one folder of images per class.",
            ),
            DataState::Opening { job, path, .. } => {
                let progress = cx.state.jobs.get(job).and_then(|job| job.progress);
                let words = format!("Reading {}", display_path(path));
                if states::loading(ui, &words, progress) {
                    cx.push(Action::Cancel(*job));
                }
            }
            DataState::Failed { message, .. } => {
                states::failed(ui, message);
                empty_ui(
                    ui,
                    cx,
                    "Choose another folder, or start with the bundled shapes.",
                );
            }
            DataState::Open(open) => {
                let open = std::sync::Arc::clone(open);
                self.browser_ui(ui, cx, &open.dataset);
            }
        }
    }
}

fn empty_ui(ui: &mut Ui, cx: &mut Cx<'_>, sentence: &str) {
    if states::empty(ui, sentence, Some("Open dataset…")) {
        cx.push(Action::Ask(Purpose::OpenDataset));
    }
    ui.vertical_centered(|ui| {
        if ui.button("Open bundled shapes").clicked() {
            cx.push(Action::OpenBundled("shapes"));
        }
    });
}

impl Datasets {
    fn browser_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, dataset: &Dataset) {
        self.class = self.class.filter(|class| *class < dataset.classes.len());
        ui.horizontal_wrapped(|ui| {
            ui.heading(&dataset.name);
            let words = format!(
                "{} · {} classes",
                counted(dataset.samples.len(), "image"),
                dataset.classes.len()
            );
            states::caption(ui, words).on_hover_text(display_path(&dataset.root));
        });
        left_out_ui(ui, dataset);
        ui.add_space(4.0);
        let division = cx.state.division.clone();
        ui.horizontal_top(|ui| {
            let width = CLASSES_WIDTH.min(0.36 * ui.available_width());
            ui.allocate_ui(vec2(width, ui.available_height()), |ui| {
                ui.set_width(width);
                ui.vertical(|ui| self.classes_ui(ui, cx, dataset));
            });
            ui.add_space(theme::GRID);
            ui.vertical(|ui| {
                self.filter_ui(ui, division.as_ref().map(|division| &*division.split));
                self.update_shown(cx, dataset);
                self.grid_ui(ui, cx, dataset);
            });
        });
    }

    fn classes_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, dataset: &Dataset) {
        ui.spacing_mut().item_spacing.y = 4.0;
        let counts = dataset.class_counts();
        let width = ui.available_width();
        let longest = if width < CLASSES_WIDTH { 8 } else { 12 };
        let all = Button::selectable(self.class.is_none(), "All")
            .right_text(thousands(dataset.samples.len()));
        if ui.add(all.min_size(vec2(width - 12.0, 28.0))).clicked() {
            self.class = None;
        }
        ScrollArea::vertical()
            .auto_shrink(false)
            .show_rows(ui, 28.0, counts.len(), |ui, rows| {
                for class in rows {
                    let name = dataset.class_name(class);
                    ui.horizontal(|ui| {
                        let chip = RichText::new("●").color(theme::class_colour(class));
                        let button = Button::selectable(
                            self.class == Some(class),
                            (chip, shortened(name, longest)),
                        )
                        .right_text(thousands(counts[class]));
                        let response = ui.add(button.min_size(vec2(width - 12.0, 28.0)));
                        if response.on_hover_text(name).clicked() {
                            self.class = Some(class);
                            let selection = Selection {
                                class: Some(class),
                                ..cx.state.selection.clone()
                            };
                            cx.push(Action::Select(selection));
                        }
                    });
                }
            });
    }

    fn filter_ui(&mut self, ui: &mut Ui, split: Option<&Split>) {
        ui.horizontal_wrapped(|ui| {
            let words = |part: Option<SplitName>| match (part, split) {
                (None, _) => "every part".to_owned(),
                (Some(part), Some(split)) => {
                    format!("{} · {}", part.word(), thousands(split.part(part).len()))
                }
                (Some(part), None) => part.word().to_owned(),
            };
            let label = ui.label("Part");
            let shown = ComboBox::from_id_salt("part")
                .selected_text(words(self.part))
                .width(140.0);
            let shown = shown.show_ui(ui, |ui| {
                ui.selectable_value(&mut self.part, None, words(None));
                for part in SplitName::ALL {
                    ui.selectable_value(&mut self.part, Some(part), words(Some(part)));
                }
            });
            shown.response.labelled_by(label.id);
            ui.add_space(theme::GRID);
            let label = ui.label("Size");
            ui.spacing_mut().slider_width = 90.0;
            let slider = Slider::new(&mut self.side, 48.0..=192.0)
                .step_by(8.0)
                .show_value(false);
            ui.add(slider)
                .labelled_by(label.id)
                .on_hover_text("Size of the thumbnails");
        });
    }

    fn update_shown(&mut self, cx: &Cx<'_>, dataset: &Dataset) {
        let id = cx.state.open_dataset().map_or(0, |open| open.id.0);
        let division = cx.state.division.as_ref();
        let address = division.map_or(0, |division| std::sync::Arc::as_ptr(division) as usize);
        let key = (id, address, self.class, self.part);
        if self.shown.as_ref().is_some_and(|(shown, _)| *shown == key) {
            return;
        }
        let fits = |index: &usize| {
            self.class
                .is_none_or(|class| dataset.samples[*index].label == class)
                && self
                    .part
                    .is_none_or(|part| division.and_then(|d| d.part_of(*index)) == Some(part))
        };
        self.shown = Some((key, (0..dataset.samples.len()).filter(fits).collect()));
    }

    fn grid_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, dataset: &Dataset) {
        let Some((_, shown)) = &self.shown else {
            return;
        };
        if shown.is_empty() {
            states::caption(ui, "No image of this class stands in this part.");
            return;
        }
        let describe = |sample: usize| {
            let sample = &dataset.samples[sample];
            let name = sample
                .path
                .file_name()
                .map(|name| display_path(name.as_ref()))
                .unwrap_or_default();
            format!("{name} · {}", dataset.class_name(sample.label))
        };
        if let Some(sample) = grid::thumbnails(ui, cx, shown, self.side, describe) {
            let class = dataset.samples.get(sample).map(|sample| sample.label);
            let selection = Selection {
                sample: Some(sample),
                class,
                ..cx.state.selection.clone()
            };
            cx.push(Action::Select(selection));
        }
    }
}

/// What the scan passed over and what could not be opened.
fn left_out_ui(ui: &mut Ui, dataset: &Dataset) {
    let (skipped, broken) = (&dataset.skipped, &dataset.broken);
    if skipped.total() == 0 && broken.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        if skipped.total() > 0 {
            let words = format!("{} skipped", counted(skipped.total(), "file"));
            states::caption(ui, words).on_hover_text(format!(
                "{} hidden, {} that are not images, {} outside the class folders",
                skipped.hidden, skipped.not_images, skipped.misplaced
            ));
        }
        if !broken.is_empty() {
            let colour = theme::palette(ui).warning;
            let words = format!("{} could not be opened", counted(broken.len(), "image"));
            ui.menu_button(RichText::new(words).small().color(colour), |ui| {
                ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                    for (&index, reason) in broken {
                        let name = display_path(&dataset.samples[index].path);
                        let words = format!("{name}: {reason}");
                        ui.add(Label::new(words).wrap());
                    }
                });
            });
        }
    });
}
