// What stands behind a trap, or behind the trap that follows a return, is not what control comes to.
//#flags: -mharden-sls=all
//#unchanged
int ext(int);
#ifndef PATCHED
int one(int n) { return ext(n) * 3 + 1; }
int two(int n) { return ext(n) * 5 + 2; }
#endif
int three(int n) { if (n > 7) __builtin_trap(); return ext(n) + 3; }
#ifdef PATCHED
int two(int n) { return ext(n) * 5 + 2; }
int one(int n) { return ext(n) * 3 + 1; }
#endif
