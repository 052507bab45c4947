//! The real program in a real window. Each test has the machine to itself.
#![cfg(target_os = "linux")]

#[path = "../shared/desk.rs"]
mod desk;

mod build_kill_continue;
mod closing_window;
mod common;
mod end_to_end;
mod end_to_end_data;
mod end_to_end_hands;
mod screenshots;
