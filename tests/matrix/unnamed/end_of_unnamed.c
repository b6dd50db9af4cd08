// The same with tables that have no names of their own.
//#added: user
//#may: data-added .rodata
//#gap[clang plain|linked|cross]: without data sections the end of one object is taken for the start of the next
int probe(const int *, const int *);
static const int __key[] __asm__("__key.1") = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17 };
static const int __flags[] __asm__("__flags.1") = { 11, 12, 13, 14, 15, 16, 17, 18, 19 };
#ifdef PATCHED
static const int _rs[] __asm__("_rs.1") = { 5, 6, 7, 8, 9, 1, 2, 3, 4 };
#endif
int find(void) { return probe(__key, __key + 16); }
#ifdef PATCHED
int user(unsigned long i) { return _rs[i]; }
#endif
int other(unsigned long i) { return __flags[i]; }
