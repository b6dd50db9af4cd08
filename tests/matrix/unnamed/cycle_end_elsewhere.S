// The last of eight constants leads to the second instead of the first.
//#changed: f *
#include "ring.inc"
#ifdef PATCHED
	RING 8, 7, 8, 1
#else
	RING 8, 7, 8
#endif
