// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "visitors.h"

static unsigned int visitors;

static int visitors_show(struct seq_file *file, void *unused)
{
	visitors++;
	WARN_ON_ONCE(visitors == 2000);
	if (visitors == 1000)
		pr_info("%s: many visitors\n", __FILE__);
	seq_printf(file, "visitor %u, %s\n", visitors, visitors_text(visitors));
	return 0;
}

static int __init visitors_init(void)
{
	return proc_create_single("visitors", 0444, NULL, visitors_show) ? 0 : -ENOMEM;
}

static void __exit visitors_exit(void)
{
	remove_proc_entry("visitors", NULL);
}

module_init(visitors_init);
module_exit(visitors_exit);
MODULE_DESCRIPTION("Counts who reads its file");
MODULE_LICENSE("GPL");
