// A function that can no longer be traced, and so not be patched.
//#section: __mcount_loc presence
//#flags: -pg -mfentry
//#flags[gcc]: -mrecord-mcount
//#changed: work traceable
#ifdef PATCHED
__attribute__((no_instrument_function))
#endif
int work(int x) { return x * 3; }
int other(int x) { return x * 5; }
