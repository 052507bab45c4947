//! What was done to the program, what it did then, and what is lost: every row of `docs/faults.md`, tried on the real
//! program. `cargo xtask faults` tries each often and writes the table; the test tries each a few times.
//!
//! Nothing here knows how the program defends itself. It harms a file or a process, lets a command go on with what is
//! left, and compares what that command says and gives with what it says and gives unharmed.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod harm;
mod moments;
mod rows;
mod table;
mod verdict;
mod world;

use std::{env, fs, path::PathBuf};

use table::Table;
use world::World;

/// Where the command wants the table.
const TABLE: &str = "CONVSCOPE_FAULTS";

fn try_files(table: &mut Table, tries: usize) {
    let world = World::new();
    for row in rows::of_files() {
        table.add(row.try_out(&world, tries));
    }
}

fn try_moments(table: &mut Table, tries: usize) {
    let world = World::new();
    for row in moments::all() {
        table.add(row(&world, tries));
    }
}

/// Two tests try the two kinds, so that they run beside each other.
fn nothing_changes_without_a_word(try_out: fn(&mut Table, usize)) {
    let mut table = Table::default();
    try_out(&mut table, 2);
    let faults = table.faults();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_harmed_file_changes_anything_without_a_word() {
    nothing_changes_without_a_word(try_files);
}

#[test]
fn no_moment_changes_anything_without_a_word() {
    nothing_changes_without_a_word(try_moments);
}

#[test]
#[ignore = "writes docs/faults.md: cargo xtask faults"]
fn write_the_table() {
    let path = PathBuf::from(env::var_os(TABLE).unwrap());
    let mut table = Table::default();
    try_files(&mut table, 15);
    try_moments(&mut table, 15);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, table.to_markdown()).unwrap();
    let faults = table.faults();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
