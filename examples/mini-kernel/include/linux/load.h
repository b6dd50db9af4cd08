/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_LOAD_H
#define _LINUX_LOAD_H

#include <linux/compiler.h>
#include <linux/types.h>

#define LOAD_SHIFT	11
#define LOAD_DECAY	1981	/* 0.967 of 1 << LOAD_SHIFT */

/* A load average that forgets: each period counts a little less than the one after it. */
static __always_inline u64 decay_load(u64 load, unsigned int periods)
{
	if (periods > 64)
		return 0;
	while (periods--)
		load = (load * LOAD_DECAY) >> LOAD_SHIFT;
	return load;
}

#endif
