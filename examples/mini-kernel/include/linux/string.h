/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_STRING_H
#define _LINUX_STRING_H

#include <linux/types.h>

size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
void *memset(void *p, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);

#endif
