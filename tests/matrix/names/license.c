// A module is under another licence, and gets no functions that are for the GPL only.
//#any-of: note .modinfo license | note license license | note input.o license
#ifdef PATCHED
#define LICENSE "Proprietary"
#else
#define LICENSE "GPL"
#endif
static const char __UNIQUE_ID_license[] __attribute__((used, section(".modinfo"), aligned(1))) = "license=" LICENSE;
static const char __UNIQUE_ID_author[] __attribute__((used, section(".modinfo"), aligned(1))) = "author=someone";
int work(int x) { return x * 3; }
