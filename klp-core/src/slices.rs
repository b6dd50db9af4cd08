//! Parts of slices, by positions that were counted or searched in them.

/// Positions come from the slice itself, so that none is behind its end; and between an end and a start behind it there is
/// nothing.
pub(crate) trait SliceParts<T> {
    /// All from position `from` on.
    fn starting(&self, from: usize) -> &[T];

    /// All in front of position `to`.
    fn ending(&self, to: usize) -> &[T];

    /// All from position `from` up to `to`.
    fn between(&self, from: usize, to: usize) -> &[T];
}

impl<T> SliceParts<T> for [T] {
    #[inline]
    fn starting(&self, from: usize) -> &[T] {
        self.get(from..).unwrap_or_default()
    }

    #[inline]
    fn ending(&self, to: usize) -> &[T] {
        self.get(..to).unwrap_or(self)
    }

    #[inline]
    fn between(&self, from: usize, to: usize) -> &[T] {
        self.ending(to).starting(from)
    }
}
