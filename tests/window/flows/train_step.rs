//! The Train step in windows of the least and of usual size, while two phases run.

use convscope::train::{
    Optimizer,
    early_stopping::{EarlyStopping, Monitor, MonitorMode},
};

use super::*;

/// Two phases under early stopping, of far more epochs than are waited for.
fn two_phases(desk: &mut Desk) {
    let mut training = desk.harness.state().state().experiment.training.clone();
    training.batch_size = 8;
    training.threads = Some(1);
    training.phases[0].epochs = 1;
    training.phases[0].optimizer = Optimizer::adam(0.0005);
    let mut second = training.phases[0].clone();
    second.name = "fine-tuning".into();
    second.epochs = 1_000;
    second.optimizer.set_learning_rate(0.000_02);
    training.phases.push(second);
    training.early_stopping = Some(EarlyStopping {
        monitor: Monitor::ValLoss,
        mode: MonitorMode::Auto,
        patience: 1_000,
        min_delta: 0.0,
        restore_best: true,
    });
    desk.act(EditAction::Training(training));
}

#[test]
fn the_running_phase_its_rate_and_its_curves_are_there_at_any_size() {
    for size in [[960.0, 600.0], [1280.0, 800.0]] {
        let mut desk = Desk::sized(size, egui::Theme::Light, None);
        desk.opened();
        two_phases(&mut desk);
        desk.press(Modifiers::COMMAND, Key::Num3);
        desk.click("Train");
        desk.wait("the second phase", |app| {
            let training = &app.state().training;
            training.epochs.len() >= 3 && training.rate.is_some_and(|rate| rate.phase == 2)
        });
        let field = desk
            .harness
            .get_by_role_and_label(Role::SpinButton, "Rate now");
        assert_eq!(field.value().as_deref(), Some("2e-5"));
        assert!(desk.shows("Training · phase 2 of 2"), "{size:?}");
        for chart in ["Accuracy curve", "Loss curve"] {
            let rect = desk.harness.get_by_label(chart).rect();
            assert!(rect.height() >= 80.0, "{chart} in {size:?}: {rect:?}");
        }
        if let Some(folder) = std::env::var_os("CONVSCOPE_SHOTS") {
            let name = format!("train-{}.png", size[0]);
            let picture = desk.harness.render().unwrap();
            picture.save(PathBuf::from(folder).join(name)).unwrap();
        }
        desk.act(EditAction::LearningRate(0.0003));
        desk.wait("the line in the log", |app| {
            let said = |text: &str| text.starts_with("Learning rate 0.0003 from step ");
            app.state().notices.iter().any(|notice| said(&notice.text))
        });
        desk.act(TrainingAction::Stop);
        desk.wait("the end", |app| !app.state().training.is_running());
        assert!(desk.shows("best: epoch "), "{size:?}");
    }
}
