// A floating-point constant (.rodata.cst8).
//#flags: -msse2
//#changed: scale constant
#ifdef PATCHED
#define FACTOR 2.75
#else
#define FACTOR 2.25
#endif
double scale(double x) { return x * FACTOR; }
double other(double x) { return x * 3.25; }
