//! The module, what it was made of and where it will run, and what is known of their relation so far.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{Id, List};

use super::enabled::{self, EnabledPatch, Replacement};
use super::names;
use super::origin::{self, RunningPlaces};
use super::running::{ImageId, ImagePlace, RunningImages};
use super::view::{FieldUse, FileView, References, SectionExtent, SymbolOffset};
use super::{AttestError, Attestation, AttestedObject, Deviation, Fault, RunningKernel};
use crate::elf::{Definition, ElfError, Place, Reloc, SectionId, SymbolId, SymbolKind};

/// The ENDBR, and with kCFI the types, that the kernel takes away from a module.
const SEALS: &[u8] = b".ibt_endbr_seal";

/// One of the objects.
#[derive(Debug)]
pub(super) struct JudgedObject<'a> {
    pub(super) object: &'a str,
    /// The image that it is linked into; none where the running kernel has no such image.
    pub(super) image: Option<ImageId>,
    pub(super) original: Option<FileView<'a>>,
    /// As it was linked, where that is not `original`.
    plain: Option<FileView<'a>>,
    pub(super) patched: FileView<'a>,
    origin: RunningPlaces,
    /// What the functions of the patched object refer to, once somebody has asked.
    pub(super) references: OnceCell<References<'a>>,
}

/// Which of the objects that are judged.
#[derive(Debug)]
pub(super) enum Judged {}

pub(super) type JudgedId = Id<Judged>;

/// Something of a patched object.
pub(super) type ObjectExtent = (JudgedId, SectionExtent);

/// A field of a piece, in the patched object and in the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct PairedField {
    pub(super) piece: ObjectExtent,
    pub(super) patched: Reloc,
    pub(super) module: Reloc,
    pub(super) used: FieldUse,
    /// Bits of the address that are flags, and those of them that objtool may clear.
    pub(super) flags: (i64, i64),
}

#[derive(Debug)]
pub(super) struct Judge<'a> {
    pub(super) module: FileView<'a>,
    pub(super) sources: List<JudgedId, JudgedObject<'a>>,
    pub(super) running: RunningImages<'a>,
    pub(super) enabled: EnabledPatch,
    /// Old functions that livepatch leads to new ones.
    pub(super) replaced: BTreeSet<ImagePlace>,
    /// Where the module has what of the patched objects.
    pub(super) copies: BTreeMap<ObjectExtent, BTreeSet<Place>>,
    /// Those that replace something.
    pub(super) new_functions: BTreeSet<ObjectExtent>,
    /// Pieces whose content is still to be compared.
    pub(super) waiting: Vec<(ObjectExtent, Place)>,
    /// Calls through the trampoline of a static call, with its name.
    pub(super) static_calls: BTreeMap<Place, Vec<u8>>,
    /// What an address of copied code can mean as well, and where the module has it if the address is right then, too.
    pub(super) beside: Vec<(PairedField, ObjectExtent, Place)>,
    findings: BTreeSet<Deviation>,
    pub(super) references: usize,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        module: &'a [u8],
        objects: &[AttestedObject<'a>],
        kernel: &RunningKernel<'a>,
    ) -> Result<Self, AttestError> {
        let failed = |object: &str| {
            let object = object.to_owned();
            move |source: ElfError| AttestError::Object { object, source }
        };
        let running = RunningImages::of(kernel.vmlinux, &kernel.modules, kernel.symvers)?;
        let mut sources = List::default();
        for object in objects {
            let view = |bytes: Option<&'a [u8]>| {
                bytes.map(FileView::parse).transpose().map_err(failed(object.object))
            };
            let (plain, original) = (view(object.plain)?, view(object.original)?);
            let patched = FileView::parse(object.patched).map_err(failed(object.object))?;
            let image = running.find(object.linked);
            let origin = match (image, &plain, &original) {
                (Some(image), Some(plain), _) => RunningPlaces::of(plain, &running, image),
                (Some(image), None, Some(whole)) => RunningPlaces::of_whole(whole, &running, image),
                _ => RunningPlaces::default(),
            };
            let object = object.object;
            let references = OnceCell::new();
            sources.push(JudgedObject {
                object,
                image,
                original,
                plain,
                patched,
                origin,
                references,
            });
        }
        let module = FileView::parse(module).map_err(failed("the module"))?;
        let mut judge = Self {
            module,
            sources,
            running,
            enabled: EnabledPatch::default(),
            replaced: BTreeSet::new(),
            copies: BTreeMap::new(),
            new_functions: BTreeSet::new(),
            waiting: Vec::new(),
            static_calls: BTreeMap::new(),
            beside: Vec::new(),
            findings: BTreeSet::new(),
            references: 0,
        };
        match enabled::enabled(&judge.module) {
            Ok(enabled) => judge.enabled = enabled,
            Err(why) => judge.find("", "init_module", Fault::Livepatch, why),
        }
        Ok(judge)
    }

    pub(super) fn find(
        &mut self,
        object: &str,
        place: impl Into<String>,
        class: Fault,
        what: impl Into<String>,
    ) {
        let (object, place, what) = (object.to_owned(), place.into(), what.into());
        self.findings.insert(Deviation { object, place, class, what });
    }

    pub(super) fn into_report(self) -> Attestation {
        Attestation {
            notes: self.freed_functions(),
            findings: self.findings.into_iter().collect(),
            functions: self.enabled.replacements.len(),
            pieces: self.copies.len(),
            references: self.references,
        }
    }

    /// Follows everything that livepatch is told to use.
    pub(super) fn follow(&mut self) {
        let replacements = self.enabled.replacements.clone();
        for replacement in &replacements {
            let Replacement { object, name, position, .. } = replacement;
            if let Some(spot) = self.running.at_position(object, name, *position) {
                self.replaced.insert(spot);
            } else {
                let what = format!("{object} has no function at position {position}");
                self.find("", name, Fault::Livepatch, what);
            }
        }
        for replacement in &replacements {
            self.replacement(replacement);
        }
        for callback in self.enabled.callbacks.clone() {
            self.callback(callback);
        }
        loop {
            while let Some((piece, at)) = self.waiting.pop() {
                self.compare(piece, at);
            }
            self.entries();
            self.registered();
            if self.waiting.is_empty() {
                break;
            }
        }
        self.static_call_sites();
        self.beside_in_module();
    }

    /// What replaces a function must be its patched version.
    fn replacement(&mut self, replacement: &Replacement) {
        let Replacement { object, name, position, by } = replacement;
        // That there is none has been told.
        let Some(spot) = self.running.at_position(object, name, *position) else { return };
        let mut found = None;
        for (source, number) in self.sources.with_ids() {
            if source.image == Some(spot.image) {
                found = found.or_else(|| Some((number, source.patched_at(spot)?)));
            }
        }
        // A weak one gives way to the strong one that the patch has elsewhere.
        let found = found.filter(|(number, index)| {
            let symbol = self.sources[*number].patched.symbol(*index);
            let gives_way = |name| self.strong(Some(spot.image), name).is_some();
            !(symbol.weak && !symbol.local && gives_way(symbol.name))
        });
        // A function that goes to another object is known by its global name.
        let found = found.or_else(|| {
            let strong = self.strong(Some(spot.image), name.as_bytes())?;
            (self.running.global(spot.image, name.as_bytes()) == Some(spot)).then_some(strong)
        });
        let Some((number, symbol)) = found else {
            let what = "no patched object has another version of the function at this position";
            self.find("", name, Fault::Reference, what);
            return;
        };
        let piece = self.function(number, symbol).and_then(|(extent, value)| {
            Some((extent, by.offset.checked_sub(value.saturating_sub(extent.start))?))
        });
        let Some((extent, start)) = piece else {
            let what = "nothing tells how long its patched version is, or where it starts";
            return self.find("", name, Fault::Content, what);
        };
        self.new_functions.insert((number, extent));
        self.copy((number, extent), by.section.at(start));
    }

    fn callback(&mut self, at: Place) {
        if self.seals(at) {
            let what =
                "the kernel calls it by its address, and the module seals it (.ibt_endbr_seal)";
            self.find("", "callback", Fault::Table, what);
        }
        let symbols = self.module.elf.symbols.iter();
        let name = symbols.clone().find(|symbol| {
            symbol.place == Definition::Section(at.section)
                && symbol.value == at.offset
                && symbol.kind == SymbolKind::Function
        });
        let name = name.map(|symbol| symbol.name).unwrap_or_default();
        let found = self
            .sources
            .with_ids()
            .find_map(|(source, number)| Some((number, *source.patched.named(name).first()?)));
        let piece = found.and_then(|(number, symbol)| {
            let (extent, value) = self.function(number, symbol)?;
            Some((number, extent, at.offset.checked_sub(value.saturating_sub(extent.start))?))
        });
        match piece {
            Some((number, extent, start)) => self.copy((number, extent), at.section.at(start)),
            None => self.find("", "callback", Fault::Content, "it is in no patched object"),
        }
    }

    /// Whether the module has the kernel take away how a function of it is called by its address.
    fn seals(&self, at: Place) -> bool {
        let seals = self.module.elf.sections.iter().filter(|section| section.name == SEALS);
        let sealed = seals.flat_map(|section| section.relocs.iter());
        sealed
            .filter_map(|reloc| self.module.place(SymbolOffset::of(&reloc, FieldUse::default())))
            .any(|place| place == (at.section, at.offset.cast_signed()))
    }

    /// The piece of a function, and where it starts in its section.
    fn function(&self, number: JudgedId, symbol: SymbolId) -> Option<(SectionExtent, u64)> {
        let view = &self.sources[number].patched;
        let symbol = view.symbol(symbol);
        let Definition::Section(section) = symbol.place else { return None };
        Some((view.extent(section, symbol.value)?, symbol.value))
    }

    /// Notes that the module has `piece` at `at`, to be compared.
    pub(super) fn copy(&mut self, piece: ObjectExtent, at: Place) {
        if !self.copies.entry(piece).or_default().insert(at) {
            return;
        }
        self.waiting.push((piece, at));
        let Some((kind, distance)) = self.type_of(piece) else { return };
        if let Some(start) = at.offset.checked_sub(distance) {
            self.copy(kind, at.section.at(start));
        } else {
            let name = describe(&self.module, at.section, at.offset);
            let what = "the type that its callers compare is not in front of it";
            self.find("", name, Fault::Missing, what);
        }
    }

    /// The type in front of a function, which its callers compare (kCFI), and how far in front it is.
    fn type_of(&self, (number, extent): ObjectExtent) -> Option<(ObjectExtent, u64)> {
        let view = &self.sources[number].patched;
        let name = [origin::TYPE, view.symbol(view.symbol_of(extent)?).name].concat();
        let here = view.named(&name).iter().map(|index| view.symbol(*index));
        let here = here.filter(|symbol| symbol.place == Definition::Section(extent.section));
        let start = here.map(|symbol| symbol.value).filter(|value| *value < extent.start).max()?;
        let kind = view.extent(extent.section, start)?;
        Some(((number, kind), extent.start.checked_sub(kind.start)?))
    }

    /// The strong definition of a global name in a patched object of an image.
    pub(super) fn strong(
        &self,
        image: Option<ImageId>,
        name: &[u8],
    ) -> Option<(JudgedId, SymbolId)> {
        self.defined(image, name, false)
    }

    /// The weak one.
    pub(super) fn weak(&self, image: Option<ImageId>, name: &[u8]) -> Option<(JudgedId, SymbolId)> {
        self.defined(image, name, true)
    }

    fn defined(
        &self,
        image: Option<ImageId>,
        name: &[u8],
        weak: bool,
    ) -> Option<(JudgedId, SymbolId)> {
        let mut sources = self.sources.with_ids();
        sources.find_map(|(source, number)| {
            let mut symbols = source.patched.named(name).iter();
            let fits = |index: &&SymbolId| {
                let symbol = source.patched.symbol(**index);
                !symbol.local && symbol.weak == weak
            };
            let index = symbols.find(fits).filter(|_| source.image == image)?;
            Some((number, *index))
        })
    }

    /// A name for a place of a patched object, for people.
    pub(super) fn describe(&self, number: JudgedId, section: SectionId, offset: u64) -> String {
        describe(&self.sources[number].patched, section, offset)
    }

    pub(super) fn object(&self, number: JudgedId) -> &'a str {
        self.sources[number].object
    }
}

/// A name for a place, for people.
pub(super) fn describe(view: &FileView<'_>, section: SectionId, offset: u64) -> String {
    let extent = view.extents(section).iter().rfind(|extent| extent.holds(section, offset));
    let named = extent.and_then(|extent| {
        let name = view.symbol(view.symbol_of(*extent)?).name_lossy().into_owned();
        Some((name, extent.start))
    });
    let (name, start) = named.unwrap_or_else(|| {
        let name = view.section(section).name_lossy().into_owned();
        (name, 0)
    });
    match offset.saturating_sub(start) {
        0 => name,
        inside => format!("{name}+{inside:#x}"),
    }
}

impl JudgedObject<'_> {
    /// The symbols of the original that a symbol of the patched object can be.
    pub(super) fn originals(&self, symbol: SymbolId) -> Vec<SymbolId> {
        let is_whole = self.plain.is_none();
        self.original
            .as_ref()
            .map(|original| origin::same(&self.patched, symbol, original, is_whole))
            .unwrap_or_default()
    }

    /// Where the running kernel has a symbol of the original.
    pub(super) fn spot(&self, original: SymbolId) -> Option<ImagePlace> {
        let Some(plain) = &self.plain else { return self.origin.spot(original) };
        let view = self.original.as_ref()?;
        let name = view.symbol(original).name;
        let (here, there) = (view.named(name), plain.named(name));
        let number = here.iter().position(|index| *index == original)?;
        let index = (here.len() == there.len()).then(|| there.get(number)).flatten()?;
        self.origin.spot(*index)
    }

    /// Where the running kernel can have what a symbol of the patched object names.
    pub(super) fn spots(&self, symbol: SymbolId) -> Vec<ImagePlace> {
        self.originals(symbol).into_iter().filter_map(|index| self.spot(index)).collect()
    }

    /// The function of the patched object whose original is at `spot`.
    fn patched_at(&self, spot: ImagePlace) -> Option<SymbolId> {
        let original = self.original.as_ref()?;
        let here = original.names().flat_map(|(name, all)| all.iter().map(move |one| (name, *one)));
        let bases: BTreeSet<&[u8]> = here
            .filter(|(_, index)| self.spot(*index) == Some(spot))
            .map(|(name, _)| names::base(name))
            .collect();
        let mut candidates = bases.iter().flat_map(|name| self.patched.based(name)).copied();
        candidates.find(|index| self.spots(*index) == [spot])
    }

    /// The place of what a symbol names, moved by `aim`'s offset.
    pub(super) fn aimed(&self, aim: SymbolOffset) -> Option<(SectionId, i64)> {
        self.patched.place(aim)
    }
}
