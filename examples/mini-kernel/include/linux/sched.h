/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_SCHED_H
#define _LINUX_SCHED_H

#include <linux/jump_label.h>
#include <linux/percpu.h>
#include <linux/static_call.h>
#include <linux/types.h>

enum task_state { TASK_RUNNING, TASK_SLEEPING, TASK_STOPPED, TASK_DEAD };

enum task_policy { POLICY_FAIR, POLICY_BATCH, POLICY_IDLE, POLICY_FIFO, POLICY_RR, POLICY_DEADLINE };

struct task {
	int pid;
	enum task_state state;
	enum task_policy policy;
	u64 load;
	u64 runtime;
	u64 last_tick;
	struct task *next;
};

extern struct static_key sched_trace;
extern struct static_key sched_stats;
DECLARE_STATIC_CALL(sched_tick_hook);
DECLARE_PER_CPU(u64, nr_switches);

struct task *pick_next_task(void);
void enqueue_task(struct task *t);
void sched_tick(struct task *t, u64 now);
u64 cpu_load(u64 now);
void sched_init(void);

int policy_time_slice(const struct task *t);
int policy_priority(enum task_policy policy);

void account_switch(struct task *prev, struct task *next, u64 now);
u64 task_load(const struct task *t, u64 now);

#endif
