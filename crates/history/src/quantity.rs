//! Numbers with a fraction, read to the last bit: what is judged from a file is what was judged live.
//!
//! `serde_json` reads a number of more than fifteen digits to within one unit in its last place.

use serde::de::{Deserialize as _, Deserializer, Error};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A number; `None` where JSON had to say `null` of it.
pub(crate) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    parsed(&Box::<RawValue>::deserialize(from)?)
}

/// Numbers by name.
pub(crate) fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, f64>, D::Error> {
    let raw = BTreeMap::<String, Box<RawValue>>::deserialize(from)?;
    let number = |raw: &RawValue| parsed(raw)?.ok_or_else(|| D::Error::custom("`null` is no number"));
    raw.into_iter().map(|(name, raw)| Ok((name, number(&raw)?))).collect()
}

fn parsed<E: Error>(raw: &RawValue) -> Result<Option<f64>, E> {
    match raw.get() {
        "null" => Ok(None),
        text => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            Ok(_) => Err(E::custom("number out of range")),
            Err(_) => Err(E::custom(format!("`{}` is no number", text.chars().take(40).collect::<String>()))),
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::{Header, HistoryReader, HistoryWriter, Record, RecordKind};

    /// Numbers of all magnitudes, from a seed.
    fn numbers() -> impl Iterator<Item = f64> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from_bits(state ^ state >> 29)
        })
        .filter(|value| value.is_finite())
    }

    #[test]
    fn quantities_come_back_from_a_file_to_the_last_bit() {
        let mut header = Header::new("s", "ws://x/ws", "goldenpath");
        header.t0_unix_ms = numbers().next();
        header.limits = numbers().take(50).enumerate().map(|(n, value)| (n.to_string(), value)).collect();
        let mut writer = HistoryWriter::plain(Vec::new(), &header).unwrap();
        let sample = |value| Record {
            t_ns: 1,
            conn: None,
            user: None,
            kind: RecordKind::Sample { name: "x".into(), value },
        };
        for value in numbers().take(2_000) {
            writer.write(&sample(value)).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let mut reader = HistoryReader::open(bytes.as_slice()).unwrap();
        assert_eq!(*reader.header(), header);
        for value in numbers().take(2_000) {
            assert_eq!(reader.next().unwrap().unwrap().1, sample(value));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for value in ["1e999", "\"1\"", "true", "nan", "[1]", "{}", "01", "inf"] {
            let line = format!(r#"{{"t_ns":1,"k":"sample","name":"x","value":{value}}}"#);
            assert!(crate::line::read(&line, &mut Vec::new()).is_err(), "{value}");
        }
    }
}
