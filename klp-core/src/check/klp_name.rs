//! The names that livepatch reads: `.klp.sym.OBJECT.NAME,POSITION` and `.klp.rela.OBJECT.SECTION`
//! (`klp_resolve_symbols` and `klp_write_section_relocs` in kernel/livepatch/core.c).

/// `MODULE_NAME_LEN - 1`: longer names are cut off by the kernel's format string.
const LONGEST_OBJECT: usize = 55;
/// `KSYM_NAME_LEN - 1`.
const LONGEST_SYMBOL: usize = 511;

const SYMBOL: &str = ".klp.sym.";
const SECTION: &str = ".klp.rela.";

/// What the name of a livepatch symbol says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SymbolName<'a> {
    pub(super) object: &'a str,
    pub(super) name: &'a str,
    pub(super) position: u64,
}

/// What the name of a livepatch relocation section says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SectionName<'a> {
    pub(super) object: &'a str,
    pub(super) section: &'a str,
}

/// Whether a section claims to be one of livepatch relocations.
pub(super) fn is_section(name: &[u8]) -> bool {
    name.starts_with(SECTION.as_bytes())
}

pub(super) fn symbol(name: &[u8]) -> Result<SymbolName<'_>, &'static str> {
    let text = std::str::from_utf8(name).map_err(|_| "its name is not UTF-8")?;
    let rest = text.strip_prefix(SYMBOL).ok_or("its name does not start with .klp.sym.")?;
    let (object, rest) = rest.split_once('.').ok_or("its name has no object and symbol")?;
    let (name, position) = rest.split_once(',').ok_or("its name has no position")?;
    object_fits(object)?;
    if name.is_empty() || name.len() > LONGEST_SYMBOL {
        return Err("the symbol in its name has not between 1 and 511 bytes");
    }
    if !position.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("its position is not a number");
    }
    let position = position.parse().map_err(|_| "its position is not a number")?;
    Ok(SymbolName { object, name, position })
}

pub(super) fn section(name: &[u8]) -> Result<SectionName<'_>, &'static str> {
    let text = std::str::from_utf8(name).map_err(|_| "its name is not UTF-8")?;
    let rest = text.strip_prefix(SECTION).ok_or("its name does not start with .klp.rela.")?;
    let (object, section) = rest.split_once('.').ok_or("its name has no object and section")?;
    object_fits(object)?;
    Ok(SectionName { object, section })
}

fn object_fits(object: &str) -> Result<(), &'static str> {
    match object.len() {
        1..=LONGEST_OBJECT => Ok(()),
        _ => Err("the object in its name has not between 1 and 55 bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let found = symbol(b".klp.sym.vmlinux.foo.isra.0,2").unwrap();
        assert_eq!((found.object, found.name, found.position), ("vmlinux", "foo.isra.0", 2));
        assert!(symbol(b".klp.sym.vmlinux.foo").is_err());
        assert!(symbol(b".klp.sym.vmlinux.foo,-1").is_err());
        assert!(symbol(b".klp.sym..foo,1").is_err());
        assert!(symbol(format!(".klp.sym.{}.f,0", "m".repeat(56)).as_bytes()).is_err());
        assert!(symbol(format!(".klp.sym.m.{},0", "f".repeat(512)).as_bytes()).is_err());
        assert!(symbol(format!(".klp.sym.m.{},0", "f".repeat(511)).as_bytes()).is_ok());
        let found = section(b".klp.rela.ext4..text.foo").unwrap();
        assert_eq!((found.object, found.section), ("ext4", ".text.foo"));
        let found = section(b".klp.rela.vmlinux.__bug_table").unwrap();
        assert_eq!((found.object, found.section), ("vmlinux", "__bug_table"));
    }
}
