/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_EXPORT_H
#define _LINUX_EXPORT_H

#include <linux/compiler.h>

/* For modules: a licence, a namespace, and the symbol. */
#define __EXPORT_SYMBOL(sym, license)				\
	__asm__(".pushsection \".export_symbol\", \"a\"\n"	\
		"__export_symbol_" #sym ":\n"			\
		".asciz \"" license "\"\n"			\
		".asciz \"\"\n"					\
		".balign 8\n"					\
		".quad " #sym "\n"				\
		".popsection\n")

#define EXPORT_SYMBOL(sym)	__EXPORT_SYMBOL(sym, "")
#define EXPORT_SYMBOL_GPL(sym)	__EXPORT_SYMBOL(sym, "GPL")

#endif
