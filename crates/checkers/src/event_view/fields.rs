//! The fields of one JSON object, found in one pass and read when somebody asks.

use super::field::{FIELDS, Field, JsonType};
use super::scan::Scan;
use goldenpath_history::json_text;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The fields of one JSON object, raw and by name. Fields the protocol does not name are only counted.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    /// What the object stands in.
    text: &'a str,
    /// Where in it each value begins and ends: no value ends at 0. Half as large as the values' own addresses.
    places: [(u32, u32); FIELDS],
    /// A field that came twice: two readers may see two different values.
    pub repeated: Option<Field>,
    /// How many fields the protocol does not name.
    pub unnamed: u32,
}

impl<'a> Fields<'a> {
    /// No fields, of an object in this text.
    pub(super) const fn none(text: &'a str) -> Self {
        Self { text, places: [(0, 0); FIELDS], repeated: None, unnamed: 0 }
    }

    /// The fields of the object that is this text; `None` when it is none, or takes a closer look.
    fn scanned(text: &'a str) -> Option<Self> {
        let mut fields = Self::none(text);
        let mut scan = Scan::of(text);
        scan.object(|key, scan| {
            let value = scan.value()?;
            match Field::named(key) {
                Some(field) => fields.set(field, value),
                None => fields.unnamed = fields.unnamed.saturating_add(1),
            }
            Some(())
        })?;
        scan.is_over().then_some(fields)
    }

    /// Takes in a value, which is a piece of the text.
    fn set(&mut self, field: Field, value: &str) {
        let from = value.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        #[allow(clippy::cast_possible_truncation, reason = "`fields_of` takes no text that is longer")]
        let place = (from as u32, (from + value.len()) as u32);
        if std::mem::replace(&mut self.places[field as usize], place).1 != 0 {
            self.repeated = Some(field);
        }
    }

    /// The raw JSON of a field, whatever its type; `None` when it is missing.
    #[must_use]
    pub fn raw(&self, field: Field) -> Option<&'a str> {
        match self.places[field as usize] {
            (_, 0) => None,
            (from, to) => self.text.get(from as usize..to as usize),
        }
    }

    /// The JSON type of a field.
    #[must_use]
    pub fn json_type(&self, field: Field) -> Option<JsonType> {
        self.raw(field).map(JsonType::of)
    }

    /// A string field, unescaped; `None` when missing, of another type, or no valid text (a lone surrogate).
    #[must_use]
    pub fn text(&self, field: Field) -> Option<Cow<'a, str>> {
        text_of(self.raw(field)?)
    }

    /// A number field.
    #[must_use]
    pub fn number(&self, field: Field) -> Option<f64> {
        let raw = self.raw(field)?;
        if JsonType::of(raw) == JsonType::Number { raw.parse().ok() } else { None }
    }

    /// A field that holds a whole number ≥ 0 (written without fraction or exponent).
    #[must_use]
    pub fn whole(&self, field: Field) -> Option<u64> {
        whole_of(self.raw(field)?)
    }

    /// A boolean field.
    #[must_use]
    pub fn flag(&self, field: Field) -> Option<bool> {
        match self.raw(field)? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The fields of an object field, by the protocol's names.
    #[must_use]
    pub fn object(&self, field: Field) -> Option<Fields<'a>> {
        fields_of(self.raw(field)?).ok()
    }

    /// The strings of an array field; `None` when it is no array of strings.
    #[must_use]
    pub fn texts(&self, field: Field) -> Option<Vec<Cow<'a, str>>> {
        let items: Vec<&'a RawValue> = serde_json::from_str(self.raw(field)?).ok()?;
        items.into_iter().map(|item| text_of(item.get())).collect()
    }
}

/// The whole number ≥ 0 of a raw JSON number.
pub(crate) fn whole_of(raw: &str) -> Option<u64> {
    if JsonType::of(raw) == JsonType::Number { raw.parse().ok() } else { None }
}

/// The text of a raw JSON string.
#[must_use]
pub fn text_of(raw: &str) -> Option<Cow<'_, str>> {
    json_text(raw)
}

/// The fields of one JSON object.
///
/// # Errors
/// When `raw` is not exactly one JSON object.
pub fn fields_of(raw: &str) -> Result<Fields<'_>, serde_json::Error> {
    if u32::try_from(raw.len()).is_err() {
        return Err(serde::de::Error::custom("longer than 4 GiB"));
    }
    if let Some(fields) = Fields::scanned(raw) {
        return Ok(fields);
    }
    let mut from = serde_json::Deserializer::from_str(raw);
    let fields = from.deserialize_map(ObjectVisitor { text: raw })?;
    from.end()?;
    Ok(fields)
}

/// Reads the object that this text is.
struct ObjectVisitor<'a> {
    text: &'a str,
}

impl<'de> Visitor<'de> for ObjectVisitor<'de> {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::none(self.text);
        while let Some(key) = map.next_key_seed(FieldName)? {
            let Some(field) = key else {
                map.next_value::<IgnoredAny>()?;
                fields.unnamed = fields.unnamed.saturating_add(1);
                continue;
            };
            let value: &'de RawValue = map.next_value()?;
            fields.set(field, value.get());
        }
        Ok(fields)
    }
}

/// Reads a key without keeping its text.
struct FieldName;

impl<'de> serde::de::DeserializeSeed<'de> for FieldName {
    type Value = Option<Field>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldName {
    type Value = Option<Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Field::named(name))
    }
}
