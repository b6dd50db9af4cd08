// A function of the same name, but here and static.
//#added: helper
//#changed: work relocation
//#unlocated: work
#ifdef PATCHED
static __attribute__((noinline, noclone)) int helper(int x) { asm(""); return x * 7; }
#else
int helper(int x);
#endif
int work(int x) { return helper(x) + 1; }
