// What was a second name (that sorts behind the first) has code of its own now.
//#changed: zero *
int one(int x) { return x * 3; }
#ifdef PATCHED
int zero(int x) { return x * 5; }
#else
int zero(int x) __attribute__((alias("one")));
#endif
