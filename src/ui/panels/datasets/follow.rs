//! The browser follows the rest of the window: what is selected elsewhere comes into view, and images that somebody
//! wants to see are shown alone.

use super::{Datasets, Mode, filter::Filter};
use crate::ui::{panels::Cx, state::Showing, widgets::cached::Same};

impl Datasets {
    /// Shows only what was asked for, once for each time it is asked for.
    pub(super) fn show_alone(&mut self, cx: &Cx<'_>) {
        let samples = |showing: &Option<Showing>| {
            let showing = showing.as_ref();
            showing.map(|showing| Same::of(&showing.samples))
        };
        let asked = &cx.state.showing;
        if samples(&self.showing) == samples(asked) {
            return;
        }
        self.showing.clone_from(asked);
        if asked.is_some() {
            self.bar.filter = Filter {
                only: asked.clone(),
                ..Filter::default()
            };
            self.enlarged = None;
            self.wanted = cx.state.selection.sample();
            if !matches!(self.bar.mode, Mode::Grid | Mode::Table) {
                self.bar.mode = Mode::Grid;
            }
        }
    }

    /// Brings what was selected elsewhere into view.
    pub(super) fn follow(&mut self, cx: &Cx<'_>) {
        let selected = cx.state.selection.sample();
        if self.followed != selected {
            self.followed = selected;
            if self.pressed != selected {
                self.pressed = None;
                self.anchor = selected;
                self.wanted = selected;
            }
        }
        let Some(wanted) = self.wanted else { return };
        let samples = &self.shown.list().samples;
        let place = samples.iter().position(|sample| *sample == wanted);
        self.scroll_to = place.or(self.scroll_to);
        if place.is_some() || self.shown.is_complete() {
            self.wanted = None;
        }
    }

    /// The selected sample when the filters hide it.
    pub(super) fn hidden(&mut self, cx: &Cx<'_>) -> Option<usize> {
        let selected = cx.state.selection.sample()?;
        if !self.shown.is_complete() {
            return None;
        }
        let samples = &self.shown.list().samples;
        let key = (Same::of(samples), selected);
        let is_hidden = self.hidden.get(key, || !samples.contains(&selected));
        is_hidden.then_some(selected)
    }
}
