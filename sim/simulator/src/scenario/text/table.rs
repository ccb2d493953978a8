//! What a table is, and a list is not.

use core::fmt;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

/// A source of structs that gives them tables alone: serde's own ones take a list of the values without their keys, too.
pub(in crate::scenario) struct Tables<D>(pub(in crate::scenario) D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Tables<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(name, fields, TableVisitor(visitor))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct TableVisitor<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for TableVisitor<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(map)
    }
}

/// Reads structs with `#[serde(remote = "Self")]` from tables alone.
macro_rules! from_tables {
    ($($table:ident)*) => {$(
        impl<'de> serde::Deserialize<'de> for $table {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // What is derived is no method of the trait then, but one of the struct's own.
                Self::deserialize($crate::scenario::text::Tables(deserializer))
            }
        }
    )*};
}

pub(in crate::scenario) use from_tables;
