/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_X86_EXTABLE_H
#define _ASM_X86_EXTABLE_H

#define EX_TYPE_DEFAULT		1	/* go on at the fixup */
#define EX_TYPE_EFAULT		2	/* the same, with -EFAULT in %eax */

#ifdef __ASSEMBLY__

.macro EXTABLE from, to, type
	.pushsection __ex_table, "a"
	.balign 4
	.long (\from) - .
	.long (\to) - .
	.long \type
	.popsection
.endm

#else

#include <linux/compiler.h>
#include <linux/types.h>

/* An instruction that may fault, where to go on, and how: 12 bytes. */
struct exception_entry {
	s32 insn;
	s32 fixup;
	s32 data;
};

#define ASM_EXTABLE(from, to, type)			\
	".pushsection __ex_table, \"a\"\n"		\
	".balign 4\n"					\
	".long (" #from ") - .\n"			\
	".long (" #to ") - .\n"				\
	".long " __stringify(type) "\n"			\
	".popsection\n"

const struct exception_entry *find_exception(unsigned long ip);

#endif
#endif
