//! Variables and constants that a patch takes away in one place and has in another: in a function that it moves to another
//! object, in a helper that it splits off, or under another name. What the kernel holds in them must go on, and who is
//! known by the address of a constant must stay known.

use std::collections::BTreeSet;

use crate::arch::RelocKind;
use crate::elf::Definition;
use crate::kernel::{LinkedKernel, Region, module_name};
use crate::layout::SpanId;
use crate::name;

use super::side::{ObjectSide, region};
use super::source::{CorrelatedObject, CorrelatedObjects, DataFate, Fate, TouchedId};
use super::target::LinkTarget;
use super::types::ObjectTypes;
use super::why::ReasonText;

/// A variable or constant with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedData {
    /// The index of its source.
    pub(super) object: TouchedId,
    /// In the original, or in the patched object.
    pub(super) span: SpanId,
    /// Its symbol.
    pub(super) name: String,
    is_global: bool,
    size: u64,
    region: Region,
}

impl NamedData {
    /// What the source calls it. Clang writes the function of a static variable before it.
    pub(super) fn word(&self) -> &[u8] {
        name::of_source(self.name.as_bytes())
    }

    pub(super) fn is_constant(&self) -> bool {
        self.region == Region::Constant
    }

    /// Whether it is of no function.
    pub(super) fn is_of_file(&self) -> bool {
        self.word().len() == self.name.len()
    }

    pub(super) fn has_shape_of(&self, other: &Self) -> bool {
        (self.size, self.region) == (other.size, other.region)
    }

    /// The functions of the originals, or else of the patched objects, that use it, by their names up to what compilers append.
    fn users(&self, sources: &CorrelatedObjects<'_>, is_gone: bool) -> BTreeSet<String> {
        let mut users = BTreeSet::new();
        let linked = sources[self.object].linked;
        for (source, object) in sources.with_ids() {
            let side = if is_gone { source.original.as_ref() } else { Some(&source.patched) };
            let can_use = object == self.object || self.is_global && source.linked == linked;
            if let Some(side) = side.filter(|_| can_use) {
                users.extend(side.callers_of(|name| name == self.name).map(|user| word(&user)));
            }
        }
        users
    }
}

/// What goes and what comes.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// With the functions that can use it under another name now.
    gone: Vec<(NamedData, BTreeSet<String>)>,
    /// With those that do use it.
    new: Vec<(NamedData, BTreeSet<String>)>,
}

/// What a new thing may be that the kernel has.
pub(super) struct Suspect<'m> {
    pub(super) new: &'m NamedData,
    pub(super) was: &'m NamedData,
}

/// Finds what goes and what comes, and makes what is certainly the kernel's shared with it.
pub(super) fn find(kernel: &LinkedKernel, sources: &mut CorrelatedObjects<'_>) -> Moves {
    let new: Vec<NamedData> = new(sources);
    let mut gone = gone(sources);
    gone.retain(|was| new.iter().any(|new| can_be(new, was)));
    let moves = Moves {
        gone: gone.into_iter().map(|was| (was.clone(), heirs(sources, &was))).collect(),
        new: new.into_iter().map(|new| (new.clone(), new.users(sources, false))).collect(),
    };
    let pairs = moves.new.iter().filter_map(|(new, users)| {
        let mut found = moves.gone.iter().filter(|(was, heirs)| {
            of_one_image(sources, new, was)
                && new.has_shape_of(was)
                && is_heir(new, users, was, heirs)
                && is_same(kernel, sources, new, was)
        });
        let (was, _) = found.next()?;
        found.next().is_none().then_some((new, was))
    });
    let pairs: Vec<(&NamedData, &NamedData)> = pairs.collect();
    let shared: Vec<(TouchedId, SpanId, DataFate)> = pairs
        .iter()
        .filter(|(_, was)| pairs.iter().filter(|(_, other)| other == was).count() == 1)
        .map(|(new, was)| (new.object, new.span, DataFate::From(was.object, was.span)))
        .collect();
    for (object, span, fate) in shared {
        sources[object].data.insert(span, fate);
    }
    moves
}

/// The symbol of the running kernel that is the one at `span` of the original of source `object`, for what is linked into
/// the same.
pub(super) fn target(
    kernel: &LinkedKernel,
    sources: &CorrelatedObjects<'_>,
    object: TouchedId,
    span: SpanId,
) -> Result<LinkTarget, ReasonText> {
    let source = &sources[object];
    let original = source.original.as_ref().ok_or("an object without original")?;
    let index = original.analysis.layout.span(span).symbol;
    let index = index.ok_or("a variable without a name")?;
    let symbol = original.analysis.elf.symbol(index);
    if symbol.local {
        return kernel.local(source, source.running_local(index)?);
    }
    let name = symbol.name_lossy();
    let home = module_name(source.linked);
    kernel.global(source.linked, symbol.name).ok_or_else(|| format!("{name} is not in {home}"))?
}

impl Moves {
    /// New variables that may be ones that go, and constants whose address `is_compared` that may be ones, too.
    pub(super) fn suspects<'m>(
        &'m self,
        sources: &CorrelatedObjects<'_>,
        is_copied: impl Fn(TouchedId, SpanId) -> bool,
        is_compared: impl Fn(TouchedId, SpanId) -> bool,
    ) -> Vec<Suspect<'m>> {
        let mut found = Vec::new();
        let is_own = |new: &NamedData| {
            let fate = sources[new.object].data.get(&new.span);
            fate == Some(&DataFate::New) && is_copied(new.object, new.span)
        };
        for (new, users) in self.new.iter().filter(|(new, _)| is_own(new)) {
            if new.is_constant() && !is_compared(new.object, new.span) {
                continue;
            }
            let mut may_be = self.gone.iter().filter(|(was, heirs)| {
                let is_near = new.object == was.object && new.is_of_file() && was.is_of_file();
                let is_named = new.word() == was.word();
                if !of_one_image(sources, new, was) {
                    let is_it = new.is_of_file() && was.is_of_file();
                    return is_named && is_it && !new.is_constant() && new.has_shape_of(was);
                }
                can_be(new, was)
                    && (is_named || is_near && !new.is_constant() || !users.is_disjoint(heirs))
            });
            found.extend(may_be.next().map(|(was, _)| Suspect { new, was }));
        }
        found
    }
}

/// Whether both are of one size and kind of memory. Constants of any size can stand for each other.
fn can_be(new: &NamedData, was: &NamedData) -> bool {
    new.has_shape_of(was) || new.is_constant() && was.is_constant()
}

fn of_one_image(sources: &CorrelatedObjects<'_>, one: &NamedData, other: &NamedData) -> bool {
    sources[one.object].linked == sources[other.object].linked
}

/// What the originals have and the patched objects do not.
fn gone(sources: &CorrelatedObjects<'_>) -> Vec<NamedData> {
    let mut gone = Vec::new();
    for (source, object) in sources.with_ids() {
        let Some(original) = &source.original else { continue };
        let kept: BTreeSet<SpanId> = source.data.values().filter_map(DataFate::original).collect();
        let unclear: BTreeSet<String> = source
            .data
            .iter()
            .filter(|(_, fate)| matches!(fate, DataFate::Unclear(_)))
            .filter_map(|(span, _)| Some(source.patched.thing(object, *span)?.name))
            .map(|name| String::from_utf8_lossy(&name::base(name.as_bytes())).into_owned())
            .collect();
        let spans = original.data.iter().flatten().filter(|span| !kept.contains(span));
        gone.extend(spans.filter_map(|span| original.thing(object, *span)).filter(|thing| {
            let base = name::base(thing.name.as_bytes());
            let is_unclear = unclear.iter().any(|name| name.as_bytes() == &*base);
            let is_there = thing.is_global && has_global(sources, source.linked, thing);
            !is_unclear && !is_there
        }));
    }
    gone
}

/// Whether the patched objects have a global of that name: it is the same.
fn has_global(sources: &CorrelatedObjects<'_>, linked: &str, thing: &NamedData) -> bool {
    let mut own = sources.iter().filter(|source| source.linked == linked);
    own.any(|source| source.patched.data_named(thing.name.as_bytes()).is_some())
}

fn new(sources: &CorrelatedObjects<'_>) -> Vec<NamedData> {
    let mut new = Vec::new();
    for (source, object) in sources.with_ids() {
        let spans = source.data.iter().filter(|(_, fate)| **fate == DataFate::New);
        new.extend(spans.filter_map(|(span, _)| source.patched.thing(object, *span)));
    }
    new
}

/// The functions that can use in the patched objects what `thing` was used by.
fn heirs(sources: &CorrelatedObjects<'_>, thing: &NamedData) -> BTreeSet<String> {
    let source = &sources[thing.object];
    successors(sources, source.linked, thing.users(sources, true))
}

/// The functions of the patched objects that do what `functions` of the originals did: those of the same names, and
/// functions that the patch adds and that these refer to.
pub(super) fn successors(
    sources: &CorrelatedObjects<'_>,
    linked: &str,
    functions: BTreeSet<String>,
) -> BTreeSet<String> {
    let mut successors = functions;
    let own = || sources.iter().filter(|other| other.linked == linked);
    let mut added: BTreeSet<String> = own().flat_map(added).collect();
    loop {
        let found: Vec<String> = added
            .iter()
            .filter(|name| {
                let mut callers =
                    own().flat_map(|other| other.patched.callers_of(move |it| it == *name));
                callers.any(|caller| successors.contains(&word(&caller)))
            })
            .cloned()
            .collect();
        if found.is_empty() {
            return successors;
        }
        for name in found {
            added.remove(&name);
            successors.insert(word(&name));
        }
    }
}

/// The functions that the patch adds.
fn added<'s>(source: &'s CorrelatedObject<'_>) -> impl Iterator<Item = String> + 's {
    let fates = source.fates.with_ids();
    let added = fates.filter(|(fate, _)| **fate == Some(Fate::Added));
    added.map(|(_, id)| source.name_of(id))
}

/// Whether nobody uses `new` but functions that can have taken `was` over.
fn is_heir(
    new: &NamedData,
    users: &BTreeSet<String>,
    was: &NamedData,
    heirs: &BTreeSet<String>,
) -> bool {
    let is_used = !users.is_empty() && users.is_subset(heirs);
    is_used || new.is_constant() && new.word() == was.word()
}

/// Whether the kernel's `was` can be used for `new`: it starts with the same content, of the same type and, if it can be
/// written, with the same name.
fn is_same(
    kernel: &LinkedKernel,
    sources: &CorrelatedObjects<'_>,
    new: &NamedData,
    was: &NamedData,
) -> bool {
    let (source, before) = (&sources[new.object], &sources[was.object]);
    let Some(original) = &before.original else { return false };
    let is_known = if new.is_constant() {
        leads_to_kernel(source, new.span)
    } else {
        new.word() == was.word() && is_of_type(source, before, new.word())
    };
    is_known
        && original.is_alike(was.span, &source.patched, new.span)
        && target(kernel, sources, was.object, was.span).is_ok()
}

/// Whether the debug information of both objects has one type for the variable.
fn is_of_type(source: &CorrelatedObject<'_>, before: &CorrelatedObject<'_>, word: &[u8]) -> bool {
    let word = String::from_utf8_lossy(word);
    let read = |objects: Vec<&_>| -> Option<ObjectTypes> {
        let read = objects.into_iter().map(|object| ObjectTypes::of(object).ok());
        let all: Option<Vec<ObjectTypes>> = read.collect();
        all?.into_iter().find(|types| types.has_variable(&word))
    };
    let now = read(source.typed().into_iter().map(|(_, _, after)| after).collect());
    let was = read(before.typed().into_iter().filter_map(|(_, before, _)| before).collect());
    was.zip(now).is_some_and(|(was, now)| was.is_one_type(&now, &word))
}

/// Whether everything that the data at `span` points to is the kernel's by its name, or has none.
fn leads_to_kernel(source: &CorrelatedObject<'_>, span: SpanId) -> bool {
    let side = &source.patched;
    let place = side.analysis.layout.span(span);
    let elf = &side.analysis.elf;
    let section = elf.section(place.section);
    let mut relocs = section.relocs.within(place.start, place.end);
    relocs.all(|reloc| {
        if reloc.kind == RelocKind::None {
            return true;
        }
        let symbol = elf.symbol(reloc.symbol);
        let Definition::Section(to) = symbol.place else {
            return symbol.place == Definition::Undefined;
        };
        let at = symbol.value.checked_add_signed(reloc.addend);
        let Some(to) = at.and_then(|at| side.analysis.layout.find(to, at)) else { return false };
        let holder = elf.section(side.analysis.layout.span(to).section);
        if holder.is_code() {
            let owner = source.owners[to];
            let fate = owner.and_then(|owner| source.fates[owner]);
            return fate.is_some_and(|fate| !fate.is_new());
        }
        // What has no name, such as a text, is compared by its content.
        match source.data.get(&to) {
            Some(fate) => matches!(fate, DataFate::Shared(_) | DataFate::Moved),
            None => region(holder) == Region::Constant,
        }
    })
}

/// The name of a function up to what compilers append.
pub(super) fn word(name: &str) -> String {
    name.split_once('.').map_or(name, |(word, _)| word).to_owned()
}

impl ObjectSide<'_> {
    /// The variable or constant at a span, if it has a name that means something and is not freed.
    pub(super) fn thing(&self, object: TouchedId, span: SpanId) -> Option<NamedData> {
        let place = self.analysis.layout.span(span);
        let symbol = self.analysis.elf.symbol(place.symbol?);
        let section = self.analysis.elf.section(place.section);
        let region = self.region(span);
        let is_one = symbol.stability != name::Stability::Unstable
            && !name::is_own_variable(symbol.name, section.name)
            && !name::is_of_static_call(symbol.name)
            && !name::is_rust(symbol.name)
            && !matches!(region, Region::Freed | Region::Text)
            && symbol.size > 0;
        let name = symbol.name_lossy().into_owned();
        let (is_global, size) = (!symbol.local, symbol.size);
        is_one.then_some(NamedData { object, span, name, is_global, size, region })
    }
}
