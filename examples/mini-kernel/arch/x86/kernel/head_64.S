// SPDX-License-Identifier: GPL-2.0
// Where the boot loader jumps to.
#include <linux/linkage.h>

	.section .head.text, "ax"
FUNC_START(startup_64)
	leaq	init_stack_end(%rip), %rsp
	xorl	%ebp, %ebp
	call	start_kernel
1:	hlt
	jmp	1b
FUNC_END(startup_64)

	.bss
	.balign	16
	.skip	16384
init_stack_end:

	.section .note.GNU-stack, "", @progbits
