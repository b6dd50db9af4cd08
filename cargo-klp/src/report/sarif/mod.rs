//! SARIF 2.1.0 (OASIS standard): one document, which tools for reviews show beside the code.

mod document;
mod places;

use std::collections::BTreeMap;
use std::io::{self, Write};

use klp_core::diff::Changes;
use klp_core::record::{Change, ChangedData, ChangedFunction, Failure, Note, Refused};

use super::human::{causes, word};

use document::{
    Document, Driver, Invocation, Level, Logical, Notification, OBJECTS, Physical, SOURCES,
    SarifLocation, SarifResult, SarifRule, SarifRun, Tool, UriBase,
};
pub(crate) use places::SourcesKnown;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// The findings of a run, and which rules they name.
struct SarifResults<'a> {
    sources: SourcesKnown<'a>,
    results: Vec<SarifResult>,
    rules: BTreeMap<String, &'static str>,
}

/// What a result is about, and where that comes from in the sources: the best reason first.
struct SarifSubject {
    object: String,
    logical: Logical,
    sources: Vec<SarifLocation>,
}

impl SarifSubject {
    fn new(object: &str, name: &str, kind: &'static str, sources: Vec<SarifLocation>) -> Self {
        Self { object: object.to_owned(), logical: Logical::of(object, name, kind), sources }
    }

    /// Where it is, and what else is a reason for it.
    fn locations(self) -> (SarifLocation, Vec<SarifLocation>) {
        let Self { object, logical, sources } = self;
        let mut sources = sources.into_iter();
        let mut place = sources.next().unwrap_or_else(|| SarifLocation {
            physical_location: Physical::object(&object),
            logical_locations: Vec::new(),
            message: None,
        });
        place.logical_locations.push(logical);
        (place, sources.collect())
    }
}

impl<'a> SarifResults<'a> {
    fn new(sources: SourcesKnown<'a>) -> Self {
        Self { sources, results: Vec::new(), rules: BTreeMap::new() }
    }

    fn add(
        &mut self,
        (id, about): (String, &'static str),
        level: Level,
        text: String,
        subject: Option<SarifSubject>,
    ) {
        self.rules.insert(id.clone(), about);
        let (place, related_locations) = subject.map(SarifSubject::locations).unzip();
        self.results.push(SarifResult {
            rule_id: id,
            level,
            message: text.into(),
            locations: place.into_iter().collect(),
            related_locations: related_locations.unwrap_or_default(),
        });
    }

    fn function(&mut self, function: &ChangedFunction) {
        let name = function.demangled.as_ref().unwrap_or(&function.name);
        let rule = (format!("{}-function", word(function.change)), about(function.change));
        let sources = self.sources.of_function(&function.object, &function.name);
        let reason = sources.first().and_then(|place| place.message.as_ref());
        let reason = reason.map(|words| format!("; {}", words.text)).unwrap_or_default();
        let (text, level) = match (causes(&function.causes), function.allowed) {
            (_, Some(false)) => {
                (format!("{name} changes, which no rule allows{reason}"), Level::Error)
            }
            (causes, _) if causes.is_empty() => {
                (format!("{name} is {}{reason}", word(function.change)), Level::Note)
            }
            (causes, _) => {
                (format!("{name} is {}: {causes}{reason}", word(function.change)), Level::Note)
            }
        };
        let subject = SarifSubject::new(&function.object, &function.name, "function", sources);
        self.add(rule, level, text, Some(subject));
    }

    fn data(&mut self, data: &ChangedData) {
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
        let sources = self.sources.of_data(data);
        let subject = SarifSubject::new(&data.object, name, "variable", sources);
        self.add(rule, Level::Warning, text, Some(subject));
    }

    fn refused(&mut self, refused: &Refused) -> io::Result<()> {
        let code = serde_json::to_value(refused.code)?;
        let rule = (
            format!("refused/{}", code.as_str().unwrap_or_default()),
            "Something that stands in the way of a livepatch",
        );
        let mut sources: Vec<SarifLocation> =
            refused.patch.iter().map(|part| self.sources.of_part(part)).collect();
        if sources.is_empty() {
            sources = self.sources.of_function(&refused.object, &refused.name);
        }
        let text = format!("{}: {}", refused.name, refused.why);
        let subject = SarifSubject::new(&refused.object, &refused.name, "member", sources);
        self.add(rule, Level::Error, text, Some(subject));
        Ok(())
    }

    fn note(&mut self, note: &Note) {
        let rule = (format!("note/{}", note.code), "Something that differs and is no obstacle");
        let subject = (!note.object.is_empty()).then(|| {
            let sources = self.sources.of_function(&note.object, &note.name);
            SarifSubject::new(&note.object, &note.name, "member", sources)
        });
        self.add(rule, Level::Note, format!("{}: {}", note.name, note.why), subject);
    }
}

pub(super) fn changes(
    changes: &Changes,
    sources: SourcesKnown<'_>,
    out: impl Write,
) -> io::Result<()> {
    let mut all = SarifResults::new(sources);
    changes.functions.iter().for_each(|function| all.function(function));
    changes.data.iter().for_each(|data| all.data(data));
    changes.refused.iter().try_for_each(|refused| all.refused(refused))?;
    changes.notes.iter().for_each(|note| all.note(note));
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
    write(SarifResults::new(SourcesKnown::default()), invocation, out)
}

fn write(
    findings: SarifResults<'_>,
    invocation: Invocation,
    mut out: impl Write,
) -> io::Result<()> {
    let SarifResults { results, rules, .. } = findings;
    let rules =
        rules.into_iter().map(|(id, about)| SarifRule { id, short_description: about.into() });
    let driver = Driver {
        name: "cargo-klp",
        version: env!("CARGO_PKG_VERSION"),
        information_uri: HOME,
        rules: rules.collect(),
    };
    let bases = [
        (SOURCES, "The root of the sources that the patches are for"),
        (OBJECTS, "The directory in which the kernel is built"),
    ];
    let original_uri_base_ids =
        bases.map(|(id, what)| (id, UriBase { description: what.into() })).into();
    let run = SarifRun {
        tool: Tool { driver },
        invocations: [invocation],
        original_uri_base_ids,
        results,
    };
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
