//! What an instruction that loads an address into a register hands it to.

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    OpKind, Register,
};

/// No compiler puts more between an argument and the call that takes it.
const FAR: usize = 32;

/// The call (or the jump, at the end of a function) that gets what the first instruction of `code` loads as its third
/// argument: start and end of that instruction, in `code`. Nothing where control can go elsewhere before, or where
/// that instruction does not load a third argument.
pub(crate) fn third_of_call(code: &[u8]) -> Option<(usize, usize)> {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let mut factory = InstructionInfoFactory::new();
    let first = decoder.decode();
    let loads = matches!(first.mnemonic(), Mnemonic::Mov | Mnemonic::Lea)
        && first.op0_kind() == OpKind::Register
        && first.op0_register().full_register() == Register::RDX;
    loads.then_some(())?;
    for _ in 0..FAR {
        let start = decoder.position();
        let next = decoder.can_decode().then(|| decoder.decode())?;
        match next.flow_control() {
            FlowControl::Next if !writes(&mut factory, &next) => {}
            FlowControl::Call | FlowControl::UnconditionalBranch
                if next.op0_kind() == OpKind::NearBranch64 =>
            {
                return Some((start, decoder.position()));
            }
            _ => return None,
        }
    }
    None
}

fn writes(factory: &mut InstructionInfoFactory, instruction: &Instruction) -> bool {
    factory.info(instruction).used_registers().iter().any(|used| {
        used.register().full_register() == Register::RDX
            && !matches!(used.access(), OpAccess::Read | OpAccess::CondRead)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_next_call() {
        // mov $0, %rdx; mov $0, %rsi; call
        let code = b"\x48\xc7\xc2\0\0\0\0\x48\xc7\xc6\0\0\0\0\xe8\0\0\0\0\xc3";
        assert_eq!(super::third_of_call(code), Some((14, 19)));
        // mov $0, %edx; jmp
        assert_eq!(super::third_of_call(b"\xba\0\0\0\0\xe9\0\0\0\0"), Some((5, 10)));
    }

    #[test]
    fn another_argument_or_another_value() {
        // mov $0, %rdi; call
        assert_eq!(super::third_of_call(b"\x48\xc7\xc7\0\0\0\0\xe8\0\0\0\0"), None);
        // mov $0, %edx; xor %edx, %edx; call
        assert_eq!(super::third_of_call(b"\xba\0\0\0\0\x31\xd2\xe8\0\0\0\0"), None);
        // mov $0, %edx; ret
        assert_eq!(super::third_of_call(b"\xba\0\0\0\0\xc3"), None);
        // mov $0, %edx; je; call
        assert_eq!(super::third_of_call(b"\xba\0\0\0\0\x74\x05\xe8\0\0\0\0"), None);
    }
}
