//! The parts of a source in Rust: functions, macros, types, constants and statics.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Field, Ident, ImplItemConst, ImplItemFn, ItemConst, ItemEnum, ItemFn, ItemMacro, ItemStatic,
    ItemStruct,
};
use syn::{ItemTrait, ItemType, ItemUnion, TraitItemFn, Variant};

use super::blocks::{Block, BlockKind, Blocks};

/// Those of `source`; none where it cannot be parsed, as where it uses what is not stable.
pub(super) fn blocks(source: &[u8]) -> Blocks {
    let text = String::from_utf8_lossy(source);
    let lines = text.lines().map(code).map(str::to_owned).collect();
    let mut items = Items::default();
    if let Ok(file) = syn::parse_file(&text) {
        items.visit_file(&file);
    }
    Blocks { lines, blocks: items.blocks }
}

/// A line without a comment that is all of it.
fn code(line: &str) -> &str {
    if line.trim_start().starts_with("//") { "" } else { line }
}

/// What is found, the inner ones first.
#[derive(Default)]
struct Items {
    blocks: Vec<Block>,
    /// The type whose parts are visited.
    types: Vec<String>,
}

impl Items {
    fn push(&mut self, kind: BlockKind, names: Vec<String>, item: &impl Spanned) {
        let span = item.span();
        let (first, last) = (span.start().line, span.end().line);
        self.blocks.push(Block { kind, names, first, last });
    }

    fn named(&mut self, kind: BlockKind, name: &Ident, item: &impl Spanned) {
        self.push(kind, vec![name.to_string()], item);
    }

    /// A type, behind its parts.
    fn typed<T: Spanned>(&mut self, name: &Ident, item: &T, parts: impl FnOnce(&mut Self, &T)) {
        self.types.push(name.to_string());
        parts(self, item);
        self.types.pop();
        self.named(BlockKind::Type, name, item);
    }

    /// A part of a type: who uses it need not name the type.
    fn part(&mut self, name: Option<&Ident>, item: &impl Spanned) {
        let names = self.types.last().cloned().into_iter().chain(name.map(ToString::to_string));
        self.push(BlockKind::Type, names.collect(), item);
    }
}

impl<'ast> Visit<'ast> for Items {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        visit::visit_item_fn(self, item);
        self.named(BlockKind::Function, &item.sig.ident, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        visit::visit_impl_item_fn(self, item);
        self.named(BlockKind::Function, &item.sig.ident, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        visit::visit_trait_item_fn(self, item);
        let kind =
            if item.default.is_some() { BlockKind::Function } else { BlockKind::Declaration };
        self.named(kind, &item.sig.ident, item);
    }

    fn visit_item_const(&mut self, item: &'ast ItemConst) {
        self.named(BlockKind::Data, &item.ident, item);
    }

    fn visit_impl_item_const(&mut self, item: &'ast ImplItemConst) {
        self.named(BlockKind::Data, &item.ident, item);
    }

    fn visit_item_static(&mut self, item: &'ast ItemStatic) {
        self.named(BlockKind::Data, &item.ident, item);
    }

    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        if let Some(name) = &item.ident {
            self.named(BlockKind::Macro, name, item);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        self.typed(&item.ident, item, |items, item| visit::visit_item_struct(items, item));
    }

    fn visit_item_union(&mut self, item: &'ast ItemUnion) {
        self.typed(&item.ident, item, |items, item| visit::visit_item_union(items, item));
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        self.typed(&item.ident, item, |items, item| visit::visit_item_enum(items, item));
    }

    fn visit_item_type(&mut self, item: &'ast ItemType) {
        self.named(BlockKind::Type, &item.ident, item);
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        visit::visit_item_trait(self, item);
        self.named(BlockKind::Type, &item.ident, item);
    }

    fn visit_field(&mut self, field: &'ast Field) {
        self.part(field.ident.as_ref(), field);
    }

    fn visit_variant(&mut self, variant: &'ast Variant) {
        self.part(Some(&variant.ident), variant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
// A comment.
const TABLE: [u32; 2] = [
    1,
    2,
];
struct Device {
    /// Its text.
    text: Mutex<KVVec<u8>>,
}
enum State { On, Off }
impl Device {
    #[inline]
    fn open(&self) -> u32 {
        fn inner() -> u32 { 7 }
        inner()
    }
}
macro_rules! twice { ($x:expr) => { $x * 2 } }
";

    #[test]
    fn parts_of_a_source() {
        let blocks = blocks(SOURCE.as_bytes());
        let at = |line| {
            let block = blocks.at(line)?;
            Some((block.kind, block.names.join(" ")))
        };
        assert_eq!(at(1), None);
        assert!(blocks.is_blank(&[1]));
        assert_eq!(at(4), Some((BlockKind::Data, "TABLE".to_owned())));
        assert_eq!(at(6), Some((BlockKind::Type, "Device".to_owned())));
        assert_eq!(at(8), Some((BlockKind::Type, "Device text".to_owned())));
        assert_eq!(at(10), Some((BlockKind::Type, "State On".to_owned())));
        assert_eq!(at(12), Some((BlockKind::Function, "open".to_owned())));
        assert_eq!(at(14), Some((BlockKind::Function, "inner".to_owned())));
        assert_eq!(at(18), Some((BlockKind::Macro, "twice".to_owned())));
        assert!(super::blocks(b"fn broken( {").blocks.is_empty());
    }
}
