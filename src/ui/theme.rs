//! Colours, fonts and spacing: the only place that names them.

use eframe::egui::{
    self, Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke,
    TextStyle, Theme, vec2,
};

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
    /// Badge of what the user took out.
    pub excluded: Color32,
    /// Between tiles of pictures.
    pub gap: [u8; 3],
}

const LIGHT: Palette = Palette {
    accent: Color32::from_rgb(0, 95, 163),
    on_accent: Color32::WHITE,
    training: Color32::from_rgb(0, 114, 178),
    validation: Color32::from_rgb(196, 110, 0),
    test: Color32::from_rgb(0, 140, 102),
    faint: Color32::from_rgb(173, 181, 189),
    muted: Color32::from_rgb(90, 98, 106),
    good: Color32::from_rgb(0, 118, 83),
    warning: Color32::from_rgb(150, 85, 0),
    error: Color32::from_rgb(186, 26, 26),
    line: Color32::from_rgb(222, 226, 230),
    badge_edge: Color32::WHITE,
    excluded: Color32::from_rgb(90, 98, 106),
    gap: [233, 236, 239],
};

const DARK: Palette = Palette {
    accent: Color32::from_rgb(86, 180, 233),
    on_accent: Color32::from_rgb(10, 20, 28),
    training: Color32::from_rgb(86, 180, 233),
    validation: Color32::from_rgb(240, 170, 40),
    test: Color32::from_rgb(64, 190, 145),
    faint: Color32::from_rgb(92, 99, 106),
    muted: Color32::from_rgb(165, 172, 179),
    good: Color32::from_rgb(64, 190, 145),
    warning: Color32::from_rgb(240, 190, 80),
    error: Color32::from_rgb(255, 138, 128),
    line: Color32::from_rgb(52, 57, 63),
    badge_edge: Color32::from_rgb(10, 14, 18),
    excluded: Color32::from_rgb(165, 172, 179),
    gap: [44, 48, 53],
};

/// The palette of the theme that `ui` is drawn in.
pub fn palette(ui: &egui::Ui) -> Palette {
    if ui.visuals().dark_mode { DARK } else { LIGHT }
}

/// Okabe and Ito's colours, for classes; nothing relies on them alone.
const CLASS_COLOURS: [Color32; 8] = [
    Color32::from_rgb(0, 114, 178),
    Color32::from_rgb(230, 159, 0),
    Color32::from_rgb(0, 158, 115),
    Color32::from_rgb(204, 121, 167),
    Color32::from_rgb(86, 180, 233),
    Color32::from_rgb(213, 94, 0),
    Color32::from_rgb(240, 228, 66),
    Color32::from_rgb(128, 128, 128),
];

/// The colour of a class.
pub fn class_colour(class: usize) -> Color32 {
    CLASS_COLOURS[class % CLASS_COLOURS.len()]
}

/// Colours of runs laid over each other, none of them training's or validation's. Runs also have numbers.
const RUN_COLOURS: [[Color32; 2]; 5] = [
    [
        Color32::from_rgb(0, 122, 92),
        Color32::from_rgb(70, 200, 150),
    ],
    [
        Color32::from_rgb(126, 76, 184),
        Color32::from_rgb(190, 152, 242),
    ],
    [
        Color32::from_rgb(190, 50, 104),
        Color32::from_rgb(244, 136, 176),
    ],
    [
        Color32::from_rgb(104, 104, 0),
        Color32::from_rgb(204, 200, 96),
    ],
    [
        Color32::from_rgb(70, 78, 86),
        Color32::from_rgb(200, 206, 212),
    ],
];

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
    let [light, dark] = RUN_COLOURS[place % RUN_COLOURS.len()];
    if ui.visuals().dark_mode { dark } else { light }
}

/// How many runs differ by colour alone; further ones differ by their dashes too.
pub const RUN_COLOUR_COUNT: usize = RUN_COLOURS.len();

/// Colours of red, green and blue in a histogram: bright enough on both themes, told apart by name too.
pub const CHANNELS: [Color32; 3] = [
    Color32::from_rgb(222, 60, 60),
    Color32::from_rgb(30, 160, 80),
    Color32::from_rgb(70, 120, 245),
];

/// Tint of pictures that the user took out.
pub const DIMMED: Color32 = Color32::from_rgba_premultiplied(70, 70, 70, 70);

/// Black or white, whichever reads better on `background`.
pub fn ink_on(background: Color32) -> Color32 {
    let [red, green, blue, _] = background.to_array().map(f32::from);
    if 0.299 * red + 0.587 * green + 0.114 * blue > 140.0 {
        Color32::BLACK
    } else {
        Color32::WHITE
    }
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
    for (theme, palette) in [(Theme::Light, LIGHT), (Theme::Dark, DARK)] {
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
    widgets.noninteractive.fg_stroke = Stroke::new(1.0, grey(33, 228));
    widgets.inactive.weak_bg_fill = grey(238, 44);
    // Text fields are as light as the panel; the hairline is their edge.
    widgets.inactive.bg_stroke = Stroke::new(1.0, palette.line);
    widgets.inactive.bg_fill = grey(222, 60);
    widgets.inactive.fg_stroke = Stroke::new(1.0, grey(33, 228));
    widgets.hovered.weak_bg_fill = grey(228, 54);
    widgets.hovered.bg_stroke = Stroke::new(1.0, palette.faint);
}
