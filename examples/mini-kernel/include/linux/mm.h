/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <linux/types.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)

struct page {
	u32 flags;
	u32 order;
	int refcount;
	struct page *next;
};

struct meminfo {
	u64 total;
	u64 free;
	u64 slab;
};

struct page *alloc_pages(unsigned int order);
void free_pages(struct page *page);
void page_init(void);
u64 nr_free_pages(void);

void *kmalloc(size_t size);
void kfree(void *p);
u64 slab_bytes(void);

#endif
