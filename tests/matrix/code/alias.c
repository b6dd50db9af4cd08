// Code with two names changes once.
//#changed: work instruction
#ifdef PATCHED
int work(int x) { return x * 3; }
#else
int work(int x) { return x * 5; }
#endif
int work_too(int x) __attribute__((alias("work")));
