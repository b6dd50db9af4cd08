/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_JUMP_LABEL_H
#define _LINUX_JUMP_LABEL_H

#include <linux/compiler.h>
#include <linux/types.h>

/* A condition that changes so seldom that the code is changed with it. */
struct static_key {
	int enabled;
};

/* A place that tests a key: 16 bytes. Bit 0 of the key says which way is the usual one. */
struct jump_entry {
	s32 code;
	s32 target;
	s64 key;
};

#define DEFINE_STATIC_KEY_FALSE(name)	struct static_key name = { 0 }
#define DEFINE_STATIC_KEY_TRUE(name)	struct static_key name = { 1 }

#define __JUMP_ENTRY						\
	".pushsection __jump_table, \"aw\"\n"			\
	".balign 8\n"						\
	".long 1b - .\n"					\
	".long %l[yes] - .\n"					\
	".quad %c0 + %c1 - .\n"					\
	".popsection\n"

static __always_inline bool static_key_nop(struct static_key * const key, const bool likely)
{
	__asm__ goto("1:	.byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n" __JUMP_ENTRY
		     : : "i" (key), "i" (likely) : : yes);
	return false;
yes:
	return true;
}

static __always_inline bool static_key_jmp(struct static_key * const key, const bool likely)
{
	__asm__ goto("1:	.byte 0xe9\n	.long %l[yes] - 2f\n2:\n" __JUMP_ENTRY
		     : : "i" (key), "i" (likely) : : yes);
	return false;
yes:
	return true;
}

/* For a DEFINE_STATIC_KEY_FALSE key that is seldom, and one that is mostly, on. */
#define static_branch_unlikely(key)	unlikely(static_key_nop(key, false))
#define static_branch_likely(key)	likely(!static_key_jmp(key, true))

void static_key_enable(struct static_key *key);
void jump_label_init(void);

#endif
