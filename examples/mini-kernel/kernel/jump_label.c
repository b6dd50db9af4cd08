// SPDX-License-Identifier: GPL-2.0
/* Changing code when a static key changes. */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/jump_label.h>
#include <linux/string.h>

extern struct jump_entry __start___jump_table[], __stop___jump_table[];

static struct static_key *entry_key(const struct jump_entry *entry)
{
	return (struct static_key *)(((unsigned long)&entry->key + entry->key) & ~1UL);
}

static void patch_jump(const struct jump_entry *entry, bool jump)
{
	static const u8 nop[5] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	u8 *code = (u8 *)&entry->code + entry->code;
	u8 *target = (u8 *)&entry->target + entry->target;
	u8 insn[5] = { 0xe9 };
	s32 distance = target - (code + sizeof(insn));

	memcpy(insn + 1, &distance, sizeof(distance));
	memcpy(code, jump ? insn : nop, sizeof(insn));
}

void static_key_enable(struct static_key *key)
{
	struct jump_entry *entry;

	if (WARN_ON_ONCE(key->enabled))
		return;
	key->enabled = 1;
	for (entry = __start___jump_table; entry < __stop___jump_table; entry++)
		if (entry_key(entry) == key)
			patch_jump(entry, !(entry->key & 1));
}
EXPORT_SYMBOL_GPL(static_key_enable);

void __init jump_label_init(void)
{
	struct jump_entry *entry;

	for (entry = __start___jump_table; entry < __stop___jump_table; entry++)
		if (!entry_key(entry))
			panic("a jump without a key");
}
