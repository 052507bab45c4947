//! What a catalogue may say.

use super::*;

fn entry() -> Entry {
    Entry {
        name: "set".into(),
        title: "A set".into(),
        description: "Pictures".into(),
        recipes: Vec::new(),
        files: vec![FileEntry {
            name: "set.zip".into(),
            urls: vec!["https://example.org/set.zip".into()],
            bytes: Some(10),
            sha256: Some("0a".repeat(32)),
        }],
        licence: Licence {
            name: "CC BY 4.0".into(),
            url: "https://creativecommons.org/licenses/by/4.0/".into(),
        },
        homepage: "https://example.org/".into(),
        citation: String::new(),
        class_names: vec!["a".into(), "b".into()],
    }
}

fn checked(entries: Vec<Entry>) -> Result<(), String> {
    let catalogue = Catalogue {
        format: FORMAT,
        datasets: entries,
    };
    catalogue.check().map_err(|error| error.to_string())
}

#[test]
fn what_ships_is_sound() {
    let catalogue = Catalogue::load(None).unwrap();
    let names: Vec<&str> = catalogue.datasets.iter().map(|e| e.name.as_str()).collect();
    for name in [
        "flowers",
        "malaria",
        "bloodmnist",
        "pneumoniamnist",
        "cats-and-dogs",
    ] {
        assert!(names.contains(&name), "{name} is missing");
    }
    for entry in &catalogue.datasets {
        let urls = entry.files.iter().flat_map(|file| &file.urls);
        let all_safe = urls.into_iter().all(|url| url.starts_with("https://"));
        assert!(all_safe, "{}: only tests may go without https", entry.name);
        assert!(!entry.description.is_empty() && !entry.citation.is_empty());
    }
    let blood = catalogue.find("bloodmnist").unwrap();
    assert_eq!(
        blood.class_names[3],
        "immature granulocytes(myelocytes, metamyelocytes and promyelocytes)"
    );
}

#[test]
fn entries_that_make_no_sense_are_refused() {
    type Damage = fn(&mut Entry);
    let cases: [(Damage, &str); 12] = [
        (|e| e.name = "../up".into(), "name"),
        (|e| e.name = "Upper".into(), "name"),
        (|e| e.files.clear(), "no files"),
        (|e| e.files[0].name = "../set.zip".into(), "file name"),
        (|e| e.files[0].name = "a\\b".into(), "file name"),
        (|e| e.files[0].name = "done.ron".into(), "file name"),
        (|e| e.files[0].name = "x.part".into(), "file name"),
        (|e| e.files[0].name = "NUL.zip".into(), "file name"),
        (
            |e| e.files[0].urls[0] = "http://example.org/a".into(),
            "https",
        ),
        (|e| e.files[0].sha256 = Some("0a".into()), "SHA-256"),
        (|e| e.files[0].sha256 = Some("zz".repeat(32)), "SHA-256"),
        (|e| e.class_names.truncate(1), "classes"),
    ];
    checked(vec![entry()]).unwrap();
    for (number, (damage, part)) in cases.into_iter().enumerate() {
        let mut damaged = entry();
        damage(&mut damaged);
        let reason = checked(vec![damaged]).unwrap_err();
        assert!(reason.contains(part), "case {number}: {reason}");
    }
    assert!(
        checked(vec![entry(), entry()])
            .unwrap_err()
            .contains("twice")
    );
}

#[test]
fn sizes_add_up_only_when_all_are_known() {
    let mut two = entry();
    two.files.push(two.files[0].clone());
    assert_eq!(two.bytes(), Some(20));
    two.files[1].bytes = None;
    assert_eq!(two.bytes(), None);
}

#[test]
fn an_unknown_name_lists_the_known_ones() {
    let catalogue = Catalogue::load(None).unwrap();
    let error = catalogue.find("flowesr").unwrap_err().to_string();
    assert!(
        error.contains("flowers") && error.contains("malaria"),
        "{error}"
    );
}
