//! A line that runs out of view rather than deciding how far the axis of values reaches: a single batch may be far
//! off, and would press the epochs' curves flat.

use std::ops::RangeInclusive;

use eframe::egui::{Color32, Shape, Ui};
use egui_plot::{Line, PlotBounds, PlotGeometry, PlotItem, PlotItemBase, PlotTransform};

/// A line whose heights do not count when a plot chooses what it shows.
pub struct Unscaled<'a>(pub Line<'a>);

impl PlotItem for Unscaled<'_> {
    fn shapes(&self, ui: &Ui, transform: &PlotTransform, shapes: &mut Vec<Shape>) {
        self.0.shapes(ui, transform, shapes);
    }

    fn initialize(&mut self, x_range: RangeInclusive<f64>) {
        self.0.initialize(x_range);
    }

    fn color(&self) -> Color32 {
        PlotItem::color(&self.0)
    }

    fn geometry(&self) -> PlotGeometry<'_> {
        self.0.geometry()
    }

    fn bounds(&self) -> PlotBounds {
        PlotBounds::NOTHING
    }

    fn base(&self) -> &PlotItemBase {
        self.0.base()
    }

    fn base_mut(&mut self) -> &mut PlotItemBase {
        self.0.base_mut()
    }
}
