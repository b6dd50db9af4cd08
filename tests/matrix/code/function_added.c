// A new function that nobody calls yet, between two others.
//#added: fresh
int one(int x) { return x * 3; }
#ifdef PATCHED
int fresh(int x) { return x * 7; }
#endif
int two(int x) { return one(x) + 5; }
