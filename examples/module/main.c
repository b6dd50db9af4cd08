// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/printk.h>

#include "words.h"

static unsigned int number;

static int greet_init(void)
{
	printk("greet: %s\n", greeting(number));
	return 0;
}

static void greet_exit(void)
{
	number = next_greeting(number);
	printk("greet: %s, and goodbye\n", greeting(number));
}

module_init(greet_init);
module_exit(greet_exit);
MODULE_DESCRIPTION("A module with two objects");
MODULE_LICENSE("GPL");
