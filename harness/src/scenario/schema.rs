//! The JSON schema of scenarios, for editors.
//!
//! It is of draft 7, which the editors' servers for TOML read. What one key means to
//! another is checked by [`super::check`] alone.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use serde_json::{Value, json};

use super::file::ScenarioFile;

/// The schema of a scenario file.
pub fn json_schema() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<ScenarioFile>();
    schema.insert("title".to_owned(), json!("A scenario of jobtune"));
    RecursiveTransform(without_null).transform(&mut schema);
    schema.to_value()
}

/// TOML has no null: a key is there or it is not.
fn without_null(schema: &mut Schema) {
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|of| of != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(any)) = schema.get_mut("anyOf") else { return };
    any.retain(|of| *of != json!({ "type": "null" }));
    if let [only] = &any[..] {
        // Draft 7 takes no notice of what stands beside a $ref.
        let only = only.clone();
        schema.remove("anyOf");
        schema.insert("allOf".to_owned(), json!([only]));
    }
}
