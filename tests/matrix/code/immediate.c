// A number in the code.
//#changed: work instruction
#ifdef PATCHED
int work(int x) { return x + 1235; }
#else
int work(int x) { return x + 1234; }
#endif
