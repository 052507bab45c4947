//! The library's parts together, without a window and without the program.

#[path = "../shared/server.rs"]
mod server;

mod architecture;
mod backbones;
mod data_tools;
mod download;
mod downloader;
mod fidelity;
mod judging_engine;
mod layer_pairs;
mod losses;
mod objective;
mod optimizers;
mod pixels;
mod real_data;
mod real_weights;
mod reference;
mod sources;
mod train_options;
