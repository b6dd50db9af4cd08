//! Texts of the module that the kernel would free. `kfree_const()` frees what is not in the kernel's own constants, and so the
//! module's copy of a text that the kernel's own function would hand out as it is.

use std::collections::BTreeSet;

use super::copy::{Link, OutReloc};
use super::extract::{self, Extraction};
use super::outlives::{is_constant, section, text};
use super::pieces::Piece;
use super::results::{CONST_TEXTS, FreedResult, Results};
use super::source::{CorrelatedObjects, TouchedId};
use super::tabled::read_by;
use super::taken::{AddressTaken, addresses, distances, handed};

/// Objects, functions, and what these do with a text that the kernel would free.
pub(super) type FreedTexts = BTreeSet<(TouchedId, String, String)>;

/// Those of functions of vmlinux: a function that the kernel has the texts of would hand them out as they are.
pub(super) fn find(sources: &CorrelatedObjects<'_>, extraction: &Extraction) -> FreedTexts {
    let mut found = BTreeSet::new();
    let mut results = Results::new(sources);
    for (from, copied) in &extraction.copied {
        let source = &sources[from.object];
        if source.linked != "vmlinux" || !section(source, *from).is_code() {
            continue;
        }
        let texts = texts(sources, extraction, *from, &copied.relocs);
        if texts.is_empty() {
            continue;
        }
        let function = extract::owner_name(source, *from);
        let gives = copied.relocs.iter().any(|reloc| match &reloc.link {
            Link::Kernel(target) => CONST_TEXTS.contains(&target.name()),
            Link::Piece(_) | Link::Number => false,
        });
        let gets = gives || results.gets_given(from.object, &function);
        let text_of =
            |reloc: &OutReloc| address(reloc).and_then(|it| any_text(sources, extraction, it));
        let is_giver = |name: &str| CONST_TEXTS.contains(&name);
        for (reloc, callee) in handed(source, *from, &copied.relocs, is_giver) {
            let callee = match callee {
                Some(Link::Kernel(target)) => target.name().to_owned(),
                Some(Link::Piece(own)) => extract::owner_name(source, *own),
                Some(Link::Number) | None => "what it calls".to_owned(),
            };
            if let Some(text) = text_of(reloc).filter(|_| !only_reads(&callee)) {
                let how = format!(
                    "it gives the text {text} to {callee} where it otherwise gives what kstrdup_const() gave"
                );
                found.insert((from.object, function.clone(), how));
            }
        }
        let distances = distances(source, *from, &copied.relocs);
        for (text, taken) in texts {
            let how = match taken {
                AddressTaken::Lost if gives => Some(stores(&text)),
                AddressTaken::Stored if gets => Some(stores(&text)),
                AddressTaken::Returned if gets => Some(format!(
                    "it returns the text {text} where it otherwise returns what kstrdup_const() gives"
                )),
                AddressTaken::Returned => results.of(from.object, &function).map(|freed| match freed {
                    FreedResult::Stored(user) => format!(
                        "it returns the text {text}, and {user} stores that where it otherwise stores what \
                         kstrdup_const() gives"
                    ),
                    FreedResult::Given(user) => {
                        format!("it returns the text {text}, which {user} gives to kfree_const()")
                    }
                }),
                AddressTaken::Stored => {
                    let own = distances.iter().filter(|(reloc, _)| text_of(reloc).as_ref() == Some(&text));
                    let own = own.map(|(_, distance)| *distance).collect();
                    let freed = results.freed_at(from.object, &function, &own);
                    freed.map(|user| {
                        format!("it stores the text {text} where {user} frees by kfree_const() what it finds")
                    })
                }
                _ => None,
            };
            let function = function.clone();
            found.extend(how.map(|how| (from.object, function, how)));
        }
    }
    found
}

/// Functions that only read a text, or copy it (`lib/string.c`, `lib/string_helpers.c`, `kernel/printk`).
const READERS: &[&str] = &[
    "_printk",
    "memchr",
    "memchr_inv",
    "memcmp",
    "memcpy",
    "memmove",
    "sized_strscpy",
    "sscanf",
    "strcasecmp",
    "strcat",
    "strchr",
    "strchrnul",
    "strcmp",
    "strcpy",
    "strcspn",
    "strlcat",
    "strlcpy",
    "strlen",
    "strncasecmp",
    "strncat",
    "strnchr",
    "strncmp",
    "strncpy",
    "strnlen",
    "strnstr",
    "strpbrk",
    "strrchr",
    "strscpy",
    "strspn",
    "strstr",
    "sysfs_streq",
];

fn only_reads(name: &str) -> bool {
    READERS.contains(&name) || CONST_TEXTS.contains(&name)
}

fn stores(text: &str) -> String {
    format!("it stores the text {text} where it otherwise stores what kstrdup_const() gives")
}

/// The texts of which the code of a piece takes the addresses, or reads them from tables, with what it does with them.
fn texts(
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
    from: Piece,
    relocs: &[OutReloc],
) -> BTreeSet<(String, AddressTaken)> {
    let source = &sources[from.object];
    let taken = addresses(source, from, relocs);
    let taken = taken.into_iter().filter_map(|(reloc, taken)| Some((address(reloc)?, taken)));
    let all = taken.chain(read_by(source, from, extraction, relocs));
    all.filter_map(|(to, taken)| Some((any_text(sources, extraction, to)?, taken))).collect()
}

fn address(reloc: &OutReloc) -> Option<(Piece, i64)> {
    match reloc.link {
        Link::Piece(to) => Some((to, reloc.addend)),
        Link::Kernel(_) | Link::Number => None,
    }
}

/// The text at a place of the module: a string, or an array.
fn any_text(
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
    (piece, addend): (Piece, i64),
) -> Option<String> {
    text(sources, piece, addend).or_else(|| array_of_text(sources, extraction, piece, addend))
}

/// The same of a constant with a name: an array of characters that can be printed, up to a NUL.
fn array_of_text(
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
    piece: Piece,
    addend: i64,
) -> Option<String> {
    let section = section(&sources[piece.object], piece);
    let has_pointers = extraction.copied.get(&piece).is_some_and(|it| !it.relocs.is_empty());
    let start = piece.start.checked_add_signed(addend).filter(|_| is_constant(sources, piece))?;
    let rest = section.bytes(start, piece.end.checked_sub(start)?)?;
    let text = rest.get(..rest.iter().position(|byte| *byte == 0)?)?;
    let is_text = !has_pointers
        && !text.is_empty()
        && text.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    is_text.then(|| format!("\"{}\"", String::from_utf8_lossy(text).escape_debug()))
}
