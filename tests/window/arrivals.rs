//! Files that are dragged over the window and let go: each is taken for what it holds, and the window says so before.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::desk::Desk;
use convscope::{
    data::Edit,
    engine::Level,
    model::{
        LayerKind, layers,
        spec::{Backbone, InitialWeights},
    },
    ui::{
        action::{DataAction, EditAction, WindowAction},
        app::App,
        arrivals::Question,
        design::DesignAction,
        workspace::Step,
    },
};
use eframe::egui;

impl Desk {
    /// Drags `paths` over the window, checks what it promises, and lets go.
    fn drag_and_drop(&mut self, paths: &[PathBuf], promise: &str) {
        let hovered = |path: &PathBuf| egui::HoveredFile {
            path: Some(path.clone()),
            mime: String::new(),
        };
        self.harness.input_mut().hovered_files = paths.iter().map(hovered).collect();
        self.wait("the look", |app| {
            let hovering = app.state().arrivals.hovering.as_ref();
            hovering.is_some_and(|hovering| hovering.found.is_some())
        });
        assert!(
            self.shows(promise),
            "{paths:?} does not promise {promise:?}"
        );
        self.harness.input_mut().hovered_files.clear();
        self.drop_files(paths);
        self.harness.step();
        assert!(self.state().arrivals.hovering.is_none(), "it is let go");
        self.wait("the second look", |app| {
            app.state().arrivals.looking.is_empty()
        });
    }

    fn warned(&mut self, part: &str) {
        self.wait(part, |app| {
            let is_it = |notice: &convscope::ui::state::Notice| {
                notice.level == Level::Warning && notice.text.contains(part)
            };
            app.state().notices.iter().any(is_it)
        });
    }
}

fn opened(name: &'static str) -> impl Fn(&App) -> bool {
    move |app| {
        let dataset = app.state().dataset();
        dataset.is_some_and(|open| open.name == name) && app.state().division.is_some()
    }
}

/// A safetensors file of somebody else's.
fn foreign(path: &Path) {
    let json = r#"{"a.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(json.as_bytes());
    bytes.extend_from_slice(&1.0_f32.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn each_kind_of_thing_is_promised_and_taken_for_what_it_is() {
    let mut desk = Desk::new();
    let image = desk.path("others/square/square_001.png");
    desk.drag_and_drop(
        std::slice::from_ref(&image),
        "Release to look at 1 image; to classify them",
    );
    desk.wait("the refusal", |app| app.state().predict.failed.is_some());

    let run = desk.train(1);
    let name = run.file_name().unwrap().to_str().unwrap().to_owned();
    let second = desk.path("others/circle/circle_001.png");
    let promise = format!("Release to classify 2 images with {name}");
    desk.drag_and_drop(&[image.clone(), second], &promise);
    desk.wait("both answers", |app| app.state().predict.answers.len() == 2);

    desk.drag_and_drop(
        &[desk.path("others")],
        "Release to open others as the dataset",
    );
    desk.wait("the dataset", opened("others"));

    fs::write(
        desk.path("list.csv"),
        "path,label\nshapes/circle/circle_001.png,a\nshapes/square/square_001.png,b\n",
    )
    .unwrap();
    desk.drag_and_drop(
        &[desk.path("list.csv")],
        "Release to open list.csv as the dataset",
    );
    desk.wait("the list", opened("list"));

    let model = desk.path("mine.bin");
    fs::copy(run.join("model.safetensors"), &model).unwrap();
    desk.drag_and_drop(
        std::slice::from_ref(&model),
        "Release to take the model mine.bin in hand",
    );
    desk.wait("the model", |app| {
        let in_hand = app.state().model.as_ref();
        in_hand.is_some_and(|in_hand| in_hand.source.path() == model)
    });
    desk.drag_and_drop(std::slice::from_ref(&run), "Release to open the run");
    desk.wait("the run's model", |app| {
        let in_hand = app.state().model.as_ref();
        in_hand.is_some_and(|in_hand| in_hand.source.path() == run)
    });

    let mut experiment = desk.state().experiment.clone();
    experiment.title = "Dropped".into();
    experiment.dataset.path = desk.path("shapes");
    experiment.dataset.kind = None;
    fs::write(desk.path("dropped.ron"), experiment.to_ron().unwrap()).unwrap();
    desk.drag_and_drop(
        &[desk.path("dropped.ron")],
        "Release to open the experiment dropped.ron",
    );
    desk.wait("the experiment", |app| {
        app.state().experiment.title == "Dropped" && opened("shapes")(app)
    });

    fs::write(
        desk.path("edits.ron"),
        "(format: 1, excluded: [\"circle/circle_001.png\"])",
    )
    .unwrap();
    desk.drag_and_drop(
        &[desk.path("edits.ron")],
        "Release to make the 1 change of edits.ron to shapes",
    );
    desk.wait("the change", |app| {
        app.state()
            .wanted_edits()
            .is_some_and(|edits| edits.excluded.len() == 1)
    });

    let weights = desk.path("theirs.safetensors");
    foreign(&weights);
    desk.drag_and_drop(
        std::slice::from_ref(&weights),
        "holds weights of another program: add the network",
    );
    desk.warned("theirs.safetensors holds weights of another program");
    let mut spec = desk.state().experiment.model.clone();
    spec.layers[0].kind = LayerKind::Backbone(layers::Backbone {
        architecture: Backbone::MobileNetV2,
        weights: InitialWeights::Random,
        batch_norm_inference: true,
    });
    let kind = spec.layers[0].kind.clone();
    let edit = convscope::model::edit::LayerEdit::SetKind { at: 0, kind };
    desk.act(DesignAction::Edit(edit, None));
    desk.drag_and_drop(
        std::slice::from_ref(&weights),
        "Release to let MobileNetV2 begin with the weights",
    );
    let taken = |app: &App| {
        let layers = &app.state().experiment.model.layers;
        matches!(&layers[0].kind, LayerKind::Backbone(layers::Backbone { weights: InitialWeights::File(file), .. }) if *file == weights)
    };
    desk.wait("the weights", taken);

    fs::write(desk.path("notes.txt"), "hello").unwrap();
    fs::write(desk.path("more.txt"), "hello").unwrap();
    desk.drag_and_drop(&[desk.path("notes.txt")], "Cannot be used: ");
    desk.warned("notes.txt is not a folder and no file of images");
    let before = desk.state().predict.answers.len();
    let mixed = [desk.path("notes.txt"), image, desk.path("more.txt")];
    desk.drag_and_drop(&mixed, "Release to classify 1 image");
    desk.warned("2 of 3 things cannot be used; the first: ");
    desk.wait("the answer among them", |app| {
        app.state().predict.answers.len() == before + 1
    });
}

#[test]
fn what_would_lose_something_or_can_be_meant_in_two_ways_is_asked() {
    let mut desk = Desk::new();
    let edit = Edit::Exclude {
        samples: vec!["circle/circle_001.png".into()],
        excluded: true,
    };
    desk.act(EditAction::Dataset(edit));
    let others = desk.path("others");
    desk.act(WindowAction::OpenPath(others.clone()));
    let asks = |app: &App| matches!(app.state().arrivals.question, Some(Question::Replace(_)));
    desk.wait("the question", asks);
    assert!(desk.shows("You have changed shapes since it was opened."));
    desk.click("Stay with shapes");
    assert!(desk.state().arrivals.question.is_none() && opened("shapes")(desk.harness.state()));
    desk.act(WindowAction::OpenPath(others));
    desk.wait("the question again", asks);
    desk.click("Open");
    desk.wait("the other dataset", opened("others"));
    desk.act(DataAction::Open(desk.path("shapes")));
    desk.wait("the first one, with its changes", |app| {
        opened("shapes")(app)
            && app
                .state()
                .wanted_edits()
                .is_some_and(|edits| edits.len() == 1)
    });

    let photos = desk.path("shapes/circle");
    desk.act(WindowAction::OpenPath(photos.clone()));
    desk.wait("the photos", |app| app.state().arrivals.question.is_some());
    assert!(desk.shows("8 images without classes"));
    desk.click("Leave them");
    desk.train(1);
    desk.act(WindowAction::OpenPath(photos));
    desk.wait("the photos again", |app| {
        app.state().arrivals.question.is_some()
    });
    desk.click("Classify them");
    desk.wait("all answers", |app| app.state().predict.answers.len() == 8);
    assert_eq!(
        desk.state().dataset().map(|open| open.name.as_str()),
        Some("shapes")
    );
    desk.act(WindowAction::GoTo(Step::Data));
}
