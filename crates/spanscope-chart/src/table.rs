//! The numbers of a figure as a table: CSV and JSON.

use super::{ChartError, Provenance};
use serde::Serialize;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// The quantity that it holds: "span".
    pub name: String,
    /// Its unit: "tokens", "bits", "flops"; nothing for numbers without one, such as shares from 0 to 1 and counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The token that the column belongs to, if it is that of one; the name is its position then.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenName>,
}

/// The description of a token in a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TokenName {
    /// Its id in the vocabulary.
    pub id: u32,
    /// All of it, escaped so that two tokens that differ differ here; nothing where there is no vocabulary.
    pub token: Option<String>,
    /// The token's name in drawings: short and visible.
    pub label: String,
}

impl TokenName {
    /// The columns of [`TokenName::cells`].
    pub fn columns() -> [Column; 3] {
        ["id", "token", "label"].map(Column::new)
    }

    /// Its entries in a row.
    pub fn cells(&self) -> [Cell; 3] {
        [
            Cell::Whole(self.id.into()),
            self.token.clone().into(),
            self.label.as_str().into(),
        ]
    }
}

impl Column {
    /// A column of numbers without a unit, or of names.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            unit: None,
            token: None,
        }
    }

    /// A column that belongs to the token at a position of the text.
    pub fn of_token(position: usize, token: TokenName) -> Self {
        Self {
            name: position.to_string(),
            unit: None,
            token: Some(token),
        }
    }

    /// A column of numbers in a unit.
    pub fn of(name: impl Into<String>, unit: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            unit: Some(unit.into()),
            token: None,
        }
    }

    /// The head of the column in a CSV file: the name and the unit, "span_tokens"; of a token its position, its id and all
    /// of it, with a space between them, "57 12 the".
    pub fn header(&self) -> String {
        let name = &self.name;
        match (&self.token, &self.unit) {
            (Some(TokenName { id, token, .. }), _) => match token {
                Some(token) => format!("{name} {id} {token}"),
                None => format!("{name} {id}"),
            },
            (None, Some(unit)) => format!("{name}_{unit}"),
            (None, None) => name.clone(),
        }
    }
}

/// One entry of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing is there: blank in CSV, `null` in JSON.
    None,
    /// A whole number.
    Whole(u64),
    /// A number; one that is not finite is written as none.
    Real(f64),
    /// A number in single precision, written with as few digits as tell it apart.
    Single(f32),
    /// A name.
    Text(String),
}

impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        Self::Whole(value as u64)
    }
}

impl From<u64> for Cell {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<f32> for Cell {
    fn from(value: f32) -> Self {
        Self::Single(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

impl Cell {
    fn csv(&self) -> String {
        match self {
            Self::Whole(n) => n.to_string(),
            Self::Real(x) if x.is_finite() => x.to_string(),
            Self::Single(x) if x.is_finite() => x.to_string(),
            Self::Text(text) => text.clone(),
            _ => String::new(),
        }
    }
}

impl Serialize for Cell {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(n) => serializer.serialize_u64(*n),
            Self::Real(x) if x.is_finite() => serializer.serialize_f64(*x),
            Self::Single(x) if x.is_finite() => serializer.serialize_f32(*x),
            Self::Text(text) => serializer.serialize_str(text),
            _ => serializer.serialize_none(),
        }
    }
}

/// The numbers of a figure, row by row. Layers, heads, tokens and vectors count from 0 in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each as long as there are columns.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// No rows yet.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn push(&mut self, row: impl IntoIterator<Item = Cell>) {
        self.rows.push(row.into_iter().collect());
    }

    /// As CSV, with units in the header.
    ///
    /// # Errors
    /// When a row is not as long as the header.
    pub fn csv(&self) -> Result<String, ChartError> {
        let fail = |e: csv::Error| ChartError::Csv(e.to_string());
        let mut writer = csv::Writer::from_writer(Vec::new());
        let header = self.columns.iter().map(Column::header);
        writer.write_record(header).map_err(fail)?;
        for row in &self.rows {
            writer
                .write_record(row.iter().map(Cell::csv))
                .map_err(fail)?;
        }
        let bytes = writer
            .into_inner()
            .map_err(|e| ChartError::Csv(e.to_string()))?;
        String::from_utf8(bytes).map_err(|e| ChartError::Csv(e.to_string()))
    }

    /// As JSON: `{"figure", "title", "provenance", "columns": [{"name", "unit"}], "rows": [[…]]}`.
    ///
    /// # Errors
    /// None with what a table can hold.
    pub fn json(
        &self,
        figure: &str,
        title: &str,
        provenance: &Provenance,
    ) -> Result<String, ChartError> {
        #[derive(Serialize)]
        struct Written<'a> {
            figure: &'a str,
            title: &'a str,
            provenance: serde_json::Value,
            columns: &'a [Column],
        }
        let head = serde_json::to_string_pretty(&Written {
            figure,
            title,
            provenance: provenance.json(),
            columns: &self.columns,
        })?;
        // A row a line: people look into such files, and large ones stay small.
        let mut text = head.trim_end_matches(['}', '\n']).to_owned();
        text.push_str(",\n  \"rows\": [");
        for (i, row) in self.rows.iter().enumerate() {
            text.push_str(if i == 0 { "\n    " } else { ",\n    " });
            text.push_str(&serde_json::to_string(row)?);
        }
        text.push_str(if self.rows.is_empty() {
            "]\n}\n"
        } else {
            "\n  ]\n}\n"
        });
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_stand_in_the_header_and_what_is_no_number_is_blank() {
        let mut table = Table::new([
            Column::new("layer"),
            Column::of("span", "tokens"),
            Column::new("name"),
        ]);
        table.push([0usize.into(), 0.25f64.into(), "a, \"b\"".into()]);
        table.push([1usize.into(), f32::NAN.into(), None::<f64>.into()]);
        table.push([2usize.into(), 0.1f32.into(), "".into()]);
        assert_eq!(
            table.csv().unwrap(),
            "layer,span_tokens,name\n0,0.25,\"a, \"\"b\"\"\"\n1,,\n2,0.1,\n"
        );
        let from = Provenance::default().with("ramp", 32);
        let json = table.json("spans", "a \"title\"", &from).unwrap();
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["columns"][1]["unit"], "tokens");
        assert_eq!(read["columns"][0].get("unit"), None);
        assert_eq!(read["rows"][1], serde_json::json!([1, null, null]));
        assert_eq!(read["rows"][2][1], 0.1);
        assert_eq!(read["provenance"]["options"]["ramp"], "32");
        assert_eq!(read["title"], "a \"title\"");
        let empty = Table::default().json("x", "", &from).unwrap();
        let read: serde_json::Value = serde_json::from_str(&empty).unwrap();
        assert_eq!(read["rows"], serde_json::json!([]));
        table.push([Cell::None]);
        assert!(matches!(table.csv(), Err(ChartError::Csv(_))));
    }

    #[test]
    fn a_token_is_told_by_its_id_all_of_it_and_its_label() {
        let name = |id: u32, token: Option<&str>| TokenName {
            id,
            token: token.map(str::to_owned),
            label: format!("label{id}"),
        };
        let columns = [
            Column::of_token(7, name(3, Some(" "))),
            Column::of_token(8, name(4, None)),
        ];
        let mut table = Table::new(TokenName::columns().into_iter().chain(columns));
        let cells = name(3, Some("a,b")).cells();
        table.push(cells.into_iter().chain([0.5f32.into(), Cell::None]));
        assert_eq!(
            table.csv().unwrap(),
            "id,token,label,7 3  ,8 4\n3,\"a,b\",label3,0.5,\n"
        );
        let json = table.json("x", "", &Provenance::default()).unwrap();
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        let expected = serde_json::json!({"name": "7", "id": 3, "token": " ", "label": "label3"});
        assert_eq!(read["columns"][3], expected);
        assert_eq!(read["columns"][4]["token"], serde_json::Value::Null);
    }
}
