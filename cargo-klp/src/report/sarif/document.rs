//! The elements of a SARIF document, as far as they are written.

use std::collections::BTreeMap;

use serde::Serialize;

/// What paths of sources are relative to.
pub(super) const SOURCES: &str = "SRCROOT";

/// What paths of objects are relative to.
pub(super) const OBJECTS: &str = "OBJROOT";

#[derive(Serialize)]
pub(super) struct Document {
    #[serde(rename = "$schema")]
    pub(super) schema: &'static str,
    pub(super) version: &'static str,
    pub(super) runs: [SarifRun; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifRun {
    pub(super) tool: Tool,
    pub(super) invocations: [Invocation; 1],
    pub(super) original_uri_base_ids: BTreeMap<&'static str, UriBase>,
    pub(super) results: Vec<SarifResult>,
}

/// A directory. Where it is on this machine is nobody's business: who reads the document has the sources in another one.
#[derive(Serialize)]
pub(super) struct UriBase {
    pub(super) description: SarifMessage,
}

#[derive(Serialize)]
pub(super) struct Tool {
    pub(super) driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Driver {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) information_uri: &'static str,
    pub(super) rules: Vec<SarifRule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifRule {
    pub(super) id: String,
    pub(super) short_description: SarifMessage,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub(super) execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
pub(super) struct Notification {
    pub(super) level: Level,
    pub(super) message: SarifMessage,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifResult {
    pub(super) rule_id: String,
    pub(super) level: Level,
    pub(super) message: SarifMessage,
    pub(super) locations: Vec<SarifLocation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) related_locations: Vec<SarifLocation>,
}

#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Note,
    Warning,
    Error,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct SarifMessage {
    pub(super) text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SarifLocation {
    pub(super) physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) logical_locations: Vec<Logical>,
    /// How the place is a reason for the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<SarifMessage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<SarifRegion>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifRegion {
    start_line: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Logical {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

impl From<String> for SarifMessage {
    fn from(text: String) -> Self {
        Self { text }
    }
}

impl From<&str> for SarifMessage {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Physical {
    /// An object.
    pub(super) fn object(path: &str) -> Self {
        Self { artifact_location: Artifact { uri: uri(path), uri_base_id: OBJECTS }, region: None }
    }

    /// A file of the sources, and a line of it, counted from 1, where that is known.
    pub(super) fn source(path: &str, line: Option<usize>) -> Self {
        Self {
            artifact_location: Artifact { uri: uri(path), uri_base_id: SOURCES },
            region: line.filter(|line| *line > 0).map(|start_line| SarifRegion { start_line }),
        }
    }
}

impl Logical {
    /// `name` of `object`.
    pub(super) fn of(object: &str, name: &str, kind: &'static str) -> Self {
        let fully_qualified_name = format!("{object}:{name}");
        Self { name: name.to_owned(), fully_qualified_name, kind }
    }
}

/// `path` as a relative reference (RFC 3986).
fn uri(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~+@".contains(&byte);
    let sign = |byte: u8| {
        if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    path.bytes().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_are_relative_references() {
        assert_eq!(uri("fs/proc/meminfo.o"), "fs/proc/meminfo.o");
        assert_eq!(uri("a b/ü.o"), "a%20b/%C3%BC.o");
    }
}
