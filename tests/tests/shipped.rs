//! The proof that objects are what a kernel or a module was linked from: right ones are proven, and whatever
//! differs is found.

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use klp_core::image::proof::{ShippedImage, ShippedProof, prove};
use klp_core::module::RawElf;
use klp_core::packed::unpacked;
use klp_tests::kernel::temporary;
use klp_tests::tools::{have, tool};
use tempfile::TempDir;

/// A file of a kernel, with all kinds of references.
const FILE: &str = r#"
extern int other(int n);
extern int shared;
int counter = 5;
static int hidden[4] = { 1, 2, 3, 4 };
static const int table[] = { 3, 1, 4, 1, 5, 9, 2, 6 };
int (*const calls[])(int) = { other };
const char *text(void) { return "a message"; }
static __attribute__((noinline)) int twice(int n) { asm volatile("" : "+r" (n)); return 2 * n; }
int show(int n) { return twice(table[n & 7] + hidden[n & 3]) + shared++ + other(n) + counter; }
int wide(int n) { return calls[0](n) + (text() != 0); }
"#;

/// Another file, which has names in common with the first.
const OTHER: &str = r#"
int shared = 1;
static const int table[] = { 2, 7 };
static __attribute__((noinline)) int twice(int n) { asm volatile("" : "+r" (n)); return n + n + 1; }
int other(int n) { return twice(table[n & 1]); }
const char *also(void) { return "a message"; }
asm(".globl _stext; _stext: ret");
"#;

struct Shop {
    directory: Utf8PathBuf,
    _guard: TempDir,
}

impl Shop {
    fn new() -> Result<Self> {
        let (guard, directory) = temporary()?;
        let shop = Self { directory, _guard: guard };
        shop.compile("other", OTHER)?;
        Ok(shop)
    }

    fn compile(&self, name: &str, text: &str) -> Result<Utf8PathBuf> {
        let source = self.directory.join(format!("{name}.c"));
        let object = self.directory.join(format!("{name}.o"));
        fs_err::write(&source, text)?;
        let flags = [
            "-O2",
            "-fno-pie",
            "-mcmodel=kernel",
            "-fno-asynchronous-unwind-tables",
            "-fcf-protection=none",
        ];
        let paths = ["-c", "-o", object.as_str(), source.as_str()];
        tool("gcc", flags.iter().chain(&paths))?;
        Ok(object)
    }

    /// What the object of `shipped` is linked into, as the whole kernel or as a module.
    fn link(&self, shipped: &str, as_module: bool) -> Result<Vec<u8>> {
        let object = self.compile("shipped", shipped)?;
        let (other, linked) = (self.directory.join("other.o"), self.directory.join("linked"));
        let how: &[&str] =
            if as_module { &["-r"] } else { &["-Ttext=0xffffffff81000000", "-e", "_stext"] };
        let files = ["-o", linked.as_str(), other.as_str(), object.as_str()];
        tool("ld", how.iter().chain(&files))?;
        Ok(fs_err::read(linked)?)
    }

    /// The proof of `ours` against a kernel or module with `shipped`.
    fn proof(&self, ours: &str, shipped: &str, as_module: bool) -> Result<ShippedProof> {
        let linked = self.link(shipped, as_module)?;
        let object = self.compile("ours", ours)?;
        proof_of(&object, &linked)
    }
}

fn proof_of(object: &Utf8Path, linked: &[u8]) -> Result<ShippedProof> {
    let elf = RawElf::parse(linked)?;
    Ok(prove(&fs_err::read(object)?, &ShippedImage::of(&elf))?)
}

fn names(proof: &ShippedProof) -> Vec<&str> {
    let different = proof.different.iter().chain(&proof.different_data);
    different.map(|it| it.name.as_str()).collect()
}

#[test]
fn what_was_shipped_is_proven() -> Result<()> {
    let shop = Shop::new()?;
    for as_module in [false, true] {
        let proof = shop.proof(FILE, FILE, as_module)?;
        assert_eq!((proof.functions, names(&proof)), (4, vec![]), "module: {as_module}");
        assert!(proof.data >= 4, "{proof:?}");
    }
    Ok(())
}

#[test]
fn whatever_differs_is_found_where_it_is() -> Result<()> {
    let shop = Shop::new()?;
    let edits: &[(&str, &str, &[&str])] = &[
        ("2 * n", "3 * n", &["twice"]),
        ("\"a message\"", "\"a massage\"", &["text"]),
        ("{ 3, 1, 4, 1, 5, 9, 2, 6 }", "{ 3, 1, 4, 1, 5, 9, 2, 7 }", &["table"]),
        ("{ 1, 2, 3, 4 }", "{ 1, 2, 3, 5 }", &["hidden"]),
        ("counter = 5", "counter = 6", &["counter"]),
        ("{ other }", "{ wide }", &["calls"]),
        ("+ other(n) +", "+ also2(n) +", &["show"]),
        ("shared++", "counter++", &["show"]),
    ];
    let extra = "extern int also2(int n) __asm__(\"also\");\nint wide(int n);\n";
    for (was, is, expected) in edits {
        for as_module in [false, true] {
            let ours = format!("{extra}{FILE}");
            let shipped = ours.replacen(was, is, 1);
            assert_ne!(ours, shipped);
            let proof = shop.proof(&ours, &shipped, as_module)?;
            let found = names(&proof);
            for name in *expected {
                assert!(found.contains(name), "{was} -> {is}, module {as_module}: {proof:?}");
            }
        }
    }
    Ok(())
}

/// Where objtool turns a call into a NOP, a relocation stays that does nothing.
#[test]
fn a_relocation_that_does_nothing_is_none() -> Result<()> {
    let nothing = "int quiet(int n) { asm volatile(\".reloc . + 1, R_X86_64_NONE, other\\n nopl 0(%rax,%rax,1)\"); return n + 7; }\n";
    let shop = Shop::new()?;
    for as_module in [false, true] {
        let source = format!("{FILE}{nothing}");
        let proof = shop.proof(&source, &source, as_module)?;
        assert_eq!((proof.functions, names(&proof)), (5, vec![]), "module: {as_module}");
        let other = source.replace("n + 7", "n + 8");
        assert_eq!(names(&shop.proof(&source, &other, as_module)?), ["quiet"]);
    }
    Ok(())
}

/// Code that works with the byte behind a string, as zstd's does.
#[test]
fn a_reference_to_the_end_of_a_string_is_followed() -> Result<()> {
    let shop = Shop::new()?;
    let text =
        "const char *end(void) { return &\" \"[2]; }\nconst char *b(void) { return \"b\"; }\n";
    for as_module in [false, true] {
        assert!(names(&shop.proof(text, text, as_module)?).is_empty(), "module: {as_module}");
        for (was, is) in [("\" \"", "\"-\""), ("[2]", "[1]")] {
            let other = text.replacen(was, is, 1);
            let proof = shop.proof(text, &other, as_module)?;
            assert_eq!(names(&proof), ["end"], "{was} -> {is}, module: {as_module}");
        }
    }
    Ok(())
}

/// Code with an entry in each table about code. The kernel's table of exceptions is sorted, so its second entry goes first.
/// Those of alternatives have 14 bytes, as from Linux 6.4 on, so that only every other one is at a multiple of four.
const ENTRIES: &str = r#"
extern int other(int n);
int key = 1, key2 = 2;
#define ENTRY(table, entry) ".pushsection " table ",\"aw\"\n" entry "\n.popsection\n"
int early(int n) { asm volatile("1: ud2\n" ENTRY("__bug_table", ".long 1b - ., 0\n.short 4, 1")); return n; }
int warns(int n) { asm volatile("1: ud2\n" ENTRY("__bug_table", ".long 1b - .\n.long name - .\n.short 12, 3")); return n; }
int branch(int n) { asm volatile("1: nopl 0(%rax,%rax,1)\n2:\n" ENTRY("__jump_table", ".long 1b - ., 2b - .\n.quad key - .")); return n; }
int calls(int n) { asm volatile("1: call other\n" ENTRY(".static_call_sites", ".long 1b - ., key - .")); return n; }
int chooses(int n) { asm volatile("1: nopl (%rax)\n" ENTRY(".altinstructions", ".long 1b - ., 2f - .\n.short 7, 0\n.byte 3, 3")
	".pushsection .altinstr_replacement,\"ax\"\n2: lfence\n.popsection"); return n; }
int faults(int n) { asm volatile("1: mov (%rdi), %eax\n2:\n" ENTRY("__ex_table", ".balign 4\n.long 1b - ., 2b - ., 3")); return n; }
asm(".section .rodata.str1.1,\"aMS\",@progbits,1\nname: .string \"file.c\"\n.text");
"#;

/// Entries of another file stand in front.
#[test]
fn what_tables_say_of_code_is_compared() -> Result<()> {
    let shop = Shop::new()?;
    let before = ENTRIES
        .replace("extern int other(int n);", "")
        .replace("int key = 1, key2 = 2;", "extern int key;")
        .replace("(int n) { asm", "_before(int n) { asm");
    shop.compile("other", &format!("{OTHER}{before}"))?;
    let edits: &[(&str, &str, &str)] = &[
        (".short 12, 3", ".short 12, 2", "warns"),
        (".short 12, 3", ".short 13, 3", "warns"),
        ("\"file.c\\", "\"tile.c\\", "warns"),
        (".quad key - .", ".quad key2 - .", "branch"),
        (".quad key - .", ".quad key - . + 1", "branch"),
        (".long 1b - ., key - .", ".long 1b - ., key2 - .", "calls"),
        (".short 7", ".short 8", "chooses"),
        ("2: lfence", "2: mfence", "chooses"),
        (".long 1b - ., 2b - ., 3", ".long 1b - ., 2b - ., 4", "faults"),
        (".long 1b - ., 2b - ., 3", ".long 1b - ., 1b - ., 3", "faults"),
        (
            "ENTRY(\"__bug_table\", \".long 1b - .\\n",
            "ENTRY(\"__nothing\", \".long 1b - .\\n",
            "warns",
        ),
    ];
    for as_module in [false, true] {
        let proof = shop.proof(ENTRIES, ENTRIES, as_module)?;
        assert_eq!((proof.functions, names(&proof)), (6, vec![]), "module: {as_module}: {proof:?}");
        for (was, is, expected) in edits {
            let other = ENTRIES.replacen(was, is, 1);
            assert_ne!(ENTRIES, other, "{was}");
            let proof = shop.proof(ENTRIES, &other, as_module)?;
            let found = names(&proof);
            assert!(found.contains(expected), "{was} -> {is}, module {as_module}: {proof:?}");
            // What is behind an entry that is not there is elsewhere.
            assert!(found.len() == 1 || is.contains("nothing"), "{was} -> {is}: {proof:?}");
        }
    }
    Ok(())
}

/// Where nothing tells where a table of the kernel is, its entries are not taken for equal.
#[test]
fn entries_of_a_table_that_is_nowhere_are_not_proven() -> Result<()> {
    let shop = Shop::new()?;
    for as_module in [false, true] {
        shop.link(ENTRIES, as_module)?;
        let (linked, other) = (shop.directory.join("linked"), shop.directory.join("renamed"));
        let rename = "--rename-section=__jump_table=.nobody_knows";
        tool("objcopy", [rename, linked.as_str(), other.as_str()])?;
        let proof = proof_of(&shop.compile("ours", ENTRIES)?, &fs_err::read(other)?)?;
        assert_eq!(names(&proof), ["branch"], "module: {as_module}");
        let why = &proof.different[0].why;
        assert!(why.contains("nothing tells where the table is"), "{why}");
    }
    Ok(())
}

/// The last link sorts exceptions by address.
#[test]
fn exceptions_are_found_in_another_order() -> Result<()> {
    let shop = Shop::new()?;
    let second =
        ENTRIES.replace("int faults(", "int second(").replace(", 2b - ., 3", ", 1b - ., 5");
    let second = second.lines().find(|line| line.starts_with("int second")).unwrap_or_default();
    let source = format!("{ENTRIES}{second}\n");
    let mut linked = shop.link(&source, false)?;
    let elf = RawElf::parse(&linked)?;
    let table = elf.section_named("__ex_table").expect("a table");
    assert_eq!(table.data.len(), 24);
    let at = linked.windows(24).position(|bytes| bytes == table.data).expect("its bytes");
    let field = |bytes: &[u8], by: i32| {
        let distance = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        (distance + by).to_le_bytes()
    };
    let moved = |entry: &[u8], by: i32| {
        [&field(&entry[..4], by)[..], &field(&entry[4..8], by), &entry[8..12]].concat()
    };
    let sorted = [moved(&table.data[12..], 12), moved(&table.data[..12], -12)].concat();
    linked[at..at + 24].copy_from_slice(&sorted);
    let object = shop.compile("ours", &source)?;
    assert_eq!(names(&proof_of(&object, &linked)?), Vec::<&str>::new());
    linked[at + 8] ^= 1;
    assert_eq!(names(&proof_of(&object, &linked)?), ["second"]);
    Ok(())
}

#[test]
fn every_flipped_byte_of_code_is_found() -> Result<()> {
    let shop = Shop::new()?;
    let linked = shop.link(FILE, false)?;
    let object = shop.compile("ours", FILE)?;
    let elf = RawElf::parse(&linked)?;
    let symbol = elf.symbols.iter().find(|symbol| symbol.name == b"show").expect("show");
    let text = elf.section_named(".text").expect(".text");
    let start = usize::try_from(symbol.value - text.address)?;
    let bytes = &text.data[start..start + usize::try_from(symbol.size)?];
    let offset = linked.windows(bytes.len()).position(|window| window == bytes).expect("its bytes");
    for at in 0..bytes.len() {
        let mut damaged = linked.clone();
        damaged[offset + at] ^= 0x11;
        let found = proof_of(&object, &damaged)?;
        assert!(names(&found).contains(&"show"), "byte {at}: {found:?}");
    }
    Ok(())
}

/// Whoever is refused is told where to look.
#[test]
fn the_first_byte_that_differs_is_named_with_its_section() -> Result<()> {
    let shop = Shop::new()?;
    let ours = "int before(int n) { return n; }\nint show(int n) { return n ^ 0x11223344; }\n";
    let shipped = ours.replace("0x11223344", "0x11223355");
    let proof = shop.proof(ours, &shipped, false)?;
    assert_eq!(names(&proof), ["show"]);
    let different = &proof.different[0];
    let object = fs_err::read(shop.directory.join("ours.o"))?;
    let elf = RawElf::parse(&object)?;
    let symbol = elf.symbols.iter().find(|symbol| symbol.name == b"show").expect("show");
    let text = elf.section_named(".text").expect(".text");
    let constant = [0x44, 0x33, 0x22, 0x11];
    let at = text.data.windows(4).position(|bytes| bytes == constant).expect("the constant");
    let inside = at as u64 - symbol.value;
    assert!(inside > 0);
    let expected = format!("44 here, 55 there at +{inside:#x} (.text+{at:#x})");
    assert_eq!(different.text(), expected);
    Ok(())
}

#[test]
fn an_object_of_another_kernel_is_not_found() -> Result<()> {
    let shop = Shop::new()?;
    let stranger = "int stranger(int n) { return n ^ 42; }\n";
    let proof = shop.proof(stranger, FILE, false)?;
    assert_eq!(names(&proof), ["stranger"]);
    assert_eq!(proof.different[0].offset, None);
    Ok(())
}

#[test]
fn packed_files_are_read() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let text = b"what was packed\n".repeat(1000);
    for program in ["gzip", "xz", "bzip2", "lzma", "zstd", "lz4"] {
        let path = directory.join(program);
        fs_err::write(&path, &text)?;
        let packed = directory.join("packed");
        let legacy: &[&str] = if program == "lz4" { &["-l"] } else { &[] };
        let command = format!("{program} {} -c < {path} > {packed}", legacy.join(" "));
        if !have("packed_files_are_read", &[program]) {
            continue;
        }
        tool("sh", ["-c", &command])?;
        let bytes = fs_err::read(&packed)?;
        assert_eq!(unpacked(&bytes)?.as_ref(), text, "{program}");
        assert!(unpacked(&bytes[..bytes.len() / 2]).is_err(), "half of {program}");
    }
    assert_eq!(unpacked(b"plain")?.as_ref(), b"plain");
    Ok(())
}

/// Strings that code finds by their distance: each letter counts, the first ones too.
#[test]
fn strings_that_are_near_are_compared_from_their_start() -> Result<()> {
    let near = |load: &str, name: &str, text: &str| {
        format!(
            "const char *{name}(void) {{ const char *s; asm volatile(\"{load}\\n\
             .pushsection .rodata.str1.1,\\\"aMS\\\",@progbits,1\\n1: .string \\\"{text}\\\"\\n.popsection\" \
             : \"=r\" (s)); return s; }}\n"
        )
    };
    let shop = Shop::new()?;
    for load in ["lea 1f(%%rip), %0", "cmpb $7, 1f(%%rip)\\nmov %%rsp, %0"] {
        let ours = near(load, "near", "string of letters");
        for as_module in [false, true] {
            assert!(names(&shop.proof(&ours, &ours, as_module)?).is_empty(), "module: {as_module}");
            for other in ["String of letters", "strinG of letters", "strings of letters"] {
                let shipped = near(load, "near", other);
                let proof = shop.proof(&ours, &shipped, as_module)?;
                assert_eq!(names(&proof), ["near"], "{load}, {other}, module: {as_module}");
            }
        }
    }
    Ok(())
}
