//! What was done to the program, what it did then, and what is lost: every row of `docs/faults.md`, tried on the real
//! program. `cargo xtask faults` tries each often and writes the table; the test tries each a few times.
//!
//! Nothing here knows how the program defends itself. It harms a file or a process, lets a command go on with what is
//! left, and compares what that command says and gives with what it says and gives unharmed.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "faults/harm.rs"]
mod harm;
#[path = "faults/moments.rs"]
mod moments;
#[path = "faults/rows.rs"]
mod rows;
#[path = "faults/table.rs"]
mod table;
#[path = "faults/verdict.rs"]
mod verdict;
#[path = "faults/world.rs"]
mod world;

use std::{env, fs, path::PathBuf};

use table::Table;
use world::World;

/// Where the command wants the table.
const TABLE: &str = "CONVSCOPE_FAULTS";

fn try_all(tries: usize) -> Table {
    let world = World::new();
    let mut table = Table::default();
    for row in rows::of_files() {
        table.add(row.try_out(&world, tries));
    }
    for row in moments::all() {
        table.add(row(&world, tries));
    }
    table
}

#[test]
fn no_fault_changes_anything_without_a_word() {
    let table = try_all(2);
    let faults = table.faults();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
#[ignore = "writes docs/faults.md: cargo xtask faults"]
fn write_the_table() {
    let path = PathBuf::from(env::var_os(TABLE).unwrap());
    let table = try_all(15);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, table.to_markdown()).unwrap();
    let faults = table.faults();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
