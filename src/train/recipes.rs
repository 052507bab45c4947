//! The recipes that ship with the program: experiments in `assets/recipes`.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use super::experiment::{Experiment, ExperimentError};
use crate::{data::dataset::display_path, resources};

fn folder() -> Result<PathBuf, ExperimentError> {
    resources::find("assets/recipes").ok_or_else(|| {
        ExperimentError::Missing(
            "the folder assets/recipes is missing: put it beside the program or set CONVSCOPE_HOME"
                .into(),
        )
    })
}

/// The order of the learner's path; other files follow by name.
const ORDER: [&str; 8] = [
    "shapes",
    "flowers-basic",
    "flowers-augmented",
    "flowers-mobilenetv2",
    "malaria",
    "blood",
    "catdog-basic",
    "catdog-vgg16",
];

/// All recipes, in the order of the learner's path.
///
/// # Errors
/// When the folder is missing or a file in it is not an experiment.
pub fn all() -> Result<Vec<Experiment>, ExperimentError> {
    let folder = folder()?;
    let failed = ExperimentError::inaccessible(&folder);
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(&failed)? {
        let path = entry.map_err(&failed)?.path();
        if path.extension().is_some_and(|ending| ending == "ron") {
            files.push(path);
        }
    }
    files.sort_by_cached_key(|path| {
        let place = ORDER
            .iter()
            .position(|name| path.file_stem() == Some(OsStr::new(name)));
        (place.unwrap_or(ORDER.len()), path.clone())
    });
    files.iter().map(|path| Experiment::load(path)).collect()
}

/// Reads an experiment given as a file or as the name of a recipe.
///
/// # Errors
/// When it is neither, or the file is not an experiment.
pub fn find(file_or_name: &Path) -> Result<Experiment, ExperimentError> {
    if file_or_name.is_file() {
        return Experiment::load(file_or_name);
    }
    // One recipe that cannot be read is no reason against another.
    let named = folder()?.join(file_or_name).with_extension("ron");
    if file_or_name.components().count() == 1 && named.is_file() {
        return Experiment::load(&named);
    }
    let recipes = all()?;
    let known: Vec<String> = recipes.iter().map(|recipe| recipe.name.clone()).collect();
    recipes
        .into_iter()
        .find(|recipe| file_or_name.as_os_str() == recipe.name.as_str())
        .ok_or_else(|| {
            ExperimentError::Missing(format!(
                "{} is neither a file nor a recipe: the recipes are {}",
                display_path(file_or_name),
                known.join(", ")
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        graph,
        shapes::{check_classifier, layer_shapes},
        spec::Head,
    };

    #[test]
    fn every_recipe_fits_together_and_survives_a_round_trip() {
        let recipes = all().unwrap();
        let names: Vec<&str> = recipes.iter().map(|recipe| recipe.name.as_str()).collect();
        assert_eq!(names, ORDER);
        for recipe in recipes {
            let classes = match recipe.model.head {
                Head::Sigmoid { .. } => 2,
                Head::Softmax => layer_shapes(&recipe.model)
                    .unwrap()
                    .last()
                    .unwrap()
                    .output
                    .values(),
            };
            check_classifier(&recipe.model, classes).unwrap();
            recipe.training.check().unwrap();
            recipe.augmentation.check().unwrap();
            let nodes = graph::nodes(&recipe.model).unwrap();
            for phase in &recipe.training.phases {
                let from = phase.trainable_from.as_deref();
                let known = from.is_none_or(|name| graph::position(&nodes, name).is_some());
                assert!(known, "{}: {from:?}", recipe.name);
            }
            let again: Experiment = ron::from_str(&recipe.to_ron().unwrap()).unwrap();
            assert_eq!(again, recipe);
        }
    }

    #[test]
    fn recipe_one_has_its_figures() {
        let recipe = find(Path::new("shapes")).unwrap();
        let shapes = layer_shapes(&recipe.model).unwrap();
        assert_eq!(shapes[10].output.values(), 24 * 32 * 32);
        let parameters: usize = shapes.iter().map(|shape| shape.parameters).sum();
        assert_eq!(parameters, 336 + 1_308 + 2_616 + 73_731);
        assert_eq!(
            (recipe.training.epochs(), recipe.training.batch_size),
            (5, 50)
        );
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = find(Path::new("shaeps")).unwrap_err().to_string();
        assert!(error.contains("shapes"), "{error}");
    }
}
