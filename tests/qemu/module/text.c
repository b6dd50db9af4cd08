// SPDX-License-Identifier: GPL-2.0
#include <linux/export.h>

#include "visitors.h"

const char *visitors_text(unsigned int visitor)
{
	return visitor & 1 ? "odd" : "even";
}
EXPORT_SYMBOL_GPL(visitors_text);
