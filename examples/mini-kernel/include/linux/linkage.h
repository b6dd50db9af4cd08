/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_LINKAGE_H
#define _LINUX_LINKAGE_H

/* Functions in assembly. */
#ifdef __ASSEMBLY__
#define FUNC_START(name)	\
	.globl name;		\
	.balign 16, 0x90;	\
	.type name, @function;	\
name:
#define FUNC_END(name)		\
	.size name, . - name
#endif

#endif
