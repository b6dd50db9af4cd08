// SPDX-License-Identifier: GPL-2.0
/* What the scheduling policies mean. This object has jump tables. */
#include <linux/bug.h>
#include <linux/sched.h>

static noinline int fair_slice(const struct task *t)
{
	return 4000 - (t->load > 2000 ? 2000 : t->load);
}

int policy_time_slice(const struct task *t)
{
	switch (t->policy) {
	case POLICY_FAIR:
		return fair_slice(t);
	case POLICY_BATCH:
		return 2 * fair_slice(t) + (t->pid & 7);
	case POLICY_IDLE:
		return t->runtime ? 1000 : 3000;
	case POLICY_FIFO:
		BUG();
	case POLICY_RR:
		return 100000 / (1 + (t->pid & 3));
	case POLICY_DEADLINE:
		return t->last_tick & 0xffff;
	}
	return 0;
}

int policy_priority(enum task_policy policy)
{
	return policy >= POLICY_FIFO ? 2000 : 0;
}
