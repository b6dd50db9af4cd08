/* SPDX-License-Identifier: GPL-2.0 */
#define GREETINGS 3

const char *greeting(unsigned int number);

static inline unsigned int next_greeting(unsigned int number)
{
	return (number + 1) % GREETINGS;
}
