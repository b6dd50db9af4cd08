//! The digests of one object, from the walks of its functions and all data behind them.

use rayon::prelude::*;

use super::closure::Closure;
use super::context::Context;
use super::walked::Walked;
use super::{DataChecksum, FunctionChecksums};

/// The digests of functions, from their walks, and of data.
pub(super) fn finish(
    cx: &Context<'_, '_>,
    walked: &[Walked],
    closure: &Closure,
    rest: &(impl Fn() + Sync),
) -> (FunctionChecksums, Vec<DataChecksum>) {
    rayon::join(
        || {
            let finished = walked.par_iter().map(|part| part.finish(closure.digests()));
            FunctionChecksums::concat(finished.collect())
        },
        || {
            let data = closure.data(cx);
            rest();
            data
        },
    )
}
