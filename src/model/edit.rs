//! Editing a network: layers come, go, move and change. Pure, so that the window, tests and scripts edit alike.
//!
//! Boundaries between frozen and trained layers are kept by name ([`crate::model::graph::position`]); every
//! edit takes them along, so that none names a layer that is gone.

use super::{
    graph::belongs,
    layers::Dense,
    names::{check_name, fresh_name, fresh_name_like},
    spec::{Head, L2, LayerKind, LayerSpec, ModelSpec},
};

/// One change to a network. Positions are those of [`ModelSpec::layers`].
#[derive(Debug, Clone, PartialEq)]
pub enum LayerEdit {
    /// A new layer with a fresh name stands at `at`.
    Insert {
        /// Its position.
        at: usize,
        /// What it computes.
        kind: LayerKind,
    },
    /// The layer goes.
    Remove(usize),
    /// A copy with a fresh name stands after the layer.
    Duplicate(usize),
    /// The layer stands at `to` afterwards.
    Move {
        /// Where it stands.
        from: usize,
        /// Where it shall stand.
        to: usize,
    },
    /// The layer gets another name.
    Rename {
        /// Which layer.
        at: usize,
        /// Its new name: not empty, no dot, not taken.
        name: String,
    },
    /// The layer computes something else.
    SetKind {
        /// Which layer.
        at: usize,
        /// What it computes now.
        kind: LayerKind,
    },
    /// Large weights of the layer cost something else.
    SetL2 {
        /// Which layer.
        at: usize,
        /// What they cost now.
        l2: L2,
    },
    /// The layers within a block change.
    Within {
        /// Which block.
        block: usize,
        /// What becomes of its layers; positions are those within it.
        edit: Box<LayerEdit>,
    },
    /// The logits mean something else. A last dense layer gets `units`, as many as the head wants.
    SetHead {
        /// What they mean now.
        head: Head,
        /// Logits.
        units: usize,
    },
}

/// Makes `edit` in `spec` and takes `boundaries` along (names of the first trained layer or node, one per
/// phase). Returns the position of the layer that the edit is about, which moves with it.
///
/// # Errors
/// Why the edit cannot be made; nothing has changed then.
pub fn apply(
    spec: &mut ModelSpec,
    boundaries: &mut [Option<String>],
    edit: &LayerEdit,
) -> Result<Option<usize>, String> {
    let count = spec.layers.len();
    match edit {
        LayerEdit::Insert { at, kind } => {
            let layer = LayerSpec::new(fresh_name(spec, kind), kind.clone());
            Ok(Some(insert(spec, boundaries, (*at).min(count), layer)))
        }
        LayerEdit::Duplicate(at) => {
            let layer = layer(spec, *at)?;
            let layer = LayerSpec {
                name: fresh_name_like(spec, &layer.name),
                ..layer.clone()
            };
            Ok(Some(insert(spec, boundaries, at + 1, layer)))
        }
        LayerEdit::Remove(at) => remove(spec, boundaries, *at),
        LayerEdit::Move { from, to } => {
            shift(spec, boundaries, *from, (*to).min(count.saturating_sub(1))).map(Some)
        }
        LayerEdit::Rename { at, name } => rename(spec, boundaries, *at, name).map(Some),
        LayerEdit::SetKind { at, kind } => {
            let name = layer(spec, *at)?.name.clone();
            if kind.about().word != spec.layers[*at].kind.about().word {
                // A node of a backbone that is no longer there.
                let same = Some(&spec.layers[*at]);
                pass_on(boundaries, same, |boundary| belongs(boundary, &name));
            }
            spec.layers[*at].kind = kind.clone();
            Ok(Some(*at))
        }
        LayerEdit::SetL2 { at, l2 } => {
            layer(spec, *at)?;
            spec.layers[*at].l2 = *l2;
            Ok(Some(*at))
        }
        LayerEdit::Within { block, edit } => within(spec, boundaries, *block, edit),
        LayerEdit::SetHead {
            head,
            units: logits,
        } => {
            spec.head = *head;
            if let Some(LayerKind::Dense(Dense { units, .. })) =
                spec.layers.last_mut().map(|layer| &mut layer.kind)
            {
                *units = *logits;
            }
            Ok(None)
        }
    }
}

/// The same within the block at `at`. Boundaries that named what is gone name the block.
fn within(
    spec: &mut ModelSpec,
    boundaries: &mut [Option<String>],
    at: usize,
    edit: &LayerEdit,
) -> Result<Option<usize>, String> {
    let name = layer(spec, at)?.name.clone();
    let prefix = format!("{name}.");
    let no_block = || format!("the layer {name} is no block: only blocks have layers within them");
    let block = spec.layers[at].kind.inner_mut();
    let mut inner = ModelSpec {
        layers: std::mem::take(block.ok_or_else(no_block)?),
        name: name.clone(),
        ..spec.clone()
    };
    let inside = |boundary: &Option<String>| {
        let inside = boundary.as_deref()?.strip_prefix(&prefix)?;
        Some(inside.to_owned())
    };
    let mut moved: Vec<Option<String>> = boundaries.iter().map(inside).collect();
    let result = apply(&mut inner, &mut moved, edit);
    for (boundary, moved) in boundaries.iter_mut().zip(moved) {
        if inside(boundary).is_some() {
            *boundary = Some(moved.map_or(name.clone(), |moved| format!("{prefix}{moved}")));
        }
    }
    if let Some(layers) = spec.layers[at].kind.inner_mut() {
        *layers = inner.layers;
    }
    result
}

fn layer(spec: &ModelSpec, at: usize) -> Result<&LayerSpec, String> {
    let missing = || format!("there is no layer {}: the network has fewer", at + 1);
    spec.layers.get(at).ok_or_else(missing)
}

/// Boundaries that `concern` stand at `next` instead; without a next layer nothing is frozen.
fn pass_on(
    boundaries: &mut [Option<String>],
    next: Option<&LayerSpec>,
    concern: impl Fn(&str) -> bool,
) {
    for boundary in boundaries {
        if boundary.as_deref().is_some_and(&concern) {
            *boundary = next.map(|layer| layer.name.clone());
        }
    }
}

/// A layer put right at a boundary is trained: its weights are new.
fn insert(
    spec: &mut ModelSpec,
    boundaries: &mut [Option<String>],
    at: usize,
    layer: LayerSpec,
) -> usize {
    if let Some(pushed) = spec.layers.get(at) {
        pass_on(boundaries, Some(&layer), |boundary| boundary == pushed.name);
    }
    spec.layers.insert(at, layer);
    at
}

/// Returns the layer that stands there afterwards.
fn remove(
    spec: &mut ModelSpec,
    boundaries: &mut [Option<String>],
    at: usize,
) -> Result<Option<usize>, String> {
    let name = layer(spec, at)?.name.clone();
    spec.layers.remove(at);
    let next = spec.layers.get(at).or(spec.layers.last());
    pass_on(boundaries, next, |boundary| belongs(boundary, &name));
    let last = spec.layers.len().checked_sub(1);
    Ok(last.map(|last| at.min(last)))
}

/// A boundary stays where it is while layers move across it.
fn shift(
    spec: &mut ModelSpec,
    boundaries: &mut [Option<String>],
    from: usize,
    to: usize,
) -> Result<usize, String> {
    let name = layer(spec, from)?.name.clone();
    let next = spec.layers.get(from + 1).cloned();
    let moved = spec.layers.remove(from);
    spec.layers.insert(to, moved);
    if to != from {
        let next = next.as_ref().or(spec.layers.last());
        pass_on(boundaries, next, |boundary| boundary == name);
    }
    Ok(to)
}

fn rename(
    spec: &mut ModelSpec,
    boundaries: &mut [Option<String>],
    at: usize,
    name: &str,
) -> Result<usize, String> {
    let old = layer(spec, at)?.name.clone();
    check_name(&spec.layers, at, name)?;
    for boundary in boundaries.iter_mut().flatten() {
        if belongs(boundary, &old) {
            *boundary = format!("{name}{}", &boundary[old.len()..]);
        }
    }
    name.clone_into(&mut spec.layers[at].name);
    Ok(at)
}

#[cfg(test)]
mod tests;
