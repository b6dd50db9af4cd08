// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/printk.h>

static int tiny_init(void)
{
	printk("tiny: here\n");
	return 0;
}

static void tiny_exit(void)
{
	printk("tiny: gone\n");
}

module_init(tiny_init);
module_exit(tiny_exit);
MODULE_DESCRIPTION("A module with one object");
MODULE_LICENSE("GPL");
