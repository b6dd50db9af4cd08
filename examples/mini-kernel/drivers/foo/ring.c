// SPDX-License-Identifier: GPL-2.0
/* The ring between the foo device and its readers. */
#include <linux/bug.h>
#include <linux/load.h>

#include "foo.h"

int foo_ring_push(struct foo_ring *ring, u64 value, u64 now)
{
	if (ring->head - ring->tail == FOO_SLOTS)
		return -ENOSPC;
	ring->slot[ring->head++ % FOO_SLOTS] = value;
	ring->load = decay_load(ring->load, now - ring->last) + 1024;
	ring->last = now;
	return 0;
}

int foo_ring_pop(struct foo_ring *ring, u64 *value)
{
	if (WARN_ON(ring->tail > ring->head))
		return -EINVAL;
	if (ring->tail == ring->head)
		return -ENOENT;
	*value = ring->slot[ring->tail++ % FOO_SLOTS];
	return 0;
}

/* Without a decay: what was pushed, not what is still felt. */
u64 foo_ring_load(const struct foo_ring *ring, u64 now)
{
	return now == ring->last ? ring->load : 0;
}
