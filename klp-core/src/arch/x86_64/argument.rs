//! What an instruction that loads an address into a register hands it to.

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, Register,
};

use super::super::TakingCall;
use super::used::ARGUMENTS;

/// No compiler puts more between an argument and the call that takes it.
const FAR: usize = 32;

/// What loads an address as the first argument starts so; the address follows, and ends it.
pub(super) const LOADS_OF_FIRST: [&[u8]; 3] = [
    // mov $0, %rdi
    b"\x48\xc7\xc7",
    // lea 0(%rip), %rdi
    b"\x48\x8d\x3d",
    // mov $0, %edi
    b"\xbf",
];

/// The call that gets what the first instruction of `code` loads as an argument. Nothing where control can go elsewhere
/// before, or where that instruction does not load one.
pub(super) fn taken(code: &[u8]) -> Option<TakingCall> {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let mut factory = InstructionInfoFactory::new();
    let first = decoder.decode();
    let loads = matches!(first.mnemonic(), Mnemonic::Mov | Mnemonic::Lea)
        && first.op0_kind() == OpKind::Register;
    let register = loads.then(|| first.op0_register().full_register())?;
    let argument = ARGUMENTS.iter().position(|it| *it == register)?.checked_add(1)?;
    for _ in 0..FAR {
        let start = decoder.position();
        let next = decoder.can_decode().then(|| decoder.decode())?;
        match next.flow_control() {
            FlowControl::Next if !writes(&mut factory, &next, register) => {}
            FlowControl::Call | FlowControl::UnconditionalBranch
                if next.op0_kind() == OpKind::NearBranch64 =>
            {
                return Some(TakingCall { argument, start, end: decoder.position() });
            }
            _ => return None,
        }
    }
    None
}

fn writes(
    factory: &mut InstructionInfoFactory,
    instruction: &Instruction,
    register: Register,
) -> bool {
    factory.info(instruction).used_registers().iter().any(|used| {
        used.register().full_register() == register
            && !matches!(used.access(), OpAccess::Read | OpAccess::CondRead)
    })
}

#[cfg(test)]
mod tests {
    fn taken(code: &[u8]) -> Option<(usize, usize, usize)> {
        super::taken(code).map(|it| (it.argument, it.start, it.end))
    }

    #[test]
    fn the_next_call() {
        // mov $0, %rdx; mov $0, %rsi; call
        let code = b"\x48\xc7\xc2\0\0\0\0\x48\xc7\xc6\0\0\0\0\xe8\0\0\0\0\xc3";
        assert_eq!(taken(code), Some((3, 14, 19)));
        // mov $0, %edx; jmp
        assert_eq!(taken(b"\xba\0\0\0\0\xe9\0\0\0\0"), Some((3, 5, 10)));
        // mov $0, %rdi; call
        assert_eq!(taken(b"\x48\xc7\xc7\0\0\0\0\xe8\0\0\0\0"), Some((1, 7, 12)));
    }

    #[test]
    fn no_argument_or_another_value() {
        // mov $0, %rbx; call
        assert_eq!(taken(b"\x48\xc7\xc3\0\0\0\0\xe8\0\0\0\0"), None);
        // mov $0, %edx; xor %edx, %edx; call
        assert_eq!(taken(b"\xba\0\0\0\0\x31\xd2\xe8\0\0\0\0"), None);
        // mov $0, %edx; ret
        assert_eq!(taken(b"\xba\0\0\0\0\xc3"), None);
        // mov $0, %edx; je; call
        assert_eq!(taken(b"\xba\0\0\0\0\x74\x05\xe8\0\0\0\0"), None);
    }
}
