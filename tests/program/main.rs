//! The real program as people and scripts start it from a command line.

#[path = "../shared/server.rs"]
mod server;

mod cache;
mod catalogue;
mod cli;
mod doctor;
mod edits;
mod faults;
mod faults_train;
mod judging;
mod kept;
mod maximise;
mod recipes;
mod resume;
mod weights;
