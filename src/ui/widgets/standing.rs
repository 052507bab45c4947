//! What is special about a sample, in words and as small badges on its picture.

use eframe::egui::{self, Align2, Color32, FontId, Rect, Ui, pos2, vec2};
use egui_material_icons::{MaterialIcon, icons};

use crate::{
    data::SplitName,
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
    let Some(open) = cx.state.open_dataset() else {
        return Standing::default();
    };
    let Some(sample) = open.dataset.samples.get(index) else {
        return Standing::default();
    };
    let source = open.base.samples.get(index).map(|base| base.label);
    let broken = open.dataset.broken.get(&index).map(String::as_str);
    Standing {
        excluded: sample.excluded,
        relabelled: source.filter(|label| *label != sample.label),
        moved: sample.moved,
        broken: broken
            .or_else(|| cx.textures.unreadable(index))
            .map(str::to_owned),
    }
}

impl Standing {
    /// Whether nothing is.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// One sentence for each thing that is special. `class` names the source's classes.
    pub fn sentences(&self, class: impl Fn(usize) -> String) -> Vec<String> {
        let mut sentences = Vec::new();
        if self.excluded {
            sentences.push("Excluded: it is in no part".to_owned());
        }
        if let Some(source) = self.relabelled {
            sentences.push(format!("Relabelled: the source says {}", class(source)));
        }
        if let Some(part) = self.moved {
            sentences.push(format!("Moved to {}", part.word()));
        }
        if let Some(reason) = &self.broken {
            sentences.push(format!("Unreadable: the file {reason}"));
        }
        sentences
    }

    /// One word for each, for lists and screen readers.
    pub fn words(&self) -> String {
        let words = [
            (self.excluded, "excluded"),
            (self.relabelled.is_some(), "relabelled"),
            (self.moved.is_some(), "moved"),
            (self.broken.is_some(), "unreadable"),
        ];
        let words: Vec<&str> = words
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, word)| *word)
            .collect();
        words.join(", ")
    }

    /// The icons of its badges.
    pub fn icons(&self) -> impl Iterator<Item = MaterialIcon> {
        [
            (self.excluded, icons::ICON_BLOCK),
            (self.relabelled.is_some(), icons::ICON_LABEL),
            (self.moved.is_some(), icons::ICON_DRIVE_FILE_MOVE),
        ]
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, icon)| icon)
    }
}

/// A round badge with its top right corner at `corner`; returns its width with the gap beside it.
pub fn badge(ui: &Ui, corner: egui::Pos2, icon: MaterialIcon, fill: Color32) -> f32 {
    const SIDE: f32 = 18.0;
    let rect = Rect::from_min_size(pos2(corner.x - SIDE, corner.y), vec2(SIDE, SIDE));
    let painter = ui.painter();
    painter.circle(
        rect.center(),
        SIDE * 0.5,
        fill,
        (1.0, theme::palette(ui).badge_edge),
    );
    let font = FontId::new(13.0, icon.font_family());
    painter.text(
        rect.center(),
        Align2::CENTER_CENTER,
        icon.codepoint,
        font,
        theme::ink_on(fill),
    );
    SIDE + 2.0
}
