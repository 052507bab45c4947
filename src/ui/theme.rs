//! Colours as egui wants them, fonts and spacing. What colours there are stands in [`crate::colours`].

use eframe::egui::{
    self, Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke,
    TextStyle, Theme, vec2,
};

use crate::colours::{self, Rgb};

/// Radius of corners.
pub const RADIUS: u8 = 6;
/// The grid everything stands on, in points.
pub const GRID: f32 = 8.0;
/// Semi-bold text.
pub const SEMIBOLD: &str = "inter-semibold";

/// Colours that egui's visuals have no name for.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    /// Buttons that matter, the chosen step.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Training, everywhere and always.
    pub training: Color32,
    /// Validation, everywhere and always.
    pub validation: Color32,
    /// Test, everywhere and always.
    pub test: Color32,
    /// Earlier runs, hints.
    pub faint: Color32,
    /// Text.
    pub ink: Color32,
    /// Text of less weight; still readable.
    pub muted: Color32,
    /// It worked.
    pub good: Color32,
    /// Look here.
    pub warning: Color32,
    /// It did not work.
    pub error: Color32,
    /// Hairlines.
    pub line: Color32,
    /// Around badges that stand on pictures.
    pub badge_edge: Color32,
    /// Between tiles of pictures.
    pub gap: [u8; 3],
}

impl Palette {
    const fn new(is_dark: bool) -> Self {
        Self {
            accent: colour(colours::ACCENT.on(is_dark)),
            on_accent: colour(colours::ON_ACCENT.on(is_dark)),
            training: colour(colours::TRAINING.on(is_dark)),
            validation: colour(colours::VALIDATION.on(is_dark)),
            test: colour(colours::TEST.on(is_dark)),
            faint: colour(colours::FAINT.on(is_dark)),
            muted: colour(colours::MUTED.on(is_dark)),
            good: colour(colours::GOOD.on(is_dark)),
            warning: colour(colours::WARNING.on(is_dark)),
            error: colour(colours::ERROR.on(is_dark)),
            line: colour(colours::LINE.on(is_dark)),
            badge_edge: colour(colours::BADGE_EDGE.on(is_dark)),
            ink: colour(colours::INK.on(is_dark)),
            gap: colours::GAP.on(is_dark),
        }
    }
}

/// A colour of the table as egui has it.
pub const fn colour([red, green, blue]: Rgb) -> Color32 {
    Color32::from_rgb(red, green, blue)
}

/// The palette of the theme that `ui` is drawn in.
pub fn palette(ui: &egui::Ui) -> Palette {
    Palette::new(ui.visuals().dark_mode)
}

/// The colour of a class.
pub fn class_colour(class: usize) -> Color32 {
    colour(colours::CLASSES[class % colours::CLASSES.len()])
}

/// Scroll bars of `ui` are seen whenever something is outside the view, not only under the pointer.
pub fn always_show_bars(ui: &mut egui::Ui) {
    ui.spacing_mut().scroll = egui::style::ScrollStyle {
        foreground_color: true,
        dormant_handle_opacity: 0.4,
        active_handle_opacity: 0.6,
        ..egui::style::ScrollStyle::thin()
    };
}

/// The colour of the run in place `place` of those that are chosen.
pub fn run_colour(ui: &egui::Ui, place: usize) -> Color32 {
    colour(colours::RUNS[place % colours::RUNS.len()].on(ui.visuals().dark_mode))
}

/// Tint of pictures that the user took out.
pub const DIMMED: Color32 = Color32::from_rgba_premultiplied(70, 70, 70, 70);

/// Black or white, whichever reads better on `background`.
pub fn ink_on(background: Color32) -> Color32 {
    let [red, green, blue, _] = background.to_array();
    colour(colours::ink_on([red, green, blue]))
}

/// Sets fonts and both styles.
pub fn install(context: &egui::Context) {
    let mut fonts = FontDefinitions::default();
    let inter = FontData::from_static(include_bytes!("../../assets/fonts/Inter-Regular.ttf"));
    let semibold = FontData::from_static(include_bytes!("../../assets/fonts/Inter-SemiBold.ttf"));
    fonts.font_data.insert("inter".into(), inter.into());
    fonts.font_data.insert(SEMIBOLD.into(), semibold.into());
    let mut fallbacks = fonts
        .families
        .get(&FontFamily::Proportional)
        .cloned()
        .unwrap_or_default();
    fallbacks.insert(0, "inter".into());
    // Inter has no ⌊ and ⌋, which the arithmetic of layers needs; egui's monospaced font has.
    fallbacks.push("Hack".into());
    fonts
        .families
        .insert(FontFamily::Proportional, fallbacks.clone());
    fallbacks[0] = SEMIBOLD.into();
    fonts
        .families
        .insert(FontFamily::Name(SEMIBOLD.into()), fallbacks);
    context.set_fonts(fonts);
    egui_material_icons::initialize(context);
    for theme in [Theme::Light, Theme::Dark] {
        let palette = Palette::new(theme == Theme::Dark);
        context.style_mut_of(theme, |style| restyle(style, &palette));
    }
}

fn restyle(style: &mut egui::Style, palette: &Palette) {
    let family = FontFamily::Proportional;
    style.text_styles = [
        (TextStyle::Small, FontId::new(12.0, family.clone())),
        (TextStyle::Body, FontId::new(14.0, family.clone())),
        (TextStyle::Button, FontId::new(14.0, family)),
        (
            TextStyle::Heading,
            FontId::new(18.0, FontFamily::Name(SEMIBOLD.into())),
        ),
        (
            TextStyle::Monospace,
            FontId::new(13.0, FontFamily::Monospace),
        ),
    ]
    .into();
    style.spacing.item_spacing = vec2(GRID, GRID);
    style.spacing.button_padding = vec2(12.0, 5.0);
    style.spacing.interact_size = vec2(40.0, 28.0);
    style.spacing.window_margin = Margin::same(16);
    style.spacing.menu_margin = Margin::same(8);
    style.spacing.slider_width = 140.0;
    style.interaction.selectable_labels = false;

    let visuals = &mut style.visuals;
    let dark = visuals.dark_mode;
    let grey =
        |light: u8, dark_value: u8| Color32::from_gray(if dark { dark_value } else { light });
    visuals.panel_fill = grey(252, 24);
    visuals.window_fill = grey(255, 30);
    visuals.extreme_bg_color = grey(255, 16);
    visuals.faint_bg_color = grey(246, 29);
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.selection.bg_fill = palette.accent.gamma_multiply(if dark { 0.45 } else { 0.2 });
    visuals.selection.stroke = Stroke::new(1.0, if dark { Color32::WHITE } else { palette.accent });
    visuals.hyperlink_color = palette.accent;
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.error;
    visuals.weak_text_color = Some(palette.muted);
    visuals.slider_trailing_fill = true;
    let radius = CornerRadius::same(RADIUS);
    visuals.window_corner_radius = radius;
    visuals.menu_corner_radius = radius;
    let widgets = &mut visuals.widgets;
    for widget in [
        &mut widgets.noninteractive,
        &mut widgets.inactive,
        &mut widgets.hovered,
        &mut widgets.active,
        &mut widgets.open,
    ] {
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, palette.line);
    widgets.noninteractive.fg_stroke = Stroke::new(1.0, palette.ink);
    widgets.inactive.weak_bg_fill = grey(238, 44);
    // Text fields are as light as the panel; the hairline is their edge.
    widgets.inactive.bg_stroke = Stroke::new(1.0, palette.line);
    widgets.inactive.bg_fill = grey(222, 60);
    widgets.inactive.fg_stroke = Stroke::new(1.0, palette.ink);
    widgets.hovered.weak_bg_fill = grey(228, 54);
    widgets.hovered.bg_stroke = Stroke::new(1.0, palette.faint);
}
