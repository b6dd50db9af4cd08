/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_STATIC_CALL_H
#define _LINUX_STATIC_CALL_H

#include <linux/compiler.h>
#include <linux/types.h>

/*
 * A call whose target changes so seldom that the code is changed with it. Calls
 * go to a trampoline until boot patches each place in .static_call_sites.
 */
struct static_call_key {
	void (*func)(void);
};

struct static_call_site {
	s32 addr;
	s32 key;
};

#define DEFINE_STATIC_CALL(name, target)				\
	struct static_call_key __SCK__##name = { .func = target };	\
	__asm__(".pushsection .static_call.text, \"ax\"\n"		\
		".balign 4\n"						\
		".globl __SCT__" #name "\n"				\
		".type __SCT__" #name ", @function\n"			\
		"__SCT__" #name ":\n"					\
		"	jmp " #target "\n"				\
		"	.byte 0x0f, 0xb9, 0xcc\n"			\
		".size __SCT__" #name ", . - __SCT__" #name "\n"	\
		".popsection\n")

#define DECLARE_STATIC_CALL(name)	extern struct static_call_key __SCK__##name

/* Calls a `void (*)(void)`. The stack pointer keeps the call behind the prologue. */
#define static_call(name) do {						\
	register unsigned long __sp __asm__("rsp");			\
	__asm__ volatile("1:	call __SCT__" #name "\n"		\
		".pushsection .static_call_sites, \"aw\"\n"		\
		".balign 4\n"						\
		".long 1b - .\n"					\
		".long __SCK__" #name " - .\n"				\
		".popsection\n"						\
		: "+r" (__sp) : : "rax", "rcx", "rdx", "rsi", "rdi",	\
		  "r8", "r9", "r10", "r11", "memory", "cc");		\
} while (0)

#endif
