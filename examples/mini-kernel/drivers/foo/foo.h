/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRIVERS_FOO_FOO_H
#define _DRIVERS_FOO_FOO_H

#include <linux/types.h>

#define FOO_SLOTS 16

struct foo_ring {
	u64 slot[FOO_SLOTS];
	u64 head, tail;
	u64 load, last;
};

int foo_ring_push(struct foo_ring *ring, u64 value, u64 now);
int foo_ring_pop(struct foo_ring *ring, u64 *value);
u64 foo_ring_load(const struct foo_ring *ring, u64 now);

#endif
