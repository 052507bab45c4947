//! The window's own file dialog: places on the left, the folder on the right, a name or path below.

use std::path::{Path, PathBuf};

use eframe::egui::{
    self, Align, Button, Context, Frame, Id, Key, Layout, Modal, Modifiers, Resize, RichText,
    ScrollArea, TextEdit, Ui, Vec2, text, vec2,
};
use egui_material_icons::{icon_text, icons};

use super::{
    Kind, Look, Purpose, Question,
    browsing::{self, Browsing},
    folders::Folders,
    in_words, rows,
};
use crate::{
    data::dataset::display_path,
    ui::{
        format::shortened,
        theme,
        widgets::{fields, states},
    },
};

/// Size in a window that has room for it.
const SIZE: Vec2 = vec2(760.0, 520.0);
/// Smallest that still shows what is needed.
const LEAST: Vec2 = vec2(480.0, 320.0);
/// What the window keeps around it.
const MARGIN: Vec2 = vec2(64.0, 64.0);
/// Width of the places.
const PLACES: f32 = 152.0;
/// What stands below the list.
const FOOTER: f32 = 136.0;
/// Rows that Page up and Page down go.
const PAGE: isize = 10;
/// Ancestors of the folder that are shown.
const MOST_CRUMBS: usize = 4;
/// Letters of an ancestor that are shown.
const CRUMB: usize = 20;

/// The dialog.
pub struct Browser {
    browsing: Browsing,
    /// What is typed has been marked, so that typing replaces it.
    is_begun: bool,
}

impl Browser {
    pub fn open(question: Question, folders: &Folders) -> Self {
        Self {
            browsing: Browsing::open(question, folders),
            is_begun: false,
        }
    }

    /// Asks whether the file at `path`, which was chosen elsewhere, shall be replaced.
    pub fn ask_to_replace(mut question: Question, path: PathBuf, folders: &Folders) -> Self {
        question.folder = path.parent().map(Path::to_path_buf);
        let mut browser = Self::open(question, folders);
        let name = path.file_name().unwrap_or_default();
        browser.browsing.text = display_path(name.as_ref());
        browser.browsing.to_replace = Some(path);
        browser
    }

    pub fn purpose(&self) -> &Purpose {
        &self.browsing.question.purpose
    }

    fn look(&self) -> &Look {
        &self.browsing.look
    }

    /// Draws it; what was chosen once it was, nothing chosen when it was cancelled.
    pub fn show(&mut self, context: &Context, folders: &Folders) -> Option<Vec<PathBuf>> {
        if let Some(answer) = self.browsing.take(folders) {
            return Some(answer);
        }
        if self.keys(context, folders) {
            return Some(Vec::new());
        }
        let room = context.content_rect().size() - MARGIN;
        let id = Id::unique("file dialog");
        let mut is_cancelled = false;
        let frame = Frame::popup(&context.global_style()).inner_margin(2.0 * theme::GRID);
        Modal::new(id).frame(frame).show(context, |ui| {
            Resize::default()
                .id(id.with("size"))
                .default_size(SIZE.min(room))
                .min_size(LEAST.min(room))
                .max_size(room)
                .with_stroke(false)
                .show(ui, |ui| is_cancelled = self.ui(ui, folders));
        });
        is_cancelled.then(Vec::new)
    }

    /// Whether the dialog is cancelled.
    fn keys(&mut self, context: &Context, folders: &Folders) -> bool {
        let pressed = |modifiers, key| context.input_mut(|input| input.consume_key(modifiers, key));
        let plain = |key| pressed(Modifiers::NONE, key);
        let browsing = &mut self.browsing;
        if plain(Key::Escape) {
            // One thing at a time.
            let had_more =
                browsing.to_replace.take().is_some() || browsing.new_folder.take().is_some();
            return !had_more;
        }
        if browsing.to_replace.is_some() || browsing.new_folder.is_some() {
            return false;
        }
        for (key, rows) in [
            (Key::ArrowDown, 1),
            (Key::ArrowUp, -1),
            (Key::PageDown, PAGE),
            (Key::PageUp, -PAGE),
        ] {
            if plain(key) {
                browsing.step(rows);
            }
        }
        if pressed(Modifiers::ALT, Key::ArrowUp)
            || browsing.text.is_empty() && plain(Key::Backspace)
        {
            browsing.go_up(folders);
        }
        let is_many = browsing.look.kind == Kind::Files;
        if is_many && browsing.text.is_empty() && pressed(Modifiers::COMMAND, Key::A) {
            browsing.choose_all();
        }
        if plain(Key::Enter) {
            browsing.confirm(folders);
        }
        false
    }

    /// Whether Cancel was pressed.
    fn ui(&mut self, ui: &mut Ui, folders: &Folders) -> bool {
        let size = ui.available_size();
        ui.set_min_size(size);
        ui.set_max_size(size);
        ui.label(RichText::new(self.look().title).heading());
        self.path_ui(ui, folders);
        ui.separator();
        let height = (ui.available_height() - FOOTER).max(3.0 * rows::HEIGHT);
        ui.horizontal_top(|ui| {
            column(ui, vec2(PLACES, height), |ui| self.places_ui(ui, folders));
            let width = ui.available_width();
            column(ui, vec2(width, height), |ui| self.list_ui(ui, folders));
        });
        ui.separator();
        self.field_ui(ui, folders);
        self.end_ui(ui, folders)
    }

    /// The folder and those it is in, each to go to.
    fn path_ui(&mut self, ui: &mut Ui, folders: &Folders) {
        let mut wanted = None;
        ui.horizontal(|ui| {
            let up = Button::new(icon_text(icons::ICON_ARROW_UPWARD));
            let has_parent = self.browsing.folder.parent().is_some();
            let up = ui
                .add_enabled(has_parent, up)
                .accessible_name("Folder above");
            if up.on_hover_text("The folder above (Alt+Up)").clicked() {
                self.browsing.go_up(folders);
            }
            let ancestors: Vec<&Path> = self.browsing.folder.ancestors().collect();
            let crumbs = ancestors.iter().take(MOST_CRUMBS).rev();
            for (place, path) in crumbs.enumerate() {
                let is_below_root = path
                    .parent()
                    .is_some_and(|above| above.file_name().is_none());
                if place > 0 && !is_below_root {
                    states::caption(ui, "/");
                }
                let name = path
                    .file_name()
                    .map_or_else(|| display_path(path), |name| display_path(name.as_ref()));
                let crumb = ui.add(Button::new(shortened(&name, CRUMB)).frame(false));
                if crumb.on_hover_text(display_path(path)).clicked() {
                    wanted = Some(path.to_path_buf());
                }
            }
            if self.look().kind == Kind::Save {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    self.new_folder_ui(ui, folders);
                });
            }
        });
        if let Some(folder) = wanted {
            self.browsing.go_to(folder, folders);
        }
    }

    fn new_folder_ui(&mut self, ui: &mut Ui, folders: &Folders) {
        let Some(name) = &mut self.browsing.new_folder else {
            if ui.button("New folder").clicked() {
                self.browsing.new_folder = Some(String::new());
            }
            return;
        };
        let id = Id::unique("file dialog's new folder");
        if ui.memory(|memory| memory.focused().is_none()) {
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        let make = ui.button("Make");
        let field = TextEdit::singleline(name)
            .id(id)
            .hint_text("its name")
            .desired_width(140.0);
        let field = ui.add(field).accessible_name("Name of the new folder");
        let is_entered = fields::entered(ui, &field);
        if make.clicked() || is_entered {
            self.browsing.make_folder(folders);
        }
    }

    fn places_ui(&mut self, ui: &mut Ui, folders: &Folders) {
        let home = browsing::home().map(|home| ("Home".to_owned(), home));
        let mut places: Vec<(String, PathBuf)> = home.into_iter().collect();
        places.extend(self.browsing.question.places.iter().cloned());
        let root = self.browsing.folder.ancestors().last();
        places.extend(root.map(|root| ("Computer".to_owned(), root.to_path_buf())));
        ScrollArea::vertical().id_salt("places").show(ui, |ui| {
            for (words, path) in places {
                let is_here = path == self.browsing.folder;
                let place = ui.selectable_label(is_here, shortened(&words, CRUMB));
                if place.on_hover_text(display_path(&path)).clicked() {
                    self.browsing.go_to(path, folders);
                }
            }
        });
    }

    fn list_ui(&mut self, ui: &mut Ui, folders: &Folders) {
        match &self.browsing.entries {
            None => {
                states::caption(ui, "Reading the folder…");
                return;
            }
            Some(Err(words)) => return states::failed(ui, words),
            Some(Ok(_)) if self.browsing.shown.is_empty() => {
                let words = format!("There are no {} here.", self.look().words());
                states::caption(ui, words);
                return;
            }
            Some(Ok(_)) => {}
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        let rows = self.browsing.shown.len();
        let mut area = ScrollArea::vertical().id_salt("files").auto_shrink(false);
        let at = self.browsing.at.filter(|_| self.browsing.chosen.len() <= 1);
        if let Some(at) = at.filter(|_| ui.input(moves)) {
            let top = at as f32 * rows::HEIGHT;
            let middle = (top - 0.5 * ui.available_height()).max(0.0);
            area = area.vertical_scroll_offset(middle);
        }
        let mut clicked = None;
        area.show_rows(ui, rows::HEIGHT, rows, |ui, rows| {
            for row in rows {
                let response = rows::row_ui(ui, &self.browsing, row);
                if response.clicked() {
                    clicked = Some((row, response.double_clicked()));
                }
            }
        });
        match clicked {
            Some((row, true)) => self.browsing.open_row(row, folders),
            Some((row, false)) => {
                let modifiers = ui.input(|input| input.modifiers);
                self.browsing.click(row, modifiers.command, modifiers.shift);
            }
            None => {}
        }
    }

    fn field_ui(&mut self, ui: &mut Ui, folders: &Folders) {
        let id = Id::unique("file dialog's field");
        ui.horizontal(|ui| {
            let (name, hint) = match self.look().kind {
                Kind::Save => ("Name", "a name, or a whole path"),
                Kind::Folder => ("Folder", "type to find one here, or a whole path"),
                Kind::File | Kind::Files => ("File", "type to find one here, or a whole path"),
            };
            let label = ui.label(name);
            let is_free = ui.memory(|memory| memory.focused().is_none());
            let is_asked = self.browsing.to_replace.is_some() || self.browsing.new_folder.is_some();
            if !is_asked && (is_free || !self.is_begun) {
                ui.memory_mut(|memory| memory.request_focus(id));
            }
            if !self.is_begun {
                self.is_begun = true;
                self.mark_name(ui, id);
            }
            let has_others = !matches!(self.look().kind, Kind::Folder | Kind::Save);
            let others = if has_others { 96.0 } else { 0.0 };
            let width = ui.available_width() - theme::GRID - others;
            let field = TextEdit::singleline(&mut self.browsing.text)
                .id(id)
                .hint_text(hint)
                .desired_width(width);
            let field = ui.add(field).labelled_by(label.id);
            if field.changed() {
                self.browsing.typed(folders);
            }
            let tip = format!("Shows files that are no {} too", self.look().words());
            if has_others
                && ui
                    .checkbox(&mut self.browsing.all_files, "All files")
                    .on_hover_text(tip)
                    .changed()
            {
                self.browsing.filter();
            }
        });
    }

    /// Typing takes the place of the proposed name and leaves its ending.
    fn mark_name(&self, ui: &Ui, id: Id) {
        let stem = Path::new(&self.browsing.text)
            .file_stem()
            .unwrap_or_default();
        let letters = stem.to_string_lossy().chars().count();
        let mut state = TextEdit::load_state(ui.ctx(), id).unwrap_or_default();
        let marked = text::CCursorRange::two(text::CCursor::new(0), text::CCursor::new(letters));
        state.cursor.set_char_range(Some(marked));
        state.store(ui.ctx(), id);
    }

    /// What stands in the way or will happen, and the buttons. Whether it is cancelled.
    fn end_ui(&mut self, ui: &mut Ui, folders: &Folders) -> bool {
        if self.browsing.to_replace.is_some() {
            self.replace_ui(ui);
            return false;
        }
        let mut is_cancelled = false;
        line(ui, |ui| match (&self.browsing.problem, self.look().kind) {
            (Some(words), _) => {
                let colour = theme::palette(ui).error;
                ui.add(egui::Label::new(RichText::new(words).color(colour)).truncate());
            }
            (None, Kind::Folder) => {
                let words = format!("Opens {}", display_path(&self.browsing.chosen_folder()));
                ui.add(egui::Label::new(RichText::new(words).small()).truncate());
            }
            (None, Kind::File | Kind::Files) => {
                states::caption(ui, format!("Shows {}", self.look().words()));
            }
            (None, Kind::Save) => self.format_ui(ui),
        });
        buttons(ui, |ui| {
            let words = match self.look().kind {
                Kind::Save => "Save",
                Kind::Files => "Choose",
                Kind::Folder | Kind::File => "Open",
            };
            let confirm = states::primary_button(ui, words, self.browsing.can_confirm());
            if confirm.on_hover_text("Enter").clicked() {
                self.browsing.confirm(folders);
            }
            let cancel = ui.add(Button::new("Cancel").min_size(vec2(80.0, 32.0)));
            is_cancelled = cancel.on_hover_text("Esc").clicked();
        });
        is_cancelled
    }

    /// The format of what is saved, where there are several.
    fn format_ui(&mut self, ui: &mut Ui) {
        let filters = self.look().filters.iter();
        let words: Vec<String> = filters.map(|(words, of)| in_words(words, of)).collect();
        if words.len() < 2 {
            return;
        }
        let current = self.browsing.format();
        let options = || words.iter().cloned().enumerate().collect();
        let tip = "The kind of file, which is what its name ends with";
        let shown = (&current, words[current].as_str());
        if let Some(chosen) = fields::choice(ui, "Format", tip, 240.0, shown, options) {
            self.browsing.set_format(chosen);
        }
    }

    /// Asks before a file is replaced.
    fn replace_ui(&mut self, ui: &mut Ui) {
        let Some(path) = &self.browsing.to_replace else {
            return;
        };
        let name = display_path(path.file_name().unwrap_or_default().as_ref());
        let words = format!("{name} is there already. Replace it?");
        line(ui, |ui| {
            let colour = theme::palette(ui).warning;
            ui.add(egui::Label::new(RichText::new(words).color(colour)).truncate());
        });
        buttons(ui, |ui| {
            let replace = ui.add(Button::new("Replace").min_size(vec2(96.0, 32.0)));
            let keep = ui.add(Button::new("Keep it").min_size(vec2(96.0, 32.0)));
            if ui.memory(|memory| memory.focused() != Some(replace.id)) {
                keep.request_focus();
            }
            if replace.clicked() {
                self.browsing.replace();
                ui.ctx().request_repaint();
            } else if keep.clicked() {
                self.browsing.to_replace = None;
            }
        });
    }
}

/// Whether a key moved in the list.
fn moves(input: &egui::InputState) -> bool {
    let keys = [Key::ArrowDown, Key::ArrowUp, Key::PageDown, Key::PageUp];
    keys.iter().any(|key| input.key_down(*key))
}

/// Exactly `size`, whatever is drawn in it.
fn column(ui: &mut Ui, size: Vec2, add: impl FnOnce(&mut Ui)) {
    let layout = Layout::top_down(Align::Min);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.set_min_size(size);
        ui.set_max_size(size);
        add(ui);
    });
}

/// The last line, from the right.
fn buttons(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let size = vec2(ui.available_width(), 32.0);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), add);
}

/// A line whose height does not depend on what it says.
fn line(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let size = vec2(ui.available_width(), 24.0);
    ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(size);
        add(ui);
    });
}
