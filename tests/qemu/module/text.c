// SPDX-License-Identifier: GPL-2.0
#include "visitors.h"

const char *visitors_text(unsigned int visitor)
{
	return visitor & 1 ? "odd" : "even";
}
