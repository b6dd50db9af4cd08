// SPDX-License-Identifier: GPL-2.0
/* Where to go on after a fault. */
#include <asm/extable.h>

extern const struct exception_entry __start___ex_table[], __stop___ex_table[];

const struct exception_entry *find_exception(unsigned long ip)
{
	const struct exception_entry *entry;

	for (entry = __start___ex_table; entry < __stop___ex_table; entry++)
		if ((unsigned long)&entry->insn + entry->insn == ip)
			return entry;
	return NULL;
}
