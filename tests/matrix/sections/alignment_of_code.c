// Functions have another alignment.
//#unchanged
#ifdef PATCHED
#define ALIGNED 16
#else
#define ALIGNED 64
#endif
int outside(int);
__attribute__((aligned(ALIGNED))) int work(int x) { return outside(x) * 3; }
