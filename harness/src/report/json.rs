//! A report as JSON.

use super::model::Report;

/// Writes `report` as indented JSON with a line feed at the end.
pub fn render(report: &Report) -> serde_json::Result<String> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}
