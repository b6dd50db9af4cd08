// SPDX-License-Identifier: GPL-2.0
// size_t copy_from_user(void *to, const void *from, size_t n): what was not copied.
#include <asm/extable.h>
#include <linux/linkage.h>

	.text
FUNC_START(copy_from_user)
	movq	%rdx, %rcx
1:	rep movsb
2:	movq	%rcx, %rax
	ret
	EXTABLE 1b, 2b, EX_TYPE_DEFAULT
FUNC_END(copy_from_user)

	.section .note.GNU-stack, "", @progbits
