/* A static branch, as the kernel has them: five bytes of NOP that may become a jump. */
#include "special.h"

struct key { int enabled; void *p; };

static inline __attribute__((always_inline)) int branch(struct key *key)
{
	asm goto("1:\t.byte 0x0f, 0x1f, 0x44, 0, 0\n" JUMP_LABEL("%l[yes]", "%c0") : : "i"(key) : : yes);
	return 0;
yes:
	return 1;
}
