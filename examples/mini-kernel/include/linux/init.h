/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_INIT_H
#define _LINUX_INIT_H

#include <linux/compiler.h>
#include <linux/types.h>

/* Code and data that are freed after boot. */
#define __init		__section(".init.text") __cold
#define __exit		__section(".exit.text") __used __cold
#define __initdata	__section(".init.data")

typedef int (*initcall_t)(void);

/*
 * A list of functions to call at boot, one 32-bit offset each. As in Linux, the
 * name of an entry holds a counter and its line: it is no name to compare by.
 */
#define __define_initcall_1(fn, level, name)			\
	__asm__(".pushsection .initcall" #level ".init, \"a\"\n"	\
		name ":\n"					\
		".long " #fn " - .\n"				\
		".popsection\n");				\
	static initcall_t __paste(__addressable_, fn)		\
		__used __section(".discard.addressable") = fn
#define __define_initcall(fn, level)				\
	__define_initcall_1(fn, level, "__initcall__kmod_"	\
		KBUILD_MODNAME "__" __stringify(__COUNTER__) "_" \
		__stringify(__LINE__) "_" #fn #level)

#define core_initcall(fn)	__define_initcall(fn, 1)
#define fs_initcall(fn)		__define_initcall(fn, 5)
#define device_initcall(fn)	__define_initcall(fn, 6)

void start_kernel(void);

#endif
