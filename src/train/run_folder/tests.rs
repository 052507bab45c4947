//! Folders that runs make, find and refuse.

use super::*;

#[test]
fn what_a_kill_leaves_of_a_beginning_is_no_run() {
    for (why, made, free) in [
        ("nothing there", &[][..], true),
        (
            "an unfinished beginning",
            &["checkpoints/", LOCK_FILE, TIMES_FILE, ".convscope-a.tmp"][..],
            true,
        ),
        ("a run", &["checkpoints/", EXPERIMENT_FILE][..], false),
        ("somebody's files", &["notes.txt"][..], false),
        ("somebody's unfinished file", &[".tmp-of-mine"][..], false),
        (
            "somebody's checkpoints",
            &["checkpoints/", "checkpoints/epoch.pt"][..],
            false,
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for name in made {
            let path = folder.path().join(name);
            let done = if name.ends_with('/') {
                fs::create_dir(path)
            } else {
                fs::write(path, "")
            };
            done.unwrap();
        }
        assert_eq!(free_folder(folder.path()) == folder.path(), free, "{why}");
    }
}
