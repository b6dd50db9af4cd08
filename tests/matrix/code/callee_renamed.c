// A static function has another name.
//#added: helper_two
//#removed: helper_one
//#changed: work relocation
#ifdef PATCHED
#define helper helper_two
#else
#define helper helper_one
#endif
static __attribute__((noinline, noclone)) int helper(int x) { asm(""); return x * 7; }
int work(int x) { return helper(x) + 1; }
