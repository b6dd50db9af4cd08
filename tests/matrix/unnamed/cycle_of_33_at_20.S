// A ring of 33 constants without symbols; the one after 20 steps holds another number.
//#changed: f *
#include "ring.inc"
#ifdef PATCHED
	RING 33, 20, 99
#else
	RING 33, 20, 21
#endif
