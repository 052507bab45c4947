//! How much memory this process may still take: what the system has, what is left of the limits of a shell (`ulimit`),
//! and what is left of those of the containers around it (cgroups of Linux, versions 1 and 2, each within others).

use std::{
    fs,
    path::{Path, PathBuf},
};

use sysinfo::System;

/// Memory that a run may take now, in bytes: the least that anything leaves. Cached files do not count as taken, since
/// the system drops them when memory is wanted. `None` where the system does not tell.
pub fn available() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory();
    let limits = [
        Some(system.available_memory()),
        shell_leaves(Path::new("/proc/self")),
        containers_leave(Path::new("/proc/self/cgroup"), Path::new("/sys/fs/cgroup")),
    ];
    limits.into_iter().flatten().min()
}

/// What is left of the shell's limits on address space and data, as the folder `process` of `/proc` tells; `None`
/// without limits.
fn shell_leaves(process: &Path) -> Option<u64> {
    let limits = fs::read_to_string(process.join("limits")).ok()?;
    let status = fs::read_to_string(process.join("status")).ok()?;
    let left = |limit: &str, taken: &str| {
        // `unlimited` is no number.
        let (limit, taken) = (number(&limits, limit)?, number(&status, taken)?);
        Some(limit.saturating_sub(taken * 1024))
    };
    let all = [
        left("Max address space", "VmSize:"),
        left("Max data size", "VmData:"),
    ];
    all.into_iter().flatten().min()
}

/// The number in the line of `text` that begins with `name`.
fn number(text: &str, name: &str) -> Option<u64> {
    let row = text.lines().find_map(|line| line.strip_prefix(name))?;
    row.split_whitespace().next()?.parse().ok()
}

/// A version of cgroups: where its folders are, what they call limits, and what in `memory.stat` cannot be dropped.
struct Version {
    folder: &'static str,
    limits: &'static [&'static str],
    taken: &'static [&'static str],
}

const VERSION_1: Version = Version {
    folder: "memory",
    limits: &["memory.limit_in_bytes"],
    taken: &["total_rss ", "rss "],
};
const VERSION_2: Version = Version {
    folder: "",
    limits: &["memory.max", "memory.high"],
    taken: &["anon "],
};

/// What is left of the limits of the cgroups that the table `own` (`/proc/self/cgroup`) names, and of those around them,
/// with their folders below `root`; `None` without limits.
fn containers_leave(own: &Path, root: &Path) -> Option<u64> {
    let table = fs::read_to_string(own).ok()?;
    let mut least: Option<u64> = None;
    for line in table.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let version = match controllers {
            "" => &VERSION_2,
            names if names.split(',').any(|name| name == "memory") => &VERSION_1,
            _ => continue,
        };
        let base = root.join(version.folder);
        for folder in folders(&base, path) {
            let left = version.left(&folder);
            least = [least, left].into_iter().flatten().min();
        }
    }
    least
}

/// The folder of the cgroup `path` and those around it, up to `base`. Within a container the outer path may not be there:
/// then `base` is the container's own.
fn folders(base: &Path, path: &str) -> Vec<PathBuf> {
    let own = base.join(path.trim_start_matches('/'));
    let within = |folder: &&Path| folder.starts_with(base);
    own.ancestors()
        .take_while(within)
        .map(Path::to_path_buf)
        .collect()
}

impl Version {
    /// What is left of the limits of one cgroup.
    fn left(&self, folder: &Path) -> Option<u64> {
        // `max` is no number.
        let limit = |name: &&str| {
            let text = fs::read_to_string(folder.join(name)).ok()?;
            text.trim().parse::<u64>().ok()
        };
        let limit = self.limits.iter().filter_map(limit).min()?;
        let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
        let taken = self.taken.iter().find_map(|name| number(&stat, name));
        let taken = taken.unwrap_or(0);
        Some(limit.saturating_sub(taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_what_is_available() {
        assert!(available().is_some_and(|bytes| bytes > 1 << 20));
    }

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let file = root.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        root
    }

    #[test]
    fn the_tightest_of_all_cgroups_counts() {
        const MIB: u64 = 1 << 20;
        let of = |count: u64| (count * MIB).to_string();
        let stat = |name: &str, count: u64| format!("cache 99\nfile 7\n{name} {}\n", count * MIB);
        type Files<'a> = Vec<(&'a str, String)>;
        let cases: [(&str, &str, Files<'_>, Option<u64>); 7] = [
            (
                "version 2, its own limit less what cannot be dropped",
                "0::/a/b\n",
                vec![
                    ("a/b/memory.max", of(1000)),
                    ("a/b/memory.stat", stat("anon", 100)),
                ],
                Some(900),
            ),
            (
                "the one around it is tighter",
                "0::/a/b\n",
                vec![
                    ("a/b/memory.max", of(1000)),
                    ("a/b/memory.stat", stat("anon", 100)),
                    ("a/memory.max", of(800)),
                    ("a/memory.stat", stat("anon", 700)),
                ],
                Some(100),
            ),
            (
                "memory.high slows everything down before memory.max is reached",
                "0::/a\n",
                vec![
                    ("a/memory.max", "max\n".into()),
                    ("a/memory.high", of(300)),
                    ("a/memory.stat", stat("anon", 100)),
                ],
                Some(200),
            ),
            (
                "a container sees itself as the root",
                "0::/docker/123\n",
                vec![("memory.max", of(500)), ("memory.stat", stat("anon", 500))],
                Some(0),
            ),
            (
                "version 1, beside others",
                "5:cpu,cpuacct:/x\n4:memory:/a/b\n0::/\n",
                vec![
                    ("memory/a/b/memory.limit_in_bytes", of(400)),
                    ("memory/a/b/memory.stat", stat("total_rss", 150)),
                    ("memory/memory.limit_in_bytes", u64::MAX.to_string()),
                    ("cpu/x/memory.limit_in_bytes", of(1)),
                ],
                Some(250),
            ),
            (
                "no limit",
                "0::/a\n",
                vec![("a/memory.max", "max\n".into())],
                None,
            ),
            ("no cgroups", "", vec![], None),
        ];
        for (why, own, files, expected) in cases {
            let files: Vec<(&str, &str)> = files
                .iter()
                .map(|(path, text)| (*path, text.as_str()))
                .collect();
            let root = tree(&files);
            let table = tree(&[("cgroup", own)]);
            let left = containers_leave(&table.path().join("cgroup"), root.path());
            assert_eq!(left, expected.map(|count| count * MIB), "{why}");
        }
    }

    #[test]
    fn the_tighter_limit_of_the_shell_counts() {
        let row = |name: &str, limit: &str| {
            format!("{name:<25} {limit:<20} unlimited            bytes\n")
        };
        for (why, space, data, expected) in [
            ("none", "unlimited", "unlimited", None),
            (
                "address space",
                "2000000",
                "unlimited",
                Some(2_000_000 - 1_024_000),
            ),
            ("data", "2000000", "700000", Some(700_000 - 512_000)),
            ("already over it", "unlimited", "500000", Some(0)),
        ] {
            let limits = format!(
                "Limit                     Soft Limit           Hard Limit           Units\n{}{}",
                row("Max data size", data),
                row("Max address space", space)
            );
            let status = "Name:\tconvscope\nVmPeak:\t    2000 kB\nVmSize:\t    1000 kB\nVmData:\t     500 kB\n";
            let process = tree(&[("limits", &limits), ("status", status)]);
            assert_eq!(shell_leaves(process.path()), expected, "{why}");
        }
        assert_eq!(shell_leaves(Path::new("/nowhere")), None);
    }
}
