// A ring of 9 constants without symbols; the one after 8 steps holds another number.
//#changed: f *
#include "ring.inc"
#ifdef PATCHED
	RING 9, 8, 99
#else
	RING 9, 8, 9
#endif
