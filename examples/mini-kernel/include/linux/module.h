/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_MODULE_H
#define _LINUX_MODULE_H

#include <linux/compiler.h>
#include <linux/init.h>

struct module {
	char name[56];
	int (*init)(void);
	void (*exit)(void);
};

int init_module(void);
void cleanup_module(void);

#ifdef MODULE
#define module_init(fn)	int init_module(void) __copy(fn) __attribute__((__alias__(#fn)))
#define module_exit(fn)	void cleanup_module(void) __copy(fn) __attribute__((__alias__(#fn)))
#else
#define module_init(fn)	device_initcall(fn)
#define module_exit(fn)	static void * const __paste(__exitcall_, fn) \
				__used __section(".exitcall.exit") = fn
#endif

#define MODULE_INFO(tag, info)						\
	static const char __paste(__modinfo_##tag, __LINE__)[]		\
		__used __section(".modinfo") __aligned(1) = #tag "=" info
#define MODULE_LICENSE(text)		MODULE_INFO(license, text)
#define MODULE_DESCRIPTION(text)	MODULE_INFO(description, text)

#endif
