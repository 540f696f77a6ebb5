//! What other programs get: values with keys in an order that is kept, as JSON or YAML.

mod yaml;

use kiln_eval::{Source, Value};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// A value of the kinds that JSON and YAML have. Keys keep their order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    /// Nothing.
    Null,
    /// `on`, `off`.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A text.
    Text(String),
    /// Values in order.
    List(Vec<Data>),
    /// Values by key, in order.
    Map(Vec<(String, Data)>),
}

/// Which form data has for other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// JSON.
    Json,
    /// YAML 1.2, which readers of 1.1 understand alike.
    Yaml,
}

impl Data {
    /// Makes a text.
    pub(crate) fn text(text: impl Into<String>) -> Data {
        Data::Text(text.into())
    }

    /// Makes a map of keys that are known.
    pub(crate) fn map<const N: usize>(entries: [(&str, Data); N]) -> Data {
        Data::Map(entries.into_iter().map(|it| (it.0.to_owned(), it.1)).collect())
    }

    /// Returns it as text that ends with a line break.
    pub(crate) fn write(&self, format: Format) -> String {
        match format {
            // Texts and numbers always have a form.
            Format::Json => serde_json::to_string_pretty(self).unwrap_or_default() + "\n",
            Format::Yaml => yaml::write(self),
        }
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Data::Null => serializer.serialize_unit(),
            Data::Bool(it) => serializer.serialize_bool(*it),
            Data::Int(it) => serializer.serialize_i64(*it),
            Data::Text(it) => serializer.serialize_str(it),
            Data::List(items) => serializer.collect_seq(items),
            Data::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl From<serde_json::Value> for Data {
    fn from(value: serde_json::Value) -> Data {
        use serde_json::Value as Json;
        match value {
            Json::Null => Data::Null,
            Json::Bool(it) => Data::Bool(it),
            Json::Number(it) => it.as_i64().map_or_else(|| Data::text(it.to_string()), Data::Int),
            Json::String(it) => Data::Text(it),
            Json::Array(items) => Data::List(items.into_iter().map(Data::from).collect()),
            Json::Object(map) => {
                Data::Map(map.into_iter().map(|it| (it.0, Data::from(it.1))).collect())
            }
        }
    }
}

/// A value of the language: sets are lists of names, sizes are bytes, durations are nanoseconds,
/// versions are texts, and sources say where they come from.
impl From<&Value> for Data {
    fn from(value: &Value) -> Data {
        match value {
            Value::Null => Data::Null,
            Value::Bool(it) => Data::Bool(*it),
            Value::Int(it) | Value::Size(it) | Value::Duration(it) => Data::Int(*it),
            Value::Set(of, bits) => Data::List(
                bits.iter().map(|it| Data::text(of.values[it as usize].as_str())).collect(),
            ),
            Value::List(items) => Data::List(items.iter().map(Data::from).collect()),
            Value::Map(map) => {
                Data::Map(map.iter().map(|it| (it.0.clone(), Data::from(it.1))).collect())
            }
            Value::Record(of, fields) => {
                let fields = of.fields.iter().zip(&**fields);
                Data::Map(fields.map(|it| (it.0.name.to_string(), Data::from(it.1))).collect())
            }
            Value::Source(source) => source_data(source),
            other => Data::text(other.to_string()),
        }
    }
}

fn source_data(source: &Source) -> Data {
    match source {
        Source::Fetch { urls, hash, unpack, root, executables } => {
            let texts = |of: &[String]| Data::List(of.iter().map(Data::text).collect());
            Data::map([
                ("urls", texts(urls)),
                ("hash", Data::text(hash.to_string())),
                ("unpack", Data::Bool(*unpack)),
                ("root", root.as_ref().map_or(Data::Null, Data::text)),
                ("executables", texts(executables)),
            ])
        }
        Source::Folder(folder) => Data::map([("folder", Data::text(&folder.path))]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order() {
        let data = Data::map([("b", Data::Int(1)), ("a", Data::List(vec![Data::Null]))]);
        assert_eq!(data.write(Format::Json), "{\n  \"b\": 1,\n  \"a\": [\n    null\n  ]\n}\n");
        assert_eq!(data.write(Format::Yaml), "b: 1\na:\n  - null\n");
    }
}
