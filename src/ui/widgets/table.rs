//! Tables of one line each, of which only those are drawn that are seen, with headings that may sort.

use eframe::egui::{
    Align, Button, Color32, Label, Layout, Response, RichText, ScrollArea, Sense, Ui,
};
use egui_extras::{Column as Width, TableBuilder};
use egui_material_icons::{icon_text, icons};

use crate::ui::{panels::Cx, theme};

/// Most height of the headings.
const HEADING: f32 = 28.0;

/// Text that lets clicks through to its line.
pub fn text(ui: &mut Ui, text: RichText) {
    ui.add(Label::new(text).truncate().selectable(false));
}

/// What a table is sorted by, and which way round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Order<C> {
    /// By which column.
    pub by: C,
    /// Largest first.
    pub descending: bool,
}

/// Draws the part of a line that belongs to a column.
type Cell<'a> = Box<dyn Fn(&mut Ui, &mut Cx<'_>, usize) + 'a>;

/// A column: its heading, and what its cell of a line shows.
pub struct Column<'a, C> {
    words: String,
    tip: String,
    width: f32,
    cell: Cell<'a>,
    /// Of numbers, which stand at the right.
    pub is_number: bool,
    /// What a click on its heading sorts by, and whether from above first.
    pub sorts: Option<(C, bool)>,
    /// It can be made wider, and narrower down to this.
    pub least: Option<f32>,
    /// Of its heading.
    pub colour: Option<Color32>,
}

impl<C: Copy + PartialEq> Column<'_, C> {
    fn heading_ui(&self, ui: &mut Ui, order: &mut Order<C>) {
        let colour = self.colour.unwrap_or(theme::palette(ui).muted);
        let shown = RichText::new(&self.words).small().color(colour);
        let Some((key, from_above)) = self.sorts else {
            let heading = ui.add(Label::new(shown).truncate());
            if !self.tip.is_empty() {
                heading.on_hover_text(&self.tip);
            }
            return;
        };
        let is_current = order.by == key;
        ui.spacing_mut().button_padding.x = 0.0;
        let icon = if order.descending {
            icons::ICON_ARROW_DOWNWARD
        } else {
            icons::ICON_ARROW_UPWARD
        };
        let button = if is_current {
            Button::new((shown, icon_text(icon).size(12.0)))
        } else {
            Button::new(shown)
        };
        let response = ui.add(button.frame(false).truncate());
        let tip = format!("{}\nA click sorts by it; again turns it round", self.tip);
        let response = response.accessible_name(&self.words).on_hover_text(tip);
        if response.clicked() {
            order.descending = if is_current {
                !order.descending
            } else {
                from_above
            };
            order.by = key;
        }
    }

    /// Draws at the side of its cell where it belongs.
    fn aligned(&self, ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
        if self.is_number {
            ui.with_layout(Layout::right_to_left(Align::Center), add);
        } else {
            add(ui);
        }
    }
}

/// A table.
pub struct Table<'a, C> {
    columns: Vec<Column<'a, C>>,
    line: f32,
    count: usize,
    /// A line that has to be seen.
    pub scroll_to: Option<usize>,
    /// The line above which a rule stands.
    pub rule: Option<usize>,
}

impl<'a, C: Copy + PartialEq> Table<'a, C> {
    /// Of `count` lines as high as `line`, without columns yet.
    pub fn new(line: f32, count: usize) -> Self {
        Self {
            columns: Vec::new(),
            line,
            count,
            scroll_to: None,
            rule: None,
        }
    }

    /// Adds a column of `width` points, headed by `words`, which `tip` explains. `cell` draws its part of a line.
    pub fn column(
        &mut self,
        words: impl Into<String>,
        tip: impl Into<String>,
        width: f32,
        cell: impl Fn(&mut Ui, &mut Cx<'_>, usize) + 'a,
    ) -> &mut Column<'a, C> {
        self.columns.push_mut(Column {
            words: words.into(),
            tip: tip.into(),
            colour: None,
            width,
            least: None,
            is_number: false,
            sorts: None,
            cell: Box::new(cell),
        })
    }

    /// Draws the lines that are seen, scrolled sideways where there is little room; headings change `order`, `heard`
    /// hears of each line. Lines can be clicked where columns sort.
    pub fn ui(
        &self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        order: &mut Order<C>,
        is_selected: impl Fn(&Cx<'_>, usize) -> bool,
        mut heard: impl FnMut(&mut Cx<'_>, usize, Response),
    ) {
        let sorts = self.columns.iter().any(|column| column.sorts.is_some());
        let sense = if sorts {
            Sense::click()
        } else {
            Sense::hover()
        };
        ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
            let mut table = TableBuilder::new(ui)
                .striped(true)
                .sense(sense)
                .auto_shrink(false)
                .cell_layout(Layout::left_to_right(Align::Center));
            for column in &self.columns {
                table = table.column(
                    match column.least {
                        Some(least) => Width::initial(column.width).at_least(least).resizable(true),
                        None => Width::exact(column.width),
                    }
                    .clip(true),
                );
            }
            if let Some(place) = self.scroll_to {
                table = table.scroll_to_row(place, None);
            }
            let table = table.header(self.line.min(HEADING), |mut header| {
                for column in &self.columns {
                    header.col(|ui| column.aligned(ui, |ui| column.heading_ui(ui, order)));
                }
            });
            table.body(|body| {
                body.rows(self.line, self.count, |mut line| {
                    let at = line.index();
                    line.set_selected(is_selected(cx, at));
                    line.set_overline(self.rule == Some(at));
                    for column in &self.columns {
                        line.col(|ui| column.aligned(ui, |ui| (column.cell)(ui, cx, at)));
                    }
                    heard(cx, at, line.response());
                });
            });
        });
    }
}
