// SPDX-License-Identifier: GPL-2.0
// Indirect branches which the processor does not predict.
#include <linux/linkage.h>

.macro THUNK reg
FUNC_START(__x86_indirect_thunk_\reg)
	call	2f
1:	pause
	lfence
	jmp	1b
2:	movq	%\reg, (%rsp)
	ret
FUNC_END(__x86_indirect_thunk_\reg)
.endm

	.text
	.irp reg, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	THUNK \reg
	.endr

	.section .note.GNU-stack, "", @progbits
