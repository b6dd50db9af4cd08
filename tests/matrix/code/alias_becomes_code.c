// What was a second name has code of its own now.
//#changed: name *
int one(int x) { return x * 3; }
#ifdef PATCHED
int name(int x) { return x * 5; }
#else
int name(int x) __attribute__((alias("one")));
#endif
