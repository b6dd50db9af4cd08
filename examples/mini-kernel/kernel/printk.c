// SPDX-License-Identifier: GPL-2.0
/* Messages, in a ring of bytes. */
#include <linux/export.h>
#include <linux/printk.h>
#include <linux/string.h>

#define LOG_SIZE 4096

static char log_buf[LOG_SIZE];
static u64 log_head, log_tail;

static void log_store(const char *text, size_t len)
{
	while (len--)
		log_buf[log_head++ % LOG_SIZE] = *text++;
	if (log_head - log_tail > LOG_SIZE)
		log_tail = log_head - LOG_SIZE;
}

int printk(const char *fmt, ...)
{
	static u64 count;
	char line[128];
	__builtin_va_list args;
	int len;

	len = snprintf(line, sizeof(line), "[%lu] ", ++count);
	__builtin_va_start(args, fmt);
	len += vsnprintf(line + len, sizeof(line) - len, fmt, args);
	__builtin_va_end(args);
	log_store(line, len);
	return len;
}
EXPORT_SYMBOL(printk);

/* At most ten messages until the log is read. */
bool printk_ratelimit(void)
{
	static u64 count;

	if (log_tail == log_head)
		count = 0;
	return count++ < 10;
}
EXPORT_SYMBOL(printk_ratelimit);

size_t printk_drain(char *buf, size_t size)
{
	size_t n = 0;

	while (n < size && log_tail < log_head)
		buf[n++] = log_buf[log_tail++ % LOG_SIZE];
	return n;
}
