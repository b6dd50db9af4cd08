// SPDX-License-Identifier: GPL-2.0
/* Strings and numbers. */
#include <linux/compiler.h>
#include <linux/export.h>
#include <linux/printk.h>
#include <linux/string.h>

size_t strlen(const char *s)
{
	const char *end = s;

	while (*end) {
		end++;
		barrier(); /* or the compiler makes a call of strlen() of this */
	}
	return end - s;
}
EXPORT_SYMBOL(strlen);

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (u8)*a - (u8)*b;
}
EXPORT_SYMBOL(strcmp);

static char *put(char *to, const char *end, char c)
{
	if (to < end)
		*to++ = c;
	return to;
}

static char *put_number(char *to, const char *end, u64 n, unsigned int base)
{
	char digits[24];
	int i = 0;

	do {
		digits[i++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	while (i)
		to = put(to, end, digits[--i]);
	return to;
}

/* Knows %s, %d, %u and %x, and an l before the last three. */
int vsnprintf(char *buf, size_t size, const char *fmt, __builtin_va_list args)
{
	char *to = buf, *end = size ? buf + size - 1 : buf;
	const char *s;
	bool is_long;
	s64 n;

	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			to = put(to, end, *fmt);
			continue;
		}
		is_long = *++fmt == 'l';
		if (is_long)
			fmt++;
		if (*fmt == 's') {
			for (s = __builtin_va_arg(args, const char *); *s; s++)
				to = put(to, end, *s);
			continue;
		}
		if (is_long)
			n = __builtin_va_arg(args, s64);
		else if (*fmt == 'd')
			n = __builtin_va_arg(args, int);
		else
			n = __builtin_va_arg(args, unsigned int);
		if (*fmt == 'd' && n < 0) {
			to = put(to, end, '-');
			n = -n;
		}
		to = put_number(to, end, n, *fmt == 'x' ? 16 : 10);
	}
	if (size)
		*to = '\0';
	return to - buf;
}
EXPORT_SYMBOL(vsnprintf);

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	__builtin_va_list args;
	int len;

	__builtin_va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	__builtin_va_end(args);
	return len;
}
EXPORT_SYMBOL(snprintf);
