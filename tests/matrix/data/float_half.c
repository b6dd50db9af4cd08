// A small constant that shares the bytes of a larger one's start.
//#flags: -msse2
//#changed: add constant
#ifdef PATCHED
#define TERM 1.5f
#else
#define TERM 1.25f
#endif
float add(float x) { return x + TERM; }
double other(double x) { return x + 1.25; }
