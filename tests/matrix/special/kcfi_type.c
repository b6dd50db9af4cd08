// The type that kCFI checks, in the prefix of the function; the code stays as it is.
//#compilers: clang
//#flags: -fsanitize=kcfi
//#changed: work prefix
#ifdef PATCHED
int work(unsigned *p) { return *p == 3; }
#else
int work(int *p) { return *p == 3; }
#endif
int other(int *p) { return *p == 4; }
