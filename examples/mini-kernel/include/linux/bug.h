/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_BUG_H
#define _LINUX_BUG_H

#include <linux/compiler.h>
#include <linux/types.h>

#define BUGFLAG_WARNING		(1 << 0)
#define BUGFLAG_ONCE		(1 << 1)

/* What the trap handler reads for an invalid instruction in the kernel: 12 bytes. */
struct bug_entry {
	s32 addr;	/* of the instruction, from here */
	s32 file;	/* its file name, from here */
	u16 line;
	u16 flags;
};

#define __BUG_TRAP(bug_flags)					\
	__asm__ volatile("1:	ud2\n"				\
		".pushsection __bug_table, \"aw\"\n"		\
		"2:	.long 1b - .\n"				\
		"	.long %c[file] - .\n"			\
		"	.word %c[line]\n"			\
		"	.word %c[flags]\n"			\
		"	.org 2b + %c[size]\n"			\
		".popsection\n"					\
		: : [file] "i" (__FILE__), [line] "i" (__LINE__), \
		    [flags] "i" (bug_flags),			\
		    [size] "i" (sizeof(struct bug_entry)))

#define BUG()	do { __BUG_TRAP(0); unreachable(); } while (0)

#define WARN_ON(condition) ({					\
	bool __warn = !!(condition);				\
	if (unlikely(__warn))					\
		__BUG_TRAP(BUGFLAG_WARNING);			\
	unlikely(__warn);					\
})

#define WARN_ON_ONCE(condition) ({				\
	bool __warn = !!(condition);				\
	if (unlikely(__warn))					\
		__BUG_TRAP(BUGFLAG_WARNING | BUGFLAG_ONCE);	\
	unlikely(__warn);					\
})

void __cold __noreturn panic(const char *why);

#endif
