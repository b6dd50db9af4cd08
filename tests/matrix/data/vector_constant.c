// A vector (.rodata.cst16): its last element.
//#flags: -msse2
//#changed: mask constant
typedef int vector __attribute__((vector_size(16)));
#ifdef PATCHED
#define LAST 5
#else
#define LAST 4
#endif
vector mask(vector x) { return x & (vector){ 1, 2, 3, LAST }; }
vector other(vector x) { return x & (vector){ 9, 8, 7, 6 }; }
