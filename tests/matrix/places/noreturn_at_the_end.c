// Functions that end in a call that does not return: what follows them is nothing.
//#flags[gcc]: -fno-toplevel-reorder
//#unchanged
void panic(int) __attribute__((noreturn));
int work(int);
#ifdef PATCHED
int second(int x) { return work(x) + 2; }
int third(int x) { return work(x) * 5; }
void first(int x) { work(x); panic(x); }
#else
void first(int x) { work(x); panic(x); }
int second(int x) { return work(x) + 2; }
int third(int x) { return work(x) * 5; }
#endif
