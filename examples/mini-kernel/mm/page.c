// SPDX-License-Identifier: GPL-2.0
/* Pages, in a free list for each order. */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/printk.h>

#define MAX_ORDER	8
#define NR_PAGES	256

#define PAGE_FREE	(1 << 0)

static struct page pages[NR_PAGES];
static struct page *free_list[MAX_ORDER];

/*
 * The caller is confused. Which page it was may help.
 */
static void __cold noinline bad_page(const struct page *page, const char *why)
{
	printk("bad page %ld: %s, flags %x, count %d\n", page - pages, why,
	       page->flags, page->refcount);
	BUG();
}

/* Only the low bound of a range matters here: a compiler passes just that. */
struct order_range {
	unsigned int low, high;
};

static noinline struct page *take_free(const struct order_range *range)
{
	unsigned int order;
	struct page *page;

	for (order = range->low; order < MAX_ORDER; order++) {
		page = free_list[order];
		if (!page)
			continue;
		free_list[order] = page->next;
		return page;
	}
	return NULL;
}

struct page *alloc_pages(unsigned int order)
{
	struct order_range range = { order, MAX_ORDER - 1 };
	struct page *page;

	if (WARN_ON_ONCE(order >= MAX_ORDER))
		return NULL;
	page = take_free(&range);
	if (!page)
		return NULL;
	if (page->refcount)
		bad_page(page, "in use, but in the free list");
	page->flags &= ~PAGE_FREE;
	page->refcount = 1;
	return page;
}
EXPORT_SYMBOL(alloc_pages);

void free_pages(struct page *page)
{
	if (page->flags & PAGE_FREE)
		bad_page(page, "freed twice");
	if (--page->refcount)
		return;
	page->flags |= PAGE_FREE;
	page->next = free_list[page->order];
	free_list[page->order] = page;
	WARN_ON(page->order >= MAX_ORDER);
}
EXPORT_SYMBOL(free_pages);

u64 nr_free_pages(void)
{
	unsigned int order;
	const struct page *page;
	u64 n = 0;

	for (order = 0; order < MAX_ORDER; order++)
		for (page = free_list[order]; page; page = page->next)
			n += 1UL << order;
	return n;
}

void __init page_init(void)
{
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++) {
		pages[i].order = i % MAX_ORDER;
		pages[i].flags = 0;
		pages[i].refcount = 1;
		free_pages(&pages[i]);
	}
}
