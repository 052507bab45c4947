//! The window and its panels, without a display.

#[path = "../shared/desk.rs"]
mod desk;
#[path = "../shared/server.rs"]
mod server;

mod arrivals;
mod browser;
mod catalogue_window;
mod data_lost_window;
mod data_panels;
mod experiment_window;
mod flows;
mod model_editor;
mod ownership;
mod panel;
mod panels_inside;
mod panels_judging;
mod rehearsal_panels;
mod run_panels;
mod run_window;
