//! Convscope trains image classifiers on a laptop and shows what they see.
//!
//! # Bird's-eye view
//! An egui window wraps libtorch models. Ten lanes, each a background thread, do all work: the *trainer* fits a network (one more
//! thread writes its epochs), *quick* and *slow* look inside one, the *loader* opens, decodes and examines datasets, the *reader*
//! gives quick answers meanwhile, the *searcher* finds similar images, the *downloader* fetches public datasets and weights, *web*
//! fetches single images to look at, *runs* keeps the notebook, *files* writes what is saved. They send plain-data events to
//! whoever holds the [`engine::EngineHandle`]; the window, the command line and the tests all do.
//!
//! # Code map
//! Dependencies point one way: `ui, cli → engine → { train, inspect, export } → model → data`.
//!
//! | module | holds |
//! |---|---|
//! | [`colours`] | every colour that means something, for screen, charts and reports |
//! | [`kept`] | formats of the files that people keep, and how older ones are brought up |
//! | [`data`] | sources, decoding, the pixel cache, splits, edits, the doctor, augmentation, downloads, generated sets |
//! | [`model`] | specifications and their editing, shape arithmetic, backbones, networks, weights, model files |
//! | [`train`] | experiments, the loop, optimizers, schedules, early stopping, metrics, checkpoints, the notebook of runs |
//! | [`inspect`] | the table of inspections: filters, feature maps, activation maximisation, activations |
//! | [`export`] | every format in which something leaves the program |
//! | [`engine`] | lanes, tasks, jobs, events, slots |
//! | [`cli`] | the headless commands |
//! | [`ui`] | the window |
//!
//! # Invariants
//! `tests/library/architecture.rs` keeps them: only `ui` and `main.rs` name egui, eframe or rfd; nothing in `ui`
//! names `tch`; no tensor crosses a thread; `unsafe` lives in [`sys`] alone.

pub mod cancel;
pub mod cli;
pub mod colours;
pub mod data;
pub mod engine;
pub mod export;
pub mod file_address;
pub mod format;
pub mod inspect;
pub mod kept;
pub mod model;
pub mod plain;
pub mod resources;
pub mod signals;
pub mod sys;
pub mod train;
pub mod ui;
pub mod worker;
