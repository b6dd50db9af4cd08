// A ring of 9 constants without symbols; the one after 5 steps holds another number.
//#changed: f *
#include "ring.inc"
#ifdef PATCHED
	RING 9, 5, 99
#else
	RING 9, 5, 6
#endif
