// Functions in another order; the type of each and the room behind that move with it.
//#compilers: clang
//#flags: -fsanitize=kcfi -fpatchable-function-entry=11,11
//#unchanged
int ext(int);
#ifndef PATCHED
int one(int n) { return ext(n) + 1; }
int two(unsigned n) { return ext(n) + 2; }
#endif
int three(long n) { return ext(n) + 3; }
#ifdef PATCHED
int two(unsigned n) { return ext(n) + 2; }
int one(int n) { return ext(n) + 1; }
#endif
