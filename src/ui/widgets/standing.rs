//! What is special about a sample, in words and as small badges on its picture.

use std::sync::Arc;

use eframe::egui::{self, Align2, Color32, FontId, Rect, Ui, pos2, vec2};
use egui_material_icons::{MaterialIcon, icons};

use crate::{
    data::SplitName,
    engine::OpenDataset,
    ui::{panels::Cx, theme},
};

/// What is special about one sample.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The user took it out.
    pub excluded: bool,
    /// The user gave it another label; the source's class.
    pub relabelled: Option<usize>,
    /// The user put it into this part.
    pub moved: Option<SplitName>,
    /// Why it cannot be decoded, to follow its name.
    pub broken: Option<String>,
}

/// What is special about sample `index` of the open dataset.
pub fn standing(cx: &Cx<'_>, index: usize) -> Standing {
    let of = |open: &Arc<OpenDataset>| {
        let sample = open.dataset.samples.get(index)?;
        let source = open.base.samples.get(index).map(|base| base.label);
        let broken = open.dataset.broken.get(&index).map(String::as_str);
        let broken = broken.or_else(|| cx.textures.unreadable(index));
        Some(Standing {
            excluded: sample.excluded,
            relabelled: source.filter(|label| *label != sample.label),
            moved: sample.moved,
            broken: broken.map(str::to_owned),
        })
    };
    cx.state.open_dataset().and_then(of).unwrap_or_default()
}

impl Standing {
    /// Whether nothing is.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The word of each thing that is special, and its icon; what is unreadable has none.
    fn special(&self) -> impl Iterator<Item = (&'static str, Option<MaterialIcon>)> {
        let all = [
            (self.excluded, "excluded", Some(icons::ICON_BLOCK)),
            (
                self.relabelled.is_some(),
                "relabelled",
                Some(icons::ICON_LABEL),
            ),
            (
                self.moved.is_some(),
                "moved",
                Some(icons::ICON_DRIVE_FILE_MOVE),
            ),
            (self.broken.is_some(), "unreadable", None),
        ];
        let special = all.into_iter().filter(|(is, ..)| *is);
        special.map(|(_, word, icon)| (word, icon))
    }

    /// One sentence for each thing that is special. `class` names the source's classes.
    pub fn sentences(&self, class: impl Fn(usize) -> String) -> Vec<String> {
        let relabelled = |source| format!("Relabelled: the source says {}", class(source));
        let moved = |part: SplitName| format!("Moved to {}", part.word());
        let broken = |reason: &String| format!("Unreadable: the file {reason}");
        let sentences = [
            self.excluded
                .then(|| "Excluded: it is in no part".to_owned()),
            self.relabelled.map(relabelled),
            self.moved.map(moved),
            self.broken.as_ref().map(broken),
        ];
        sentences.into_iter().flatten().collect()
    }

    /// One word for each, for lists and screen readers.
    pub fn words(&self) -> String {
        let words: Vec<&str> = self.special().map(|(word, _)| word).collect();
        words.join(", ")
    }

    /// The icons of its badges.
    pub fn icons(&self) -> impl Iterator<Item = MaterialIcon> {
        self.special().filter_map(|(_, icon)| icon)
    }
}

/// A round badge with its top right corner at `corner`; returns its width with the gap beside it.
pub fn badge(ui: &Ui, corner: egui::Pos2, icon: MaterialIcon, fill: Color32) -> f32 {
    const SIDE: f32 = 18.0;
    let rect = Rect::from_min_size(pos2(corner.x - SIDE, corner.y), vec2(SIDE, SIDE));
    let painter = ui.painter();
    let edge = (1.0, theme::palette(ui).badge_edge);
    painter.circle(rect.center(), SIDE * 0.5, fill, edge);
    let (font, ink) = (FontId::new(13.0, icon.font_family()), theme::ink_on(fill));
    let sign = icon.codepoint;
    painter.text(rect.center(), Align2::CENTER_CENTER, sign, font, ink);
    SIDE + 2.0
}
