//! References relative to the next instruction that lead out of a stretch of code.

/// What stands behind the distance in an instruction: an immediate of up to 4 bytes.
const BEHIND: i128 = 4;

/// Whether an instruction of `code` may refer to one of the `before` bytes in front of it, or the `behind` bytes behind it.
///
/// Where instructions start is not known here. A distance is four bytes behind a `ModR/M` byte without a base (mod 00, r/m 101).
pub(super) fn may_lead_out(code: &[u8], before: u64, behind: u64) -> bool {
    if before == 0 && behind == 0 {
        return false;
    }
    let (before, behind, len) = (i128::from(before), i128::from(behind), code.len() as i128);
    let fields = code.array_windows::<5>().enumerate().filter(|(_, [modrm, ..])| modrm & 0xc7 == 5);
    let mut lowest = fields
        .map(|(at, [_, distance @ ..])| at as i128 + 5 + i128::from(i32::from_le_bytes(*distance)));
    lowest.any(|lowest| {
        let is_in_front = before > 0 && lowest < 0 && lowest + BEHIND >= -before;
        let is_behind = behind > 0 && lowest + BEHIND >= len && lowest < len + behind;
        is_in_front || is_behind
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_counts() {
        // nop; cmpb $7, -9(%rip): one byte in front
        let code = [0x90, 0x80, 0x3d, 0xf7, 0xff, 0xff, 0xff, 7];
        assert!(may_lead_out(&code, 1, 0) && !may_lead_out(&code, 0, 100));
        // lea 3(%rip), %rax
        let code = [0x48, 0x8d, 5, 3, 0, 0, 0];
        assert!(may_lead_out(&code, 0, 4) && !may_lead_out(&code, 100, 0));
        // Relocated.
        let code = [0x48, 0x8d, 5, 0, 0, 0, 0, 0x90, 0x90, 0x90, 0x90, 0x90];
        assert!(!may_lead_out(&code, 100, 100));
    }
}
