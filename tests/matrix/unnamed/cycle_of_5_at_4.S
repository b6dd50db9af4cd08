// A ring of 5 constants without symbols; the one after 4 steps holds another number.
//#changed: f *
#include "ring.inc"
#ifdef PATCHED
	RING 5, 4, 99
#else
	RING 5, 4, 5
#endif
