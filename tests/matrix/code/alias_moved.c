// A second name now means other code.
//#changed: name *
int one(int x) { return x * 3; }
int two(int x) { return x * 5; }
#ifdef PATCHED
int name(int x) __attribute__((alias("two")));
#else
int name(int x) __attribute__((alias("one")));
#endif
