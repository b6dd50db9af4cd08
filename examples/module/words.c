// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/printk.h>

#include "words.h"

const char *greeting(unsigned int number)
{
	switch (number) {
	case 0:
		return "hello";
	case 1:
		return "good day";
	}
	printk("greet: no greeting %u\n", number);
	return "hm";
}
