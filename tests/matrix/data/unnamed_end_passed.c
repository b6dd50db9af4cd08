// Unnamed data of which code knows the end only.
//#changed: give constant
//#may: data __flags.1
//#may[cross]: data-removed __flags.1
#ifdef PATCHED
#define FIRST 0
#else
#define FIRST 1
#endif
void use(const int *end);
static const int __flags[] __asm__("__flags.1") = { FIRST, 2, 3, 4 };
static const int __key[] __asm__("__key.1") = { 11, 12, 13, 14 };
int get_other(unsigned long i) { return __key[i]; }
void give(void) { use(__flags + 4); }
