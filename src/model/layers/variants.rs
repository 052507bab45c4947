//! Kinds of layers in files: `Conv2d(filters: 32, …)`, `Flatten`, `Activation(Relu)`, as if the settings stood in the
//! variants themselves. Formats that tell a variant with fields from one that holds a structure (RON) would write
//! `Conv2d((filters: 32, …))` otherwise.

use serde::{
    Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error as _, VariantAccess, Visitor},
    forward_to_deserialize_any,
    ser::{Error as _, Impossible, SerializeStruct, SerializeStructVariant},
};

/// The enum's name in files.
pub const NAME: &str = "LayerKind";

/// Reads and writes the enum of these variants, each of which holds the type of its name.
macro_rules! layer_kinds {
    ($($kind:ident),*) => {
        #[derive(serde::Deserialize)]
        #[serde(variant_identifier)]
        enum Variant {
            $($kind),*
        }

        impl serde::Serialize for LayerKind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$kind(layer) => {
                        let at = (Variant::$kind as u32, stringify!($kind));
                        serde::Serialize::serialize(layer, variants::Writer(serializer, at))
                    })*
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for LayerKind {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Visitor;

                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = LayerKind;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a kind of layer")
                    }

                    fn visit_enum<A: serde::de::EnumAccess<'de>>(
                        self,
                        data: A,
                    ) -> Result<LayerKind, A::Error> {
                        let (variant, access) = data.variant()?;
                        match variant {
                            $(Variant::$kind => {
                                <$kind as serde::Deserialize>::deserialize(variants::Reader(access))
                                    .map(LayerKind::$kind)
                            })*
                        }
                    }
                }

                from.deserialize_enum(variants::NAME, &[$(stringify!($kind)),*], Visitor)
            }
        }
    };
}
pub(super) use layer_kinds;

/// Writes a structure as the variant of this number and name.
pub struct Writer<S>(pub S, pub (u32, &'static str));

/// The fields of a structure as those of a variant.
pub struct Fields<S>(S);

impl<S: SerializeStructVariant> SerializeStruct for Fields<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), S::Error> {
        self.0.serialize_field(key, value)
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.0.end()
    }
}

/// Layers are structures: nothing else is ever written here.
macro_rules! never {
    ($($method:ident($($argument:ty),*) -> $answer:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$answer, S::Error> {
            Err(S::Error::custom("a layer must be a structure"))
        })*
    };
}

impl<S: Serializer> Serializer for Writer<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeStruct = Fields<S::SerializeStructVariant>;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Impossible<S::Ok, S::Error>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    fn serialize_struct(
        self,
        _: &'static str,
        fields: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        let Self(serializer, (at, variant)) = self;
        let fields = serializer.serialize_struct_variant(NAME, at, variant, fields)?;
        Ok(Fields(fields))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<S::Ok, S::Error> {
        let Self(serializer, (at, variant)) = self;
        serializer.serialize_unit_variant(NAME, at, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let Self(serializer, (at, variant)) = self;
        serializer.serialize_newtype_variant(NAME, at, variant, value)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<S::Ok, S::Error> {
        self.serialize_none()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<S::Ok, S::Error> {
        self.serialize_none()
    }

    never! {
        serialize_none() -> S::Ok;
        serialize_unit() -> S::Ok;
        serialize_bool(bool) -> S::Ok;
        serialize_i8(i8) -> S::Ok;
        serialize_i16(i16) -> S::Ok;
        serialize_i32(i32) -> S::Ok;
        serialize_i64(i64) -> S::Ok;
        serialize_u8(u8) -> S::Ok;
        serialize_u16(u16) -> S::Ok;
        serialize_u32(u32) -> S::Ok;
        serialize_u64(u64) -> S::Ok;
        serialize_f32(f32) -> S::Ok;
        serialize_f64(f64) -> S::Ok;
        serialize_char(char) -> S::Ok;
        serialize_str(&str) -> S::Ok;
        serialize_bytes(&[u8]) -> S::Ok;
        serialize_unit_variant(&'static str, u32, &'static str) -> S::Ok;
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }
}

/// Reads a structure from the contents of a variant.
pub struct Reader<A>(pub A);

impl<'de, A: VariantAccess<'de>> Deserializer<'de> for Reader<A> {
    type Error = A::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.unit_variant()?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.newtype_variant_seed(Newtype(visitor))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, A::Error> {
        Err(A::Error::custom("a layer must be a structure"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

/// Hands what a variant holds to a structure that holds the same.
struct Newtype<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Newtype<V> {
    type Value = V::Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(from)
    }
}
