// SPDX-License-Identifier: GPL-2.0
/* Files that tell of the kernel. */
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define MAX_FILES 16

static struct file files[MAX_FILES];
static int nr_files;

int register_file(const char *name, const struct file_operations *ops, void *private)
{
	struct file *file = &files[nr_files];

	if (nr_files == MAX_FILES)
		return -ENOSPC;
	file->name = name;
	file->ops = ops;
	file->private = private;
	nr_files++;
	return 0;
}
EXPORT_SYMBOL(register_file);

struct file *find_file(const char *name)
{
	int i;

	for (i = 0; i < nr_files; i++)
		if (!strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}

ssize_t vfs_read(struct file *file, char *buf, size_t size)
{
	ssize_t n;

	if (!file->ops->read)
		return -EINVAL;
	n = file->ops->read(file, buf, size);
	if (n > 0)
		file->pos += n;
	return n;
}

ssize_t vfs_write(struct file *file, const char *buf, size_t size)
{
	u8 first;

	if (!file->ops->write)
		return -EINVAL;
	if (get_user_byte(&first, (const u8 *)buf))
		return -EFAULT;
	return file->ops->write(file, buf, size);
}

long do_syscall(long nr, struct file *file, char *buf, size_t size);
long do_syscall(long nr, struct file *file, char *buf, size_t size)
{
	switch (nr) {
	case 0:
		return vfs_read(file, buf, size);
	case 1:
		return vfs_write(file, buf, size);
	default:
		return -EINVAL;
	}
}

static ssize_t meminfo_read(struct file *file, char *buf, size_t size)
{
	u64 free = nr_free_pages();

	return snprintf(buf, size, "MemFree: %lu kB\nSlab: %lu kB\n",
			free << (PAGE_SHIFT - 10), slab_bytes() >> 10);
}

static ssize_t loadavg_read(struct file *file, char *buf, size_t size)
{
	return snprintf(buf, size, "%lu\n", cpu_load(file->pos));
}

static ssize_t kmsg_read(struct file *file, char *buf, size_t size)
{
	return printk_drain(buf, size);
}

static ssize_t kmsg_write(struct file *file, const char *buf, size_t size)
{
	char line[64];
	size_t n = min(size, sizeof(line) - 1);

	if (copy_from_user(line, buf, n))
		return -EFAULT;
	line[n] = '\0';
	if (printk_ratelimit())
		printk("%s", line);
	return size;
}

static const struct file_operations meminfo_ops = {
	.read = meminfo_read,
};

static const struct file_operations loadavg_ops = {
	.read = loadavg_read,
};

static const struct file_operations kmsg_ops = {
	.read = kmsg_read,
	.write = kmsg_write,
};

static int __init proc_init(void)
{
	register_file("meminfo", &meminfo_ops, NULL);
	register_file("loadavg", &loadavg_ops, NULL);
	return register_file("kmsg", &kmsg_ops, NULL);
}
device_initcall(proc_init);
