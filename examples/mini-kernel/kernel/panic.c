// SPDX-License-Identifier: GPL-2.0
/* The end. */
#include <asm/extable.h>
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/printk.h>

extern const struct bug_entry __start___bug_table[], __stop___bug_table[];

static const struct bug_entry *find_bug(unsigned long ip)
{
	const struct bug_entry *bug;

	for (bug = __start___bug_table; bug < __stop___bug_table; bug++)
		if ((unsigned long)&bug->addr + bug->addr == ip)
			return bug;
	return NULL;
}

void do_invalid_op(unsigned long ip);
void do_invalid_op(unsigned long ip)
{
	const struct bug_entry *bug = find_bug(ip);
	const char *file;

	if (!bug)
		panic("invalid instruction");
	file = (const char *)&bug->file + bug->file;
	printk("%s at %s:%d\n", bug->flags & BUGFLAG_WARNING ? "WARNING" : "BUG", file, bug->line);
	if (!(bug->flags & BUGFLAG_WARNING))
		panic(file);
}

void panic(const char *why)
{
	printk("panic: %s\n", why);
	for (;;)
		__asm__ volatile("cli; hlt");
}
EXPORT_SYMBOL(panic);
