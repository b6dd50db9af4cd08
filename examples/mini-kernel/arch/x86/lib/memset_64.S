// SPDX-License-Identifier: GPL-2.0
// memset() and memcpy(), for what the compiler does not do itself.
#include <linux/linkage.h>

	.text
FUNC_START(memset)
	movq	%rdi, %r9
	movl	%esi, %eax
	movq	%rdx, %rcx
	rep stosb
	movq	%r9, %rax
	ret
FUNC_END(memset)

FUNC_START(memcpy)
	movq	%rdi, %rax
	movq	%rdx, %rcx
	rep movsb
	ret
FUNC_END(memcpy)

	.section .note.GNU-stack, "", @progbits
