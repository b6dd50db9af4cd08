/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_X86_ALTERNATIVE_H
#define _ASM_X86_ALTERNATIVE_H

#include <linux/compiler.h>
#include <linux/types.h>

#define X86_FEATURE_XMM2	26
#define X86_FEATURE_ERMS	297

/* Code for a processor that has (or lacks: bit 16) a feature: 14 bytes. */
struct alt_instr {
	s32 instr_offset;
	s32 repl_offset;
	u32 feature;
	u8 instr_len;
	u8 repl_len;
} __attribute__((__packed__));

/* The first code, padded to the length of the second with no-operations. */
#define ALTERNATIVE(usual, better, feature)				\
	"661:	" usual "\n"						\
	"662:	.skip -(((6641f - 6631f) - (662b - 661b)) > 0) *"	\
	"	((6641f - 6631f) - (662b - 661b)), 0x90\n"		\
	"663:\n"							\
	".pushsection .altinstructions, \"a\"\n"			\
	"	.long 661b - .\n"					\
	"	.long 6631f - .\n"					\
	"	.4byte " __stringify(feature) "\n"			\
	"	.byte 663b - 661b\n"					\
	"	.byte 6641f - 6631f\n"					\
	".popsection\n"							\
	".pushsection .altinstr_replacement, \"ax\"\n"			\
	"6631:	" better "\n"						\
	"6641:\n"							\
	".popsection\n"

#define mb()	__asm__ volatile(ALTERNATIVE("lock; addl $0, -4(%%rsp)", "mfence", \
				 X86_FEATURE_XMM2) : : : "memory", "cc")

#endif
