// A static function becomes global: nothing else does.
//#unchanged
#ifndef PATCHED
static
#endif
__attribute__((noinline, noclone, used)) int helper(int x) { asm(""); return x * 7; }
int work(int x) { return helper(x) + 1; }
