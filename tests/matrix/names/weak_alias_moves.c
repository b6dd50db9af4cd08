// A weak alias goes from one function to another: its callers are the same.
//#changed: q instruction
int a(int x) { return x + 1; }
int b(int x) { return x + 2; }
#ifdef PATCHED
extern int q(int) __attribute__((weak, alias("b")));
#else
extern int q(int) __attribute__((weak, alias("a")));
#endif
int f(int x) { return q(x); }
