//! The names that MedMNIST gives its classes, by the name of the file.
//!
//! From `medmnist/info.py` of MedMNIST 3.0.2 (github.com/MedMNIST/MedMNIST), for the two-dimensional sets
//! with one label per image. RetinaMNIST's classes are grades and have numbers only.

const ORGANS: [&str; 11] = [
    "bladder",
    "femur-left",
    "femur-right",
    "heart",
    "kidney-left",
    "kidney-right",
    "liver",
    "lung-left",
    "lung-right",
    "pancreas",
    "spleen",
];

const SETS: [(&str, &[&str]); 10] = [
    (
        "pathmnist",
        &[
            "adipose",
            "background",
            "debris",
            "lymphocytes",
            "mucus",
            "smooth muscle",
            "normal colon mucosa",
            "cancer-associated stroma",
            "colorectal adenocarcinoma epithelium",
        ],
    ),
    (
        "dermamnist",
        &[
            "actinic keratoses and intraepithelial carcinoma",
            "basal cell carcinoma",
            "benign keratosis-like lesions",
            "dermatofibroma",
            "melanoma",
            "melanocytic nevi",
            "vascular lesions",
        ],
    ),
    (
        "octmnist",
        &[
            "choroidal neovascularization",
            "diabetic macular edema",
            "drusen",
            "normal",
        ],
    ),
    ("pneumoniamnist", &["normal", "pneumonia"]),
    ("breastmnist", &["malignant", "normal, benign"]),
    (
        "bloodmnist",
        &[
            "basophil",
            "eosinophil",
            "erythroblast",
            "immature granulocytes(myelocytes, metamyelocytes and promyelocytes)",
            "lymphocyte",
            "monocyte",
            "neutrophil",
            "platelet",
        ],
    ),
    (
        "tissuemnist",
        &[
            "Collecting Duct, Connecting Tubule",
            "Distal Convoluted Tubule",
            "Glomerular endothelial cells",
            "Interstitial endothelial cells",
            "Leukocytes",
            "Podocytes",
            "Proximal Tubule Segments",
            "Thick Ascending Limb",
        ],
    ),
    ("organamnist", &ORGANS),
    ("organcmnist", &ORGANS),
    ("organsmnist", &ORGANS),
];

/// The classes of the set that a file called `name` holds: `bloodmnist.npz`, `BloodMNIST_64.npz` …
pub(super) fn class_names(name: &str) -> Option<&'static [&'static str]> {
    let name = name.to_ascii_lowercase();
    let (_, classes) = SETS.iter().find(|(set, _)| {
        let behind = name.strip_prefix(set);
        behind.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    })?;
    Some(classes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_known_by_the_name_of_their_file() {
        let rows = [
            ("bloodmnist.npz", Some(8), "as downloaded"),
            ("BloodMNIST_224.npz", Some(8), "the larger ones"),
            ("organcmnist (1).npz", Some(11), "downloaded twice"),
            ("pneumoniamnist", Some(2), "without ending"),
            ("organmnist3d.npz", None, "volumes"),
            ("bloodmnistlike.npz", None, "another set"),
            ("my-bloodmnist.npz", None, "a set made from it"),
            ("blood.npz", None, "not its name"),
        ];
        for (name, count, reason) in rows {
            assert_eq!(class_names(name).map(<[&str]>::len), count, "{reason}");
        }
    }
}
