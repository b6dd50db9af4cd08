//! The JSON schema that is shipped, and what the program prints held against it.

use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail, ensure};
use jsonschema::Validator;
use serde_json::Value;

use crate::klp::root;

/// How each of our records begins, and nothing else that a test runs prints.
const START: &str = "{\"reason\":\"";

/// Is an error unless each whole line of `stdout` that is a record is one that the schema knows, and the first of them
/// carries the format's version.
pub fn check_lines(stdout: &str) -> Result<()> {
    let lines = stdout.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let mut records = lines.filter(|line| line.starts_with(START)).peekable();
    if let Some(first) = records.peek() {
        ensure!(first.contains("\"format-version\":"), "the first record has no version: {first}");
    }
    records.try_for_each(|line| check(&serde_json::from_str(line)?))
}

/// Is an error unless the schema knows such a record.
pub fn check(record: &Value) -> Result<()> {
    ensure!(validator()?.is_valid(record), "not a record of docs/schema.json: {record}");
    Ok(())
}

fn validator() -> Result<&'static Validator> {
    static VALIDATOR: OnceLock<Result<Validator, String>> = OnceLock::new();
    match VALIDATOR.get_or_init(|| read().map_err(|error| format!("{error:#}"))) {
        Ok(validator) => Ok(validator),
        Err(error) => bail!("no schema: {error}"),
    }
}

fn read() -> Result<Validator> {
    let text = fs_err::read_to_string(root().join("docs/schema.json"))?;
    let mut schema: Value = serde_json::from_str(&text)?;
    close(&mut schema);
    jsonschema::validator_for(&schema).ok().context("docs/schema.json is no schema")
}

/// What is shipped leaves room for later fields. Here a field that it does not know is a mistake.
fn close(schema: &mut Value) {
    let Some(definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut) else { return };
    for definition in definitions.values_mut() {
        let Some(kinds) = definition.get_mut("oneOf").and_then(Value::as_array_mut) else {
            continue;
        };
        let objects = kinds.iter_mut().filter(|kind| kind["type"] == "object");
        objects.for_each(|kind| kind["unevaluatedProperties"] = Value::Bool(false));
    }
}
