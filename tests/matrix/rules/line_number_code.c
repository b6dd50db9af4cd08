// Code above grows by lines, which bug entries say, and by nothing else.
//#rule: line-number
//#unchanged
#include "special.h"
#ifdef PATCHED
#line 40
#endif
#define WARN() asm volatile(BUG_12(__LINE__, 0x901) "ud2" : : "i"(__FILE__))
void warn(int bad)
{
	if (bad)
		WARN();
}
