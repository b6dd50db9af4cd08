/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_UACCESS_H
#define _LINUX_UACCESS_H

#include <asm/extable.h>
#include <linux/types.h>

/* Reads a byte that may not be there. */
static inline int get_user_byte(u8 *to, const u8 *from)
{
	int err = 0;
	u8 value = 0;

	__asm__ volatile("1:	movb %[from], %[value]\n"
			 "2:\n"
			 ASM_EXTABLE(1b, 2b, EX_TYPE_EFAULT)
			 : [value] "+q" (value), "+a" (err)
			 : [from] "m" (*from));
	*to = value;
	return err;
}

size_t copy_from_user(void *to, const void *from, size_t n);

#endif
