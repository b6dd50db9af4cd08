//! What `cargo klp diff` says of two objects, and assembly to say it of.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::klp::{klp, run};
use crate::tools::finish;

/// What a run said: the records as they are, whatever kinds there are.
#[derive(Debug)]
pub struct Said {
    /// How it ended.
    pub status: Option<i32>,
    /// Its records.
    pub records: Vec<Value>,
    stderr: String,
}

impl Said {
    /// What `diff` says of two objects.
    pub fn of(original: &Utf8Path, patched: &Utf8Path) -> Result<Self> {
        let mut command = klp(["diff", "--no-cache", "--message-format", "json"])?;
        let outcome = run(command.args([original, patched]))?;
        ensure!(!outcome.stderr.contains("panicked"), "{outcome:#?}");
        let records = outcome.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(Self { status: outcome.status, records, stderr: outcome.stderr })
    }

    /// Records as `function changed f` or `note .initcall6.init order`, names without what compilers append.
    #[must_use]
    pub fn items(&self) -> BTreeSet<String> {
        let word = |record: &Value, field: &str| record[field].as_str().map(str::to_owned);
        let about = self.records.iter().filter(|record| {
            !matches!(record["reason"].as_str(), Some("version" | "summary" | "module"))
        });
        about
            .map(|record| {
                let name = word(record, "name").or_else(|| word(record, "section"));
                let name = name.unwrap_or_default();
                let base = match name.split_once('.') {
                    Some((base, _)) if !base.is_empty() => base.to_owned(),
                    _ => name,
                };
                let fields = [word(record, "reason"), word(record, "change"), Some(base)];
                let fields = fields.into_iter().chain([word(record, "code")]).flatten();
                fields.collect::<Vec<_>>().join(" ")
            })
            .collect()
    }

    /// Exactly these.
    pub fn exactly(&self, wanted: &[&str]) -> Result<()> {
        let wanted: BTreeSet<String> = wanted.iter().map(|item| (*item).to_owned()).collect();
        ensure!(self.items() == wanted, "expected {wanted:?}: {:?}\n{self:#?}", self.items());
        Ok(())
    }

    /// At least one of these.
    pub fn any(&self, wanted: &[&str]) -> Result<()> {
        let items = self.items();
        let found = wanted.iter().any(|item| items.contains(*item));
        ensure!(found, "expected any of {wanted:?}: {items:?}\n{self:#?}");
        Ok(())
    }

    /// The change was read, or the object was not taken for one that can be compared.
    pub fn any_or_refused(&self, wanted: &[&str]) -> Result<()> {
        let refused = self.items().iter().any(|item| item.starts_with("refused "));
        if refused || (self.status == Some(1) && self.stderr.contains("error")) {
            return Ok(());
        }
        self.any(wanted)
    }
}

/// Assembles `text` to `name.o` in `directory`.
pub fn assemble(directory: &Utf8Path, name: &str, text: &str) -> Result<Utf8PathBuf> {
    let (source, object) =
        (directory.join(name).with_extension("s"), directory.join(name).with_extension("o"));
    fs_err::create_dir_all(object.with_file_name(""))?;
    fs_err::write(&source, text)?;
    finish(Command::new("gcc").args(["-c", source.as_str(), "-o", object.as_str()]))?;
    Ok(object)
}

/// `LINKER -r`, in this order.
pub fn link(linker: &str, output: &Utf8Path, objects: &[&Utf8Path]) -> Result<()> {
    let mut command = Command::new(linker);
    command.args(["-m", "elf_x86_64", "-r", "-o", output.as_str()]);
    finish(command.args(objects)).map(drop)
}

/// The linkers that kernels are linked with.
pub const LINKERS: [&str; 2] = ["ld", "ld.lld-19"];

/// A global function, with its size.
#[must_use]
pub fn function(name: &str, body: &str) -> String {
    format!("\t.text\n\t.globl {name}\n{}", function_there(name, &format!("{body}\n\tret")))
}

/// A function in the section that is in use.
#[must_use]
pub fn function_there(name: &str, body: &str) -> String {
    format!("\t.type {name}, @function\n{name}:\n\t{body}\n\t.size {name}, . - {name}\n")
}
