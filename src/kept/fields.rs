//! A RON structure as its fields, each still a text: what a step from one format to the next works on. What a step
//! does not touch is carried over as it stands, so that a step stays right when today's types change.

use std::fmt;

use ron::value::RawValue;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

/// The fields of a structure in their order.
#[derive(Debug)]
pub struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    /// The fields of the structure that `text` is.
    ///
    /// # Errors
    /// When it is none, with the place.
    pub fn of(text: &str) -> Result<Self, String> {
        ron::from_str(text).map_err(|error| error.to_string())
    }

    /// Takes a field out.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(field, _)| field == name)?;
        Some(self.0.remove(at).1.trim().get_ron().to_owned())
    }

    /// Sets a field; a new one comes last.
    ///
    /// # Errors
    /// When `value` is no RON.
    pub fn put(&mut self, name: &str, value: String) -> Result<(), String> {
        let value = RawValue::from_boxed_ron(value.into()).map_err(|error| error.to_string())?;
        match self.0.iter_mut().find(|(field, _)| field == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
        Ok(())
    }

    /// Changes the value of a field; nothing when there is no such field.
    ///
    /// # Errors
    /// What `change` says, or when it gives no RON.
    pub fn change(
        &mut self,
        name: &str,
        change: impl FnOnce(&str) -> Result<String, String>,
    ) -> Result<(), String> {
        match self.0.iter().find(|(field, _)| field == name) {
            Some((_, value)) => self.put(name, change(value.trim().get_ron())?),
            None => Ok(()),
        }
    }
}

/// The elements of the list that `text` is, each changed.
///
/// # Errors
/// When it is none, or what `change` says.
pub fn each(text: &str, change: impl Fn(&str) -> Result<String, String>) -> Result<String, String> {
    let list: Vec<Box<RawValue>> = ron::from_str(text).map_err(|error| error.to_string())?;
    let changed = list.iter().map(|value| change(value.trim().get_ron()));
    let changed: Vec<String> = changed.collect::<Result<_, _>>()?;
    Ok(format!("[{}]", changed.join(", ")))
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.0.iter().map(|(name, value)| format!("{name}:{value}"));
        // A comment at the end of a value would swallow what follows on its line.
        write!(f, "({})", fields.collect::<Vec<_>>().join("\n,"))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Structure;

        impl<'de> Visitor<'de> for Structure {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a structure with named fields")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_any(Structure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_are_not_touched_stay_as_they_are() {
        let text = "( // a note\n a: Conv(size: 3, pad: Same), b: [1, 2], // two\n c: \"x, y\", d: Some((1.5, 'q')))";
        let mut fields = Fields::of(text).unwrap();
        assert_eq!(fields.take("b").as_deref(), Some("[1, 2]"));
        assert_eq!(fields.take("b"), None);
        fields.put("e", "true".into()).unwrap();
        let ten = |number: &str| Ok(format!("{number}0"));
        fields.put("list", each("[1, 2]", ten).unwrap()).unwrap();
        fields
            .change("c", |old| Ok(format!("[{old}, Two]")))
            .unwrap();
        fields
            .change("none", |_| Err("there is none".into()))
            .unwrap();
        assert!(fields.put("f", "(((".into()).is_err());
        let again = Fields::of(&fields.to_string()).unwrap();
        let expected = [
            ("a", "Conv(size: 3, pad: Same)"),
            ("c", "[\"x, y\", Two]"),
            ("d", "Some((1.5, 'q'))"),
            ("e", "true"),
            ("list", "[10, 20]"),
        ];
        let found = again.0.iter();
        let found = found.map(|(name, value)| (name.as_str(), value.trim().get_ron()));
        assert_eq!(found.collect::<Vec<_>>(), expected);
        for bad in ["", "[1]", "(1, 2)", "(a: 1", "7"] {
            assert!(Fields::of(bad).is_err(), "{bad}");
        }
    }
}
