/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_PERCPU_H
#define _LINUX_PERCPU_H

#include <linux/compiler.h>

/* Data of which each processor has its own, at the same offset from %gs. */
#define DEFINE_PER_CPU(type, name)	__section(".data..percpu") __typeof__(type) name
#define DECLARE_PER_CPU(type, name)	extern __section(".data..percpu") __typeof__(type) name

#define this_cpu_inc(var)	\
	__asm__ volatile("incq %%gs:%0" : "+m" (var) : : "cc")
#define this_cpu_read(var) ({						\
	__typeof__(var) __value;					\
	__asm__ volatile("movq %%gs:%1, %0" : "=r" (__value) : "m" (var)); \
	__value;							\
})

#endif
