//! The running kernel: what its linked image and its finished modules have where.

use std::collections::{BTreeMap, BTreeSet};

use super::AttestError;
use super::kind::MemoryKind;
use crate::elf::{SectionId, SymbolId};
use crate::ids::{Id, List};
use crate::kernel::{Kallsyms, KernelSymbol, Symvers, module_name};
use crate::module::{ModInfo, RawElf, SymbolPlace};

/// Which of the linked files.
#[derive(Debug)]
pub(super) enum Linked {}

pub(super) type ImageId = Id<Linked>;

/// The image of the kernel itself among [`RunningImages::images`].
pub(super) const VMLINUX: ImageId = ImageId::known(0);

/// A place in an image: an address of vmlinux, or an offset in a section of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ImagePlace {
    pub(super) image: ImageId,
    /// None in vmlinux.
    pub(super) section: Option<SectionId>,
    pub(super) value: u64,
}

impl ImagePlace {
    pub(super) fn plus(self, offset: i64) -> Self {
        Self { value: self.value.wrapping_add_signed(offset), ..self }
    }
}

/// Local symbols behind one FILE symbol.
#[derive(Debug)]
pub(super) struct FileGroup<'a> {
    pub(super) file: &'a [u8],
    pub(super) symbols: Vec<SymbolId>,
}

/// A linked file.
#[derive(Debug)]
pub(super) struct Image<'a> {
    /// `vmlinux`, or the path of a module without suffix.
    pub(super) linked: String,
    pub(super) elf: RawElf<'a>,
    pub(super) listed: Kallsyms,
    pub(super) groups: Vec<FileGroup<'a>>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct RunningImages<'a> {
    pub(super) images: List<ImageId, Image<'a>>,
    pub(super) symvers: &'a Symvers,
    ranges: Vec<(u64, u64, MemoryKind)>,
}

const OBJECT: u8 = 1;
const FUNCTION: u8 = 2;
const SECTION: u8 = 3;
const FILE: u8 = 4;
const LOCAL: u8 = 0;
/// `STB_GLOBAL`.
const STRONG: u8 = 1;

impl<'a> RunningImages<'a> {
    pub(super) fn of(
        vmlinux: &'a [u8],
        modules: &BTreeMap<String, &'a [u8]>,
        symvers: &'a Symvers,
    ) -> Result<Self, AttestError> {
        let failed = |linked: &str| {
            let object = linked.to_owned();
            move |source| AttestError::Kernel { object, source }
        };
        let elf = RawElf::parse(vmlinux).map_err(|error| failed("vmlinux")(error.into()))?;
        let listed = Kallsyms::of_vmlinux(&elf).map_err(failed("vmlinux"))?;
        let ranges = ranges(&listed);
        let mut images = List::from(vec![Image::new("vmlinux".to_owned(), elf, listed)]);
        for (linked, bytes) in modules {
            let elf = RawElf::parse(bytes).map_err(|error| failed(linked)(error.into()))?;
            let listed = Kallsyms::of_module(&elf);
            images.push(Image::new(linked.clone(), elf, listed));
        }
        Ok(Self { images, symvers, ranges })
    }

    pub(super) fn image(&self, image: ImageId) -> &Image<'a> {
        &self.images[image]
    }

    /// The image of that path, or of a module of that name.
    pub(super) fn find(&self, linked: &str) -> Option<ImageId> {
        let same = |image: &Image<'_>| {
            image.linked == linked || module_name(&image.linked) == module_name(linked)
        };
        self.images.with_ids().find(|(image, _)| same(image)).map(|(_, id)| id)
    }

    /// Whether a module is loaded only after another one.
    pub(super) fn needs(&self, module: &str, other: &str) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![module.to_owned()]);
        while let Some(name) = open.pop() {
            let image = self.find(&name).map(|id| self.image(id));
            if let Some(image) = image.filter(|_| seen.insert(name)) {
                open.extend(ModInfo::of(&image.elf).depends());
            }
        }
        module != other && seen.contains(other)
    }

    /// What livepatch takes for the symbol at `position`, where that is clear.
    pub(super) fn at_position(
        &self,
        object: &str,
        name: &str,
        position: u64,
    ) -> Option<ImagePlace> {
        let image = self.find(object)?;
        let listed = self.image(image).listed.named(name.as_bytes());
        let found = match (position, listed) {
            (0, [only]) => only,
            (0, _) => return None,
            (position, all) => all.get(usize::try_from(position).ok()?.checked_sub(1)?)?,
        };
        Some(spot(image, found))
    }

    /// Whether a global name of an image is bound to a definition that is not weak: weak ones have given way to it.
    pub(super) fn has_strong(&self, image: ImageId, name: &[u8]) -> bool {
        let mut symbols = self.image(image).elf.symbols.iter();
        symbols.any(|symbol| symbol.name == name && symbol.binding == STRONG)
    }

    /// The definition of a global name in one image.
    pub(super) fn global(&self, image: ImageId, name: &[u8]) -> Option<ImagePlace> {
        let listed = self.image(image).listed.named(name);
        listed.iter().find(|listed| listed.global).map(|listed| spot(image, listed))
    }

    /// Whether something of that name is at that place.
    pub(super) fn has_at(&self, place: ImagePlace, name: &[u8]) -> bool {
        let listed = self.image(place.image).listed.named(name);
        listed.iter().any(|listed| spot(place.image, listed) == place)
    }

    /// What an object of `image` means by a global name: the image's own, else an export.
    pub(super) fn meant(&self, image: ImageId, name: &[u8]) -> Option<ImagePlace> {
        self.global(image, name).or_else(|| self.exported(name))
    }

    /// What the module loader takes for the name.
    pub(super) fn exported(&self, name: &[u8]) -> Option<ImagePlace> {
        let export = self.symvers.get(std::str::from_utf8(name).ok()?)?;
        self.global(self.find(&export.module)?, name)
    }

    /// Whether a name is that of a function or variable of the image, not of a mere address: linker scripts name
    /// the starts of what is freed.
    pub(super) fn is_thing(&self, spot: ImagePlace, name: &[u8]) -> bool {
        let image = self.image(spot.image);
        let mut listed = image.listed.named(name).iter();
        listed.any(|listed| [OBJECT, FUNCTION].contains(&image.elf.symbol(listed.number).kind))
    }

    /// What kind of memory a place is in.
    pub(super) fn kind(&self, spot: ImagePlace) -> MemoryKind {
        let image = self.image(spot.image);
        if spot.image != VMLINUX {
            // Of a number that is no address.
            let Some(section) = spot.section else { return MemoryKind::Constant };
            let section = image.elf.section(section);
            return MemoryKind::of_named(section.name, section.is_code(), section.flags & 1 != 0);
        }
        let code = image.elf.sections.iter().any(|section| {
            section.is_code()
                && section.is_allocated()
                && (section.address..section.address.saturating_add(section.size))
                    .contains(&spot.value)
        });
        let inside =
            self.ranges.iter().find(|(start, end, _)| (*start..*end).contains(&spot.value));
        match inside {
            Some((_, _, MemoryKind::FreedData)) if code => MemoryKind::FreedText,
            Some((_, _, kind)) => *kind,
            None if code => MemoryKind::Text,
            None => MemoryKind::Data,
        }
    }

    /// A name for the place, for people.
    pub(super) fn describe(&self, spot: ImagePlace) -> String {
        let image = self.image(spot.image);
        let before = image.elf.symbols.iter().filter(|symbol| {
            let placed = match symbol.place {
                SymbolPlace::Section(section) => {
                    spot.image == VMLINUX || Some(section) == spot.section
                }
                _ => false,
            };
            placed
                && symbol.value <= spot.value
                && !symbol.name.is_empty()
                && ![SECTION, FILE].contains(&symbol.kind)
        });
        let Some(symbol) = before.max_by_key(|symbol| (symbol.value, symbol.size)) else {
            return format!("{:#x} of {}", spot.value, image.linked);
        };
        match spot.value.saturating_sub(symbol.value) {
            0 => format!("{} of {}", symbol.name_lossy(), image.linked),
            inside => format!("{}+{inside:#x} of {}", symbol.name_lossy(), image.linked),
        }
    }
}

impl<'a> Image<'a> {
    fn new(linked: String, elf: RawElf<'a>, listed: Kallsyms) -> Self {
        let mut groups: Vec<FileGroup<'a>> = Vec::new();
        for (symbol, index) in elf.symbols.with_ids() {
            if symbol.kind == FILE {
                groups.push(FileGroup { file: symbol.name, symbols: Vec::new() });
            } else if symbol.binding == LOCAL
                && symbol.kind != SECTION
                && !symbol.name.is_empty()
                && matches!(symbol.place, SymbolPlace::Section(_))
                && let Some(group) = groups.last_mut()
            {
                group.symbols.push(index);
            }
        }
        Self { linked, elf, listed, groups }
    }

    /// Where a symbol of the image is.
    pub(super) fn spot_of(&self, image: ImageId, symbol: SymbolId) -> Option<ImagePlace> {
        let symbol = self.elf.symbol(symbol);
        let SymbolPlace::Section(section) = symbol.place else { return None };
        let section = (image != VMLINUX).then_some(section);
        Some(ImagePlace { image, section, value: symbol.value })
    }

    /// Local symbols of a name in the order of the table, without those that were global before the last link.
    pub(super) fn locals(&self, name: &[u8]) -> Vec<(SymbolId, u64)> {
        let listed = self.listed.named(name).iter().filter(|listed| !listed.global);
        let mut locals: Vec<(SymbolId, u64)> =
            listed.map(|listed| (listed.number, listed.size)).collect();
        locals.sort_unstable();
        locals
    }
}

fn spot(image: ImageId, listed: &KernelSymbol) -> ImagePlace {
    ImagePlace { image, section: listed.section, value: listed.value }
}

/// The parts of vmlinux that are not plain, the narrower before the wider
/// (`include/asm-generic/vmlinux.lds.h`, `include/asm-generic/sections.h`).
fn ranges(listed: &Kallsyms) -> Vec<(u64, u64, MemoryKind)> {
    let address = |name: &str| listed.named(name.as_bytes()).first().map(|listed| listed.value);
    let range = |start, end, kind| Some((address(start)?, address(end)?, kind));
    [
        range("__per_cpu_start", "__per_cpu_end", MemoryKind::PerCpu),
        range("_sinittext", "_einittext", MemoryKind::FreedText),
        range("__init_begin", "__init_end", MemoryKind::FreedData),
        range("__start_ro_after_init", "__end_ro_after_init", MemoryKind::RoAfterInit),
        range("__start_rodata", "__end_rodata", MemoryKind::Constant),
    ]
    .into_iter()
    .flatten()
    .collect()
}
