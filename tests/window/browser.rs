//! The dataset browser and the image panel: filters, marks, menus, badges, every size and theme.
//!
//! `CONVSCOPE_SHOTS=folder` also writes a picture of every case.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod bench;

use std::sync::LazyLock;

use crate::panel::shot;
use bench::{Desk, desk, folder_of, open, state};
use convscope::{
    data::{Edit, Edits, Picture, SplitName, dataset::SourceKind},
    ui::{
        action::{Action, DataAction, EditAction},
        state::{AppState, DataState},
        workspace::PanelKind,
    },
};
use eframe::egui::{Key, Modifiers, Theme, accesskit::Role, vec2};
use egui_kittest::kittest::Queryable as _;

struct Folder(tempfile::TempDir);

/// Three classes of twelve images, one of which is no image.
static FEW: LazyLock<Folder> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let names = ["circle", "square", "triangle"].map(str::to_owned);
    folder_of(folder.path(), &names, 12);
    std::fs::write(folder.path().join("square/image_3.png"), "no picture").unwrap();
    std::fs::write(folder.path().join("notes.txt"), "skip me").unwrap();
    Folder(folder)
});

/// A hundred classes with long names.
static MANY: LazyLock<Folder> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..100)
        .map(|class| format!("a rather long class name that goes on, number {class:03}"))
        .collect();
    folder_of(folder.path(), &names, 6);
    Folder(folder)
});

fn edits() -> Edits {
    Edits {
        excluded: ["circle/image_1.png".to_owned()].into(),
        relabelled: [("circle/image_2.png".to_owned(), "square".to_owned())].into(),
        moved: [("circle/image_4.png".to_owned(), SplitName::Test)].into(),
        ..Edits::default()
    }
}

fn few() -> AppState {
    state(open(FEW.0.path(), edits()))
}

fn browser(state: AppState) -> Desk {
    desk(
        &[PanelKind::Datasets],
        state,
        vec2(760.0, 640.0),
        Theme::Light,
    )
}

fn has(desk: &Desk, part: &str) -> bool {
    desk.query_all_by_label_contains(part).next().is_some()
}

fn click(desk: &mut Desk, label: &str) {
    desk.get_by_label(label).click();
    desk.run();
}

/// Shows a view; narrow panels have a list of them.
fn show(desk: &mut Desk, view: &str) {
    let list = desk.query_by_role_and_label(Role::ComboBox, "View");
    if let Some(list) = list {
        list.click();
        desk.run();
        let items = desk.get_all_by_role_and_label(Role::Button, view);
        items.last().unwrap().click();
        desk.run();
    } else {
        click(desk, view);
    }
}

fn press(desk: &mut Desk, modifiers: Modifiers, key: Key) {
    desk.key_press_modifiers(modifiers, key);
    desk.run();
}

/// Puts the pointer over the images.
fn hover(desk: &mut Desk) {
    desk.hover_at(
        desk.get_by_label_contains("image_5.png · circle")
            .rect()
            .center(),
    );
    desk.run();
}

fn marked(desk: &Desk) -> (Option<usize>, Vec<usize>) {
    let selection = &desk.state().state.selection;
    (selection.sample(), selection.marked.to_vec())
}

fn take_edits(desk: &mut Desk) -> Vec<Edit> {
    let actions = std::mem::take(&mut desk.state_mut().actions);
    let edits = actions.into_iter().filter_map(|action| match action {
        Action::Edit(EditAction::Dataset(edit)) => Some(edit),
        _ => None,
    });
    edits.collect()
}

#[test]
fn every_view_draws_in_every_size_and_theme() {
    let both = [PanelKind::Datasets, PanelKind::Image];
    for (many, folder) in [("few", &FEW), ("many", &MANY)] {
        for size in [vec2(560.0, 420.0), vec2(820.0, 520.0), vec2(1400.0, 760.0)] {
            for theme in [Theme::Light, Theme::Dark] {
                let opened = open(folder.0.path(), edits());
                let mut desk = desk(&both, state(opened), size, theme);
                for view in ["Grid", "Table", "Examples", "First nine"] {
                    show(&mut desk, view);
                    assert!(has(&desk, "image_0.png"), "{view} {many} {size}");
                    shot(
                        &mut desk,
                        &format!("{view}-{many}-{}x{}-{theme:?}", size.x, size.y),
                    );
                }
            }
        }
    }
}

#[test]
fn long_class_names_are_told_apart_and_leave_room_for_counts() {
    let state = state(open(MANY.0.path(), Edits::default()));
    let mut desk = browser(state);
    let all = desk.get_by_label_contains("All 600").rect();
    let row = desk.get_by_label_contains("number 003 · 6 images").rect();
    assert!(
        (row.right() - all.right()).abs() < 1.0,
        "{row} beside {all}"
    );
    let image = "image_1.png · a rather long class name that goes on, number 000";
    desk.get_by_label(image).click_secondary();
    desk.run();
    click(&mut desk, "Label");
    let name = "a rather long class name that goes on, number 004";
    let item = desk.get_by_role_and_label(Role::Button, name).rect();
    assert!(item.width() < 220.0, "{item}");
    shot(&mut desk, "long-names");
}

#[test]
fn filters_narrow_what_is_shown_and_can_all_be_left() {
    let mut desk = browser(few());
    assert!(has(&desk, "36 of 36 images"));
    desk.get_by_label("square · 13 images").click();
    desk.run();
    assert!(
        has(&desk, "13 of 36 images"),
        "twelve squares and a relabelled circle"
    );
    desk.key_press_modifiers(Modifiers::COMMAND, Key::F);
    desk.run();
    desk.get_by_role_and_label(Role::TextInput, "Name")
        .type_text("zebra");
    desk.run();
    assert!(has(&desk, "0 of 36 images") && has(&desk, "No image fits the filters."));
    click(&mut desk, "Show all images");
    assert!(has(&desk, "36 of 36 images"));
}

#[test]
fn keys_and_clicks_mark_several() {
    let mut desk = browser(few());
    hover(&mut desk);
    press(&mut desk, Modifiers::NONE, Key::ArrowRight);
    press(&mut desk, Modifiers::NONE, Key::ArrowRight);
    assert_eq!(marked(&desk), (Some(2), vec![]));
    press(&mut desk, Modifiers::SHIFT, Key::ArrowRight);
    press(&mut desk, Modifiers::SHIFT, Key::ArrowRight);
    assert_eq!(marked(&desk), (Some(4), vec![2, 3, 4]));
    assert!(has(&desk, "3 marked"));
    shot(&mut desk, "marked");
    press(&mut desk, Modifiers::NONE, Key::Escape);
    assert_eq!(marked(&desk), (Some(4), vec![]));
    press(&mut desk, Modifiers::COMMAND, Key::A);
    assert_eq!(marked(&desk).1.len(), 36);
    press(&mut desk, Modifiers::NONE, Key::End);
    assert_eq!(marked(&desk), (Some(35), vec![]));
    assert!(has(&desk, "image_11.png · triangle"), "it was scrolled to");
    press(&mut desk, Modifiers::NONE, Key::Home);
    assert_eq!(marked(&desk), (Some(0), vec![]));
    desk.get_by_label_contains("image_3.png · circle")
        .click_modifiers(Modifiers::COMMAND);
    desk.run();
    assert_eq!(marked(&desk), (Some(3), vec![0, 3]));
    desk.get_by_label_contains("image_6.png · circle")
        .click_modifiers(Modifiers::SHIFT);
    desk.run();
    assert_eq!(marked(&desk), (Some(6), vec![3, 4, 5, 6]));
    press(&mut desk, Modifiers::NONE, Key::Enter);
    assert!(has(&desk, "Back to the images"));
    shot(&mut desk, "enlarged");
    press(&mut desk, Modifiers::NONE, Key::Escape);
    assert!(!has(&desk, "Back to the images"));
    assert_eq!(marked(&desk).1.len(), 4, "the first Esc only goes back");
}

#[test]
fn the_context_menu_and_the_button_change_what_is_marked() {
    let mut desk = browser(few());
    desk.get_by_label_contains("image_5.png · circle")
        .click_secondary();
    desk.run();
    shot(&mut desk, "context-menu");
    click(&mut desk, "Exclude");
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        take_edits(&mut desk),
        [Edit::Exclude {
            samples: names(&["circle/image_5.png"]),
            excluded: true
        }]
    );
    assert!(
        has(&desk, "image_5.png · circle, excluded"),
        "its badge has a name"
    );
    desk.get_by_label_contains("image_7.png · circle")
        .click_modifiers(Modifiers::SHIFT);
    desk.run();
    click(&mut desk, "Change…");
    click(&mut desk, "Label");
    shot(&mut desk, "label-menu");
    desk.get_by_role_and_label(Role::Button, "triangle").click();
    desk.run();
    assert_eq!(
        take_edits(&mut desk),
        [Edit::Relabel {
            samples: names(&[
                "circle/image_5.png",
                "circle/image_6.png",
                "circle/image_7.png"
            ]),
            class: Some("triangle".into())
        }]
    );
    assert!(has(&desk, "image_6.png · triangle, relabelled, marked"));
    click(&mut desk, "Change…");
    click(&mut desk, "Move to");
    click(&mut desk, "validation");
    assert!(matches!(
        &take_edits(&mut desk)[..],
        [Edit::Move { samples, part: Some(SplitName::Validation) }] if samples.len() == 3
    ));
    click(&mut desk, "Undo");
    assert!(!has(&desk, "moved, marked"));
}

#[test]
fn classes_are_renamed_in_place_and_wrong_names_refused() {
    let mut desk = browser(few());
    desk.get_by_label("circle · 11 images").click_secondary();
    desk.run();
    shot(&mut desk, "class-menu");
    click(&mut desk, "Rename…");
    let field = || (Role::TextInput, "Name to show");
    desk.get_by_role_and_label(field().0, field().1)
        .type_text(" square");
    press(&mut desk, Modifiers::COMMAND, Key::A);
    desk.get_by_role_and_label(field().0, field().1)
        .type_text("square");
    desk.run();
    press(&mut desk, Modifiers::NONE, Key::Enter);
    assert!(has(&desk, "another class is called square already"));
    shot(&mut desk, "rename");
    press(&mut desk, Modifiers::COMMAND, Key::A);
    desk.get_by_role_and_label(field().0, field().1)
        .type_text("Round things");
    desk.run();
    press(&mut desk, Modifiers::NONE, Key::Enter);
    assert_eq!(
        take_edits(&mut desk),
        [Edit::Rename {
            class: "circle".into(),
            to: "Round things".into()
        }]
    );
    assert!(has(&desk, "Round things · 11 images"));
    assert!(!has(&desk, "Rename class"), "the dialog has closed");
    desk.get_by_label("Round things · 11 images")
        .click_secondary();
    desk.run();
    click(&mut desk, "Rename…");
    press(&mut desk, Modifiers::NONE, Key::Escape);
    assert!(!has(&desk, "Rename class") && take_edits(&mut desk).is_empty());
}

#[test]
fn special_images_have_badges_with_words() {
    let mut desk = browser(few());
    for label in [
        "image_1.png · circle, excluded",
        "image_2.png · square, relabelled",
        "image_4.png · circle, moved",
        "image_3.png · square, unreadable",
    ] {
        assert!(has(&desk, label), "{label}");
    }
    shot(&mut desk, "badges");
    let broken = desk
        .get_by_label("image_3.png · square, unreadable")
        .rect()
        .center();
    desk.hover_at(broken);
    desk.run_steps(40);
    assert!(has(&desk, "Unreadable: the file "));
    shot(&mut desk, "broken-tooltip");
}

#[test]
fn the_header_says_what_it_is_and_corrects_the_guess() {
    let mut desk = browser(few());
    assert!(has(&desk, "36 images · 3 classes") && has(&desk, "1 file skipped"));
    click(&mut desk, "Details");
    shot(&mut desk, "details");
    assert!(has(&desk, "notes.txt"));
    press(&mut desk, Modifiers::NONE, Key::Escape);
    desk.get_by_role_and_label(Role::ComboBox, "Read as")
        .click();
    desk.run();
    click(&mut desk, SourceKind::SplitFolders.words());
    let is_wanted = |action: &Action| {
        matches!(
            action,
            Action::Data(DataAction::ReadAs(SourceKind::SplitFolders))
        )
    };
    assert!(desk.state().actions.iter().any(is_wanted));
}

#[test]
fn nothing_open_offers_what_helps() {
    let mut state = few();
    state.data = DataState::Empty;
    let mut desk = browser(state);
    for button in ["Open dataset…", "Open dataset file…", "Open bundled shapes"] {
        click(&mut desk, button);
    }
    assert_eq!(desk.state().actions.len(), 3);
    shot(&mut desk, "empty");
}

#[test]
fn the_image_zooms_steps_and_finds_similar_ones() {
    let mut desk = desk(
        &[PanelKind::Datasets, PanelKind::Image],
        few(),
        vec2(1200.0, 1000.0),
        Theme::Dark,
    );
    click(&mut desk, "Next");
    assert_eq!(marked(&desk).0, Some(1));
    assert!(has(&desk, "2 of 36"));
    click(&mut desk, "Zoom in");
    click(&mut desk, "100 %");
    click(&mut desk, "Fit");
    click(&mut desk, "Find similar");
    assert!(has(&desk, "Nearest of 35 images"));
    shot(&mut desk, "similar");
    desk.get_by_label_contains("differs by 9.8 of 255 levels")
        .click();
    desk.run();
    assert_eq!(marked(&desk).0, Some(3));
    desk.hover_at(desk.get_by_label("Selected image").rect().center());
    desk.run_steps(40);
    assert!(has(&desk, "column 12, row 8: red"));
    shot(&mut desk, "pixel-value");
}

#[test]
fn pictures_of_extreme_shapes_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    folder_of(folder.path(), &["other".to_owned()], 1);
    let class = folder.path().join("line");
    std::fs::create_dir_all(&class).unwrap();
    let name = format!(
        "a file with a name that goes on and on {}.png",
        "and on ".repeat(20)
    );
    for (width, height, name) in [
        (1, 5_000, "tall.png"),
        (5_000, 1, "wide.png"),
        (64, 64, name.trim()),
    ] {
        let picture = Picture::filled(width, height, [200, 40, 40]);
        picture.to_image().save(class.join(name)).unwrap();
    }
    let both = [PanelKind::Datasets, PanelKind::Image];
    for theme in [Theme::Light, Theme::Dark] {
        let opened = open(folder.path(), Edits::default());
        let mut desk = desk(&both, state(opened), vec2(1000.0, 600.0), theme);
        for sample in 0..3 {
            let mut selection = desk.state().state.selection.clone();
            selection.subject = Some(convscope::ui::state::Subject::Sample(sample));
            desk.state_mut().state.select(selection);
            desk.run();
            assert!(has(&desk, "pixels"));
            shot(&mut desk, &format!("extreme-{sample}-{theme:?}"));
        }
    }
}

#[test]
fn the_browser_goes_to_what_is_selected_elsewhere_and_shows_what_is_asked_for() {
    let last = "image_5.png · a rather long class name that goes on, number 099";
    let first = "image_0.png · a rather long class name that goes on, number 000";
    let select = |desk: &mut Desk, sample: usize| {
        let selection = desk.state().state.selection.with_sample(Some(sample));
        desk.state_mut().state.select(selection);
        desk.run();
    };
    for view in ["Grid", "Table"] {
        let opened = open(MANY.0.path(), Edits::default());
        let mut desk = browser(state(opened));
        show(&mut desk, view);
        assert!(!has(&desk, last), "{view}: it is far down");
        select(&mut desk, 599);
        assert!(has(&desk, last), "{view}: selected elsewhere");
        desk.state_mut().state.go_back(true);
        desk.run();
        assert!(has(&desk, first), "{view}: back");
        desk.state_mut().state.go_back(false);
        desk.run();
        assert!(has(&desk, last), "{view}: forward");

        let words = "in two parts".into();
        desk.state_mut().state.show_images(&[300, 7, 301], words);
        desk.run();
        assert!(has(&desk, "3 of 600 images") && has(&desk, "only: in two parts"));
        assert_eq!(marked(&desk), (Some(300), vec![7, 300, 301]));
        select(&mut desk, 599);
        assert!(has(&desk, "the selected image is filtered out"), "{view}");
        click(&mut desk, "Show it");
        assert!(
            has(&desk, "600 of 600 images") && has(&desk, last),
            "{view}"
        );
        assert!(!has(&desk, "filtered out"));
        let words = "tiny class".into();
        desk.state_mut().state.show_images(&[300], words);
        desk.run();
        assert!(has(&desk, "1 of 600 images"), "{view}: asked for again");
        click(&mut desk, "Show all images");
        assert!(
            has(&desk, "600 of 600 images") && has(&desk, "number 050"),
            "{view}"
        );
    }
}
