// SPDX-License-Identifier: GPL-2.0
/* Which task runs, and for how long. */
#include <asm/alternative.h>
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/load.h>
#include <linux/printk.h>
#include <linux/sched.h>

DEFINE_STATIC_KEY_FALSE(sched_trace);
DEFINE_STATIC_KEY_FALSE(sched_stats);

static void default_tick_hook(void)
{
}
DEFINE_STATIC_CALL(sched_tick_hook, default_tick_hook);

static struct task *run_queue;
static struct task idle_task = { .state = TASK_RUNNING, .policy = POLICY_IDLE };

/* A higher number runs first. Constants only: the compiler makes a table of them. */
static int state_weight(enum task_state state)
{
	switch (state) {
	case TASK_RUNNING:
		return 1024;
	case TASK_SLEEPING:
		return 335;
	case TASK_STOPPED:
		return 110;
	case TASK_DEAD:
		return 15;
	}
	return 0;
}

static u64 vruntime(const struct task *t)
{
	return t->runtime * 1024 / (1 + t->load);
}

noinline struct task *pick_next_task(void)
{
	struct task *t, *best = &idle_task;
	int weight, best_weight = 0;

	for (t = run_queue; t; t = t->next) {
		weight = policy_priority(t->policy) + state_weight(t->state);
		if (weight < best_weight)
			continue;
		if (weight == best_weight && vruntime(t) >= vruntime(best))
			continue;
		best_weight = weight;
		best = t;
	}
	return best;
}

void enqueue_task(struct task *t)
{
	if (WARN_ON(t->state == TASK_DEAD))
		return;
	t->next = run_queue;
	mb();
	WRITE_ONCE(run_queue, t);
	if (static_branch_unlikely(&sched_trace))
		printk("sched: enqueue %d\n", t->pid);
}
EXPORT_SYMBOL_GPL(enqueue_task);

void sched_tick(struct task *t, u64 now)
{
	static_call(sched_tick_hook);
	t->runtime += now - t->last_tick;
	t->load = decay_load(t->load, (now - t->last_tick) >> 10);
	t->last_tick = now;
	if (t->runtime > (u64)policy_time_slice(t))
		account_switch(t, pick_next_task(), now);
}

u64 cpu_load(u64 now)
{
	const struct task *t;
	u64 load = 0;

	for (t = run_queue; t; t = t->next)
		load += decay_load(t->load, (now - t->last_tick) >> 10);
	return load;
}

void __init sched_init(void)
{
	enqueue_task(&idle_task);
}
