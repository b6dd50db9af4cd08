//! SARIF 2.1.0 (OASIS standard): one document, which tools for reviews show beside the code.

use std::collections::BTreeMap;
use std::io::{self, Write};

use klp_core::diff::Changes;
use klp_core::record::{Change, Failure, PatchPart};
use serde::Serialize;

use super::human::{causes, word};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

#[derive(Serialize)]
struct Document {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [SarifRun; 1],
}

#[derive(Serialize)]
struct SarifRun {
    tool: Tool,
    invocations: [Invocation; 1],
    results: Vec<SarifResult>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    information_uri: &'static str,
    rules: Vec<SarifRule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifRule {
    id: String,
    short_description: SarifMessage,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: Level,
    message: SarifMessage,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: String,
    level: Level,
    message: SarifMessage,
    locations: Vec<SarifLocation>,
}

#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Level {
    Note,
    Warning,
    Error,
}

#[derive(Serialize)]
struct SarifMessage {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifLocation {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<SarifRegion>,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifRegion {
    start_line: u32,
}

#[derive(Serialize)]
struct Logical {
    name: String,
    kind: &'static str,
}

impl From<String> for SarifMessage {
    fn from(text: String) -> Self {
        Self { text }
    }
}

impl SarifLocation {
    /// The object `path`, and what of it by name.
    fn object(path: &str, name: &str, kind: &'static str) -> Self {
        Self {
            physical_location: Physical {
                artifact_location: Artifact { uri: uri(path) },
                region: None,
            },
            logical_locations: vec![Logical { name: name.to_owned(), kind }],
        }
    }

    /// A place in the sources.
    fn source(part: &PatchPart) -> Self {
        let region = part.hunk.as_deref().and_then(first_line);
        Self {
            physical_location: Physical {
                artifact_location: Artifact { uri: uri(&part.file) },
                region: region.map(|start_line| SarifRegion { start_line }),
            },
            logical_locations: Vec::new(),
        }
    }
}

/// The line of the original at which a hunk begins, `@@ -35,6 +35,7 @@`; lines count from 1.
fn first_line(hunk: &str) -> Option<u32> {
    let range = hunk.strip_prefix("@@ -")?;
    let digits = range.split(|sign: char| !sign.is_ascii_digit()).next()?;
    digits.parse().ok().filter(|line| *line > 0)
}

/// `path` as a relative reference (RFC 3986).
fn uri(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~+@".contains(&byte);
    let sign = |byte: u8| {
        if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    path.bytes().map(sign).collect()
}

/// The findings of a run, and which rules they name.
#[derive(Default)]
struct SarifResults {
    results: Vec<SarifResult>,
    rules: BTreeMap<String, &'static str>,
}

impl SarifResults {
    fn add(
        &mut self,
        (id, about): (String, &'static str),
        level: Level,
        text: String,
        locations: Vec<SarifLocation>,
    ) {
        self.rules.insert(id.clone(), about);
        self.results.push(SarifResult { rule_id: id, level, message: text.into(), locations });
    }
}

pub(super) fn changes(changes: &Changes, out: impl Write) -> io::Result<()> {
    let mut all = SarifResults::default();
    for function in &changes.functions {
        let name = function.demangled.as_ref().unwrap_or(&function.name);
        let rule = (format!("{}-function", word(function.change)), about(function.change));
        let (text, level) = match (causes(&function.causes), function.allowed) {
            (_, Some(false)) => (format!("{name} changes, which no rule allows"), Level::Error),
            (causes, _) if causes.is_empty() => {
                (format!("{name} is {}", word(function.change)), Level::Note)
            }
            (causes, _) => (format!("{name} is {}: {causes}", word(function.change)), Level::Note),
        };
        let place = SarifLocation::object(&function.object, &function.name, "function");
        all.add(rule, level, text, vec![place]);
    }
    for data in &changes.data {
        let name = data.name.as_deref().unwrap_or("(unnamed)");
        let rule =
            (format!("{}-data", word(data.change)), "Data of the running kernel that differs");
        let text = match data.read_by.as_slice() {
            [] => format!("{name} in {} is {}", data.section, word(data.change)),
            readers => format!(
                "{name} in {} is {}; it is read by {}",
                data.section,
                word(data.change),
                readers.join(", ")
            ),
        };
        let place = SarifLocation::object(&data.object, name, "variable");
        all.add(rule, Level::Warning, text, vec![place]);
    }
    for refused in &changes.refused {
        let code = serde_json::to_value(refused.code)?;
        let rule = (
            format!("refused/{}", code.as_str().unwrap_or_default()),
            "Something that stands in the way of a livepatch",
        );
        let mut places: Vec<SarifLocation> =
            refused.patch.iter().map(SarifLocation::source).collect();
        if places.is_empty() {
            places.push(SarifLocation::object(&refused.object, &refused.name, "object"));
        }
        let text = format!("{}: {}", refused.name, refused.why);
        all.add(rule, Level::Error, text, places);
    }
    for note in &changes.notes {
        let rule = (format!("note/{}", note.code), "Something that differs and is no obstacle");
        let place = SarifLocation::object(&note.object, &note.name, "object");
        let places = if note.object.is_empty() { Vec::new() } else { vec![place] };
        all.add(rule, Level::Note, format!("{}: {}", note.name, note.why), places);
    }
    let invocation =
        Invocation { execution_successful: true, tool_execution_notifications: Vec::new() };
    write(all, invocation, out)
}

/// Why there is no result.
pub(super) fn failure(failure: &Failure, out: impl Write) -> io::Result<()> {
    let texts = [&failure.message].into_iter().chain(&failure.causes).chain(&failure.hint);
    let text: Vec<&str> = texts.map(String::as_str).collect();
    let notification = Notification { level: Level::Error, message: text.join(": ").into() };
    let invocation = Invocation {
        execution_successful: false,
        tool_execution_notifications: vec![notification],
    };
    write(SarifResults::default(), invocation, out)
}

fn write(findings: SarifResults, invocation: Invocation, mut out: impl Write) -> io::Result<()> {
    let SarifResults { results, rules } = findings;
    let rules = rules
        .into_iter()
        .map(|(id, about)| SarifRule { id, short_description: about.to_owned().into() });
    let driver = Driver {
        name: "cargo-klp",
        version: env!("CARGO_PKG_VERSION"),
        information_uri: HOME,
        rules: rules.collect(),
    };
    let run = SarifRun { tool: Tool { driver }, invocations: [invocation], results };
    let document = Document { schema: SCHEMA, version: "2.1.0", runs: [run] };
    serde_json::to_writer_pretty(&mut out, &document)?;
    out.write_all(b"\n")
}

fn about(change: Change) -> &'static str {
    match change {
        Change::Changed => "A function whose machine code means something else",
        Change::Added => "A function that only the patched build has",
        Change::Removed => "A function that only the original build has",
    }
}

#[cfg(test)]
mod tests {
    use super::{first_line, uri};

    #[test]
    fn a_hunk_begins_at_its_first_line() {
        assert_eq!(first_line("@@ -35,6 +35,7 @@ static int show(void)"), Some(35));
        assert_eq!(first_line("@@ -0,0 +1,9 @@"), None);
        assert_eq!(first_line("nonsense"), None);
    }

    #[test]
    fn paths_are_relative_references() {
        assert_eq!(uri("fs/proc/meminfo.o"), "fs/proc/meminfo.o");
        assert_eq!(uri("a b/ü.o"), "a%20b/%C3%BC.o");
    }
}
