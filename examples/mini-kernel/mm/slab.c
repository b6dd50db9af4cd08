// SPDX-License-Identifier: GPL-2.0
/* Small allocations, from pages. */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/string.h>

struct object {
	struct object *next;
	u64 class;
};

static struct object *free_objects[8];
static u64 allocated;

/* The size class of a request: 32 bytes, 64, ... */
static noinline int size_class(size_t size, int smallest)
{
	int class = 0;

	while (((size_t)smallest << class) < size + sizeof(struct object))
		class++;
	return class;
}

/* Give memory back. (kernel/stat.c has another function of this name.) */
static noinline void shrink(int class)
{
	struct object *object;

	while ((object = free_objects[class])) {
		free_objects[class] = object->next;
		allocated -= 32UL << class;
	}
}

void *kmalloc(size_t size)
{
	int class = size_class(size, 32);
	struct object *object;
	struct page *page;

	if (WARN_ON(class >= 8))
		return NULL;
	object = free_objects[class];
	if (object) {
		free_objects[class] = object->next;
		return object + 1;
	}
	page = alloc_pages(0);
	if (!page) {
		shrink(class);
		return NULL;
	}
	object = (struct object *)page;
	object->class = class;
	allocated += 32UL << class;
	return memset(object + 1, 0, size);
}
EXPORT_SYMBOL(kmalloc);

void kfree(void *p)
{
	struct object *object = (struct object *)p - 1;

	if (!p)
		return;
	object->next = free_objects[object->class];
	free_objects[object->class] = object;
}
EXPORT_SYMBOL(kfree);

u64 slab_bytes(void)
{
	return allocated;
}
