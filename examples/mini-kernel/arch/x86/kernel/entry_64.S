// SPDX-License-Identifier: GPL-2.0
// System calls, and what the compiler calls at the start of each function.
#include <linux/linkage.h>

	.text
FUNC_START(__fentry__)
	ret
FUNC_END(__fentry__)

FUNC_START(entry_SYSCALL_64)
	swapgs
	pushq	%rcx
	pushq	%r11
	movq	%r10, %rcx
	call	do_syscall
	popq	%r11
	popq	%rcx
	swapgs
	sysretq
FUNC_END(entry_SYSCALL_64)

	.section .note.GNU-stack, "", @progbits
