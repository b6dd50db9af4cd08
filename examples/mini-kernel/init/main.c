// SPDX-License-Identifier: GPL-2.0
/* From the first C function to the last initcall. */
#include <linux/bug.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/jump_label.h>
#include <linux/printk.h>
#include <linux/sched.h>

extern const s32 __initcall_start[], __initcall_end[];

static int __init do_one_initcall(const s32 *entry)
{
	initcall_t fn = (initcall_t)((unsigned long)entry + *entry);
	int ret = fn();

	if (ret)
		printk("initcall %lx failed: %d\n", (unsigned long)fn, ret);
	return ret;
}

static void __init do_initcalls(void)
{
	const s32 *entry;
	int failed = 0;

	for (entry = __initcall_start; entry < __initcall_end; entry++)
		failed += do_one_initcall(entry) != 0;
	if (failed)
		printk("%d initcalls failed\n", failed);
}

void __init start_kernel(void)
{
	printk("Booting on %d processors\n", CONFIG_NR_CPUS);
	page_init();
	jump_label_init();
	sched_init();
	do_initcalls();
	if (!pick_next_task())
		panic("nothing to run");
}
