//! The finished livepatch module of small changed objects.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use klp_core::livepatch;
use klp_core::module::{RawElf, SymbolPlace};
use klp_tests::small::{SHOW, Small, for_each_compiler};

#[test]
fn the_finished_module() -> Result<()> {
    for_each_compiler("the_finished_module", |compiler| {
        let small = Small::new(compiler)?.object("a", SHOW, &SHOW.replace("before", "after"));
        let livepatch = small.livepatch(&[("a", "show")], false)?;
        let bytes = small.finished(&livepatch)?;
        let elf = RawElf::parse(&bytes)?;
        let section =
            elf.section_named(".klp.rela.vmlinux..text.show").context("no relocations")?;
        ensure!(section.is_livepatch_rela() && section.is_allocated(), "{section:?}");
        let names: BTreeSet<String> = section
            .relas()
            .filter_map(|rela| elf.symbol_of(&rela))
            .map(|symbol| symbol.name_lossy().into_owned())
            .collect();
        ensure!(names.contains(".klp.sym.vmlinux.count,0"), "{names:?}");
        ensure!(!names.contains("exported"), "{names:?}");
        for symbol in elf.symbols.iter().filter(|symbol| symbol.name.starts_with(b".klp.sym.")) {
            assert_eq!(symbol.place, SymbolPlace::Livepatch, "{}", symbol.name_lossy());
        }
        for table in
            elf.sections.iter().filter(|table| table.is_rela() && !table.is_livepatch_rela())
        {
            for rela in table.relas() {
                let symbol = elf.symbol_of(&rela).context("a relocation without symbol")?;
                ensure!(
                    symbol.place != SymbolPlace::Livepatch,
                    "{} applies it",
                    table.name_lossy()
                );
            }
        }
        ensure!(elf.sections.iter().all(|section| !section.name.starts_with(b".debug")));
        Ok(())
    })
}

#[test]
fn a_damaged_linked_module() -> Result<()> {
    for_each_compiler("a_damaged_linked_module", |compiler| {
        let small = Small::new(compiler)?.object("a", SHOW, &SHOW.replace("before", "after"));
        let livepatch = small.livepatch(&[("a", "show")], false)?;
        small.finished(&livepatch)?;
        let linked = fs_err::read(small.directory.join("module.ko"))?;
        for length in (0..linked.len()).step_by(7) {
            let cut = linked.get(..length).unwrap_or_default();
            ensure!(
                livepatch::finish(cut, &livepatch.symbols).is_err(),
                "{length} bytes are enough"
            );
        }
        // A symbol that the kernel should resolve is defined in the module itself.
        let count = livepatch.symbols.values().next().context("no symbols")?.clone();
        let own = [("show".to_owned(), count)].into_iter().collect();
        let error = livepatch::finish(&linked, &own).err().context("it is taken")?;
        ensure!(error.to_string().contains("defines show"), "{error}");
        Ok(())
    })
}
