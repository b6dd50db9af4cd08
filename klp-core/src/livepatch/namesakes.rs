//! Functions that share an address: GCC and LLVM make one function of equal ones. Livepatch replaces what is at the
//! address, so all of its names have to become the same. LLVM leaves none of a local one: then it is new with the patch.

use crate::demangle::spoken;
use crate::layout::FunctionId;
use crate::name::{self, Stability};

use super::source::{CorrelatedObject, Fate};

/// A name of the function that `number` replaces and that means another one with the patch, and why nothing is replaced.
pub(super) fn unlike(
    source: &CorrelatedObject<'_>,
    number: FunctionId,
) -> Option<(String, String)> {
    let (name, other) = named(source, number).or_else(|| unnamed(source, number))?;
    let why = format!(
        "it shares its address with {} in the kernel, and with the patch they are two functions: replacing one \
         replaces both",
        spoken(&other)
    );
    Some((name, why))
}

/// The function and another one, whose name the kernel has at the same address.
fn named(source: &CorrelatedObject<'_>, number: FunctionId) -> Option<(String, String)> {
    let original = source.original_of(number)?;
    let running = source.running()?;
    let found = source.running_function(original)?;
    let own = source.patched.record(number);
    let origin = source.patched.manifest.origin(own.origin);
    let names = running.symbols_of(found).map(|(_, symbol)| symbol.name_lossy());
    let mut others = names.filter(|name| !own.names().any(|own| own == *name));
    let other = others.find(|name| {
        let functions = source.patched.manifest.functions.with_ids();
        let mut functions = functions.filter(|(_, id)| *id != number);
        functions.any(|(function, _)| {
            source.patched.manifest.origin(function.origin) == origin
                && function.names().any(|other| may_be(other, name))
        })
    })?;
    Some((source.name_of(number), other.into_owned()))
}

/// The function and one of Rust that is new with the patch and does what this one did: what the kernel has made of it
/// since its start, such as objects behind `dyn`, may lead to this one.
fn unnamed(source: &CorrelatedObject<'_>, number: FunctionId) -> Option<(String, String)> {
    let original = source.original_of(number)?;
    let before = source.original.as_ref()?.record(original);
    let functions = source.patched.manifest.functions.iter().zip(&source.fates);
    let mut new = functions.filter(|(function, fate)| {
        **fate == Some(Fate::Added)
            && function.checksum == before.checksum
            && function.names().any(|name| name::is_rust(name.as_bytes()))
    });
    let (function, _) = new.next()?;
    Some((source.name_of(number), function.names().next()?.to_owned()))
}

/// Whether a name of the patched object can be that of the original: compilers number some, and others anew each time.
fn may_be(patched: &str, original: &str) -> bool {
    let (patched, original) = (patched.as_bytes(), original.as_bytes());
    patched == original
        || name::stability(original, true) == Stability::Numbered
            && name::base(patched) == name::base(original)
}
