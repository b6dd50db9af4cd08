//! The room between functions.

use crate::arch::{Arch, Form, Instructions as _};
use crate::slices::SliceParts as _;

/// Whether `code` is nothing but what fills the room between functions: no-ops, zeros and traps, and
/// the jump over the rest that an assembler starts a wide gap with.
pub(super) fn is_filler<A: Arch>(code: &[u8]) -> bool {
    let mut rest = code;
    let mut at = 0u64;
    loop {
        match rest {
            [] => return true,
            [byte, after @ ..] if A::fills(*byte) => {
                rest = after;
                at += 1;
            }
            _ => {
                let Some(Ok(decoded)) = A::Instructions::new(rest, at).next() else { return false };
                let fills = match decoded.form {
                    Form::Nop => true,
                    Form::Branch { call: false, target } => {
                        decoded.ends_flow && target > at && target <= code.len() as u64
                    }
                    _ => false,
                };
                if !fills {
                    return false;
                }
                rest = rest.starting(usize::from(decoded.len));
                at = at.saturating_add(u64::from(decoded.len));
            }
        }
    }
}
