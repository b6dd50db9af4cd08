// SPDX-License-Identifier: GPL-2.0
/* The foo device: remembers what was written to it. */
#include <linux/fs.h>
#include <linux/jump_label.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "foo.h"

static struct foo_ring *foo_ring;

static int foo_open(struct file *file)
{
	file->private = foo_ring;
	printk("foo: opened by %s\n", file->name);
	return 0;
}

static ssize_t foo_read(struct file *file, char *buf, size_t size)
{
	u64 value;
	int err = foo_ring_pop(file->private, &value);

	if (err)
		return err;
	return snprintf(buf, size, "%lu\n", value);
}

static ssize_t foo_write(struct file *file, const char *buf, size_t size)
{
	struct foo_ring *ring = file->private;

	if (static_branch_unlikely(&sched_trace))
		printk("foo: load %lu\n", foo_ring_load(ring, file->pos));
	return foo_ring_push(ring, strlen(buf), file->pos) ?: (ssize_t)size;
}

static const struct file_operations foo_ops = {
	.open = foo_open,
	.read = foo_read,
	.write = foo_write,
};

static int __init foo_init(void)
{
	foo_ring = kmalloc(sizeof(*foo_ring));
	if (!foo_ring)
		return -ENOMEM;
	return register_file("foo", &foo_ops, foo_ring);
}

static void __exit foo_exit(void)
{
	kfree(foo_ring);
}

module_init(foo_init);
module_exit(foo_exit);

MODULE_DESCRIPTION("Remembers what was written to it");
MODULE_LICENSE("GPL");
