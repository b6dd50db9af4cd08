//! The JSON schema of everything that `--message-format json` prints, made from the types that are printed.

use klp_core::manifest;
use klp_core::record::Record;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{Schema, SchemaGenerator, json_schema};

use super::{allowlist, check, doctor, done, dry_run, explained, inlined, json, reasons, trial};

/// What it is called where schemas are looked up by name.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of a line.
pub(crate) fn schema() -> Schema {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let lines = lines(&mut generator);
    let mut schema = json_schema!({
        "$schema": DIALECT,
        "title": "cargo klp --message-format json",
        "description": "One line of standard output. Fields and kinds of records are added, never changed: a \
                        reader ignores those that it does not know.",
        "anyOf": lines,
        "$defs": generator.take_definitions(true),
    });
    RecursiveTransform(tidy).transform(&mut schema);
    schema
}

/// The schema of each kind of stream.
fn lines(generator: &mut SchemaGenerator) -> Vec<Schema> {
    vec![
        generator.subschema_for::<Record>(),
        manifest::schema(generator),
        generator.subschema_for::<allowlist::AllowlistRecord<'_>>(),
        generator.subschema_for::<check::CheckRecord<'_>>(),
        generator.subschema_for::<doctor::DoctorRecord<'_>>(),
        generator.subschema_for::<done::DoneRecord<'_>>(),
        generator.subschema_for::<dry_run::DryRunRecord<'_>>(),
        generator.subschema_for::<explained::ExplanationRecord<'_>>(),
        generator.subschema_for::<inlined::InlinedRecord<'_>>(),
        generator.subschema_for::<json::RulesRecord<'_>>(),
        generator.subschema_for::<reasons::WhyRecord<'_>>(),
        generator.subschema_for::<trial::TryRecord<'_>>(),
    ]
}

/// Leaves room for fields of later versions, and makes the text of Rust's documentation plain.
fn tidy(schema: &mut Schema) {
    schema.remove("additionalProperties");
    if let Some(text) = schema.get("description").and_then(|text| text.as_str()) {
        let text = without_links(text);
        schema.insert("description".to_owned(), text.into());
    }
}

/// `text` with what links show, without where they lead to.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("[`") {
        let (shown, after) = link.split_once("`]").unwrap_or((link, ""));
        let target = after.strip_prefix('(').and_then(|after| after.split_once(')'));
        rest = target.map_or(after, |(_, after)| after);
        plain.extend([before, "`", shown, "`"]);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::without_links;

    #[test]
    fn links_become_text() {
        assert_eq!(without_links("as [`A`] or [`b`](super::b) say"), "as `A` or `b` say");
        assert_eq!(without_links("`a` [b]"), "`a` [b]");
    }
}
