// A second name (that sorts behind the first) now means other code.
//#changed: zero *
int one(int x) { return x * 3; }
int two(int x) { return x * 5; }
#ifdef PATCHED
int zero(int x) __attribute__((alias("two")));
#else
int zero(int x) __attribute__((alias("one")));
#endif
