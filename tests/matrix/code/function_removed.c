// A function that is gone.
//#removed: stale
int one(int x) { return x * 3; }
#ifndef PATCHED
int stale(int x) { return x * 7; }
#endif
int two(int x) { return one(x) + 5; }
