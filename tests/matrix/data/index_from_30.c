// An index that starts at 30: the compilers subtract it, or take an address before the table.
//#changed: get *
#ifdef PATCHED
#define LAST 9
#else
#define LAST 8
#endif
static const int __flags[] __asm__("__flags.1") = { 1, 7, LAST };
static const int __key[] __asm__("__key.1") = { 11, 12, 13, 14, 15, 16 };
int get(int i) { return i > 29 && i < 33 ? __flags[i - 30] : 0; }
int get_other(int i) { return __key[i]; }
