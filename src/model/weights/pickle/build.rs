//! Tensors out of what a program describes.

use super::{Known, Machine, Object, Problem, Storage, TensorView, Value, out_of_order};

/// Most dimensions of a tensor.
const MOST_DIMENSIONS: usize = 8;

impl Machine<'_> {
    /// Calls one of the known functions.
    pub(super) fn reduce(&mut self) -> Result<(), Problem> {
        let arguments = self.pop()?;
        let Value::Known(function) = self.pop()? else {
            return Err(out_of_order());
        };
        let arguments = self.items(&arguments)?.to_vec();
        match (function, arguments.as_slice()) {
            (Known::OrderedDict, []) => self.make(Object::Dict(Vec::new())),
            (Known::RebuildTensor, [storage, offset, shape, strides, ..]) => {
                let tensor = self.tensor(storage, offset, shape, strides)?;
                self.make(Object::Tensor(tensor))
            }
            (Known::RebuildParameter, [tensor, ..]) | (Known::Size, [tensor]) => {
                self.push(tensor.clone())
            }
            _ => Err(out_of_order()),
        }
    }

    fn object(&self, value: &Value) -> Option<&Object> {
        match value {
            Value::Object(at) => self.objects.get(*at),
            _ => None,
        }
    }

    fn items(&self, value: &Value) -> Result<&[Value], Problem> {
        match self.object(value) {
            Some(Object::Tuple(items) | Object::List(items)) => Ok(items),
            _ => Err(out_of_order()),
        }
    }

    fn sizes(&self, value: &Value) -> Result<Vec<usize>, Problem> {
        let items = self.items(value)?;
        if items.len() > MOST_DIMENSIONS {
            return Err(Problem::damaged("an array in it has too many dimensions"));
        }
        items.iter().map(size).collect()
    }

    fn tensor(
        &self,
        storage: &Value,
        offset: &Value,
        shape: &Value,
        strides: &Value,
    ) -> Result<TensorView, Problem> {
        let Some(Object::Storage(storage)) = self.object(storage) else {
            return Err(out_of_order());
        };
        let tensor = TensorView {
            storage: storage.clone(),
            offset: size(offset)?,
            shape: self.sizes(shape)?,
            strides: self.sizes(strides)?,
        };
        if tensor.shape.len() != tensor.strides.len() {
            return Err(out_of_order());
        }
        Ok(tensor)
    }

    /// Gives an object its attributes. A dictionary's (`_metadata` with versions of modules) say nothing
    /// about its tensors.
    pub(super) fn build(&mut self) -> Result<(), Problem> {
        self.pop()?;
        let Some(top) = self.stack.last() else {
            return Err(out_of_order());
        };
        match self.object(top) {
            Some(Object::Dict(_)) => Ok(()),
            _ => Err(Problem::Refused("builds other objects than tensors".into())),
        }
    }

    /// `("storage", type, key, device, count)`, in the legacy format with a view that is always `None`.
    pub(super) fn storage(&mut self) -> Result<(), Problem> {
        let top = self.pop()?;
        let [
            Value::Text(word),
            Value::Known(Known::Storage(kind)),
            Value::Text(key),
            _,
            count,
            view @ ..,
        ] = self.items(&top)?
        else {
            return Err(out_of_order());
        };
        if &**word != "storage" || !matches!(view, [] | [Value::None]) {
            return Err(out_of_order());
        }
        let storage = Storage {
            kind: *kind,
            key: key.clone(),
            count: size(count)?,
        };
        self.make(Object::Storage(storage))
    }
}

fn size(value: &Value) -> Result<usize, Problem> {
    match value {
        Value::Int(size) => {
            usize::try_from(*size).map_err(|_| Problem::damaged("a size in it is negative"))
        }
        _ => Err(out_of_order()),
    }
}
