// SPDX-License-Identifier: GPL-2.0
/* Counting what the scheduler does. */
#include <linux/export.h>
#include <linux/load.h>
#include <linux/printk.h>
#include <linux/sched.h>

DEFINE_PER_CPU(u64, nr_switches);

static u64 switched_at[8];

/* Forget the oldest switches. (mm/slab.c has another function of this name.) */
static noinline void shrink(u64 now)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(switched_at); i++)
		if (now - switched_at[i] > 1000000)
			switched_at[i] = 0;
}

void account_switch(struct task *prev, struct task *next, u64 now)
{
	this_cpu_inc(nr_switches);
	prev->runtime = 0;
	next->last_tick = now;
	if (static_branch_unlikely(&sched_stats)) {
		switched_at[next->pid & 7] = now;
		shrink(now);
	}
}

u64 task_load(const struct task *t, u64 now)
{
	u64 idle = now - t->last_tick;

	return decay_load(t->load, idle >> 10) + this_cpu_read(nr_switches);
}
EXPORT_SYMBOL_GPL(task_load);
