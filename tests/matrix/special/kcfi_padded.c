// The type that kCFI checks, with room for the thunk that finds callers between it and the function.
//#compilers: clang
//#flags: -fsanitize=kcfi -fpatchable-function-entry=11,11
//#changed: work prefix
#ifdef PATCHED
int work(unsigned *p) { return *p == 3; }
#else
int work(int *p) { return *p == 3; }
#endif
int other(int *p) { return *p == 4; }
