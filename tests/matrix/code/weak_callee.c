// A call of a function that is now weak and here, where it was elsewhere.
//#added: helper
//#unchanged
int helper(int x);
#ifdef PATCHED
__attribute__((weak)) int helper(int x) { return x * 7; }
#endif
int work(int x) { return helper(x) + 1; }
