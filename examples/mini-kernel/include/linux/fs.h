/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_FS_H
#define _LINUX_FS_H

#include <linux/types.h>

struct file;

struct file_operations {
	int (*open)(struct file *file);
	ssize_t (*read)(struct file *file, char *buf, size_t size);
	ssize_t (*write)(struct file *file, const char *buf, size_t size);
};

struct file {
	const char *name;
	const struct file_operations *ops;
	u64 pos;
	void *private;
};

int register_file(const char *name, const struct file_operations *ops, void *private);
struct file *find_file(const char *name);
ssize_t vfs_read(struct file *file, char *buf, size_t size);
ssize_t vfs_write(struct file *file, const char *buf, size_t size);

#endif
