// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

/* Of the module of visitors, in another directory. */
const char *visitors_text(unsigned int visitor);

static int guests_show(struct seq_file *file, void *unused)
{
	seq_printf(file, "a guest, %s\n", visitors_text(1));
	return 0;
}

static int __init guests_init(void)
{
	return proc_create_single("guests", 0444, NULL, guests_show) ? 0 : -ENOMEM;
}

static void __exit guests_exit(void)
{
	remove_proc_entry("guests", NULL);
}

module_init(guests_init);
module_exit(guests_exit);
MODULE_DESCRIPTION("Needs a module in another directory");
MODULE_LICENSE("GPL");
