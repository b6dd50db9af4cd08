// Two functions with such NOPs change places.
//#flags[gcc]: -fno-toplevel-reorder
//#unchanged
#define PATCHABLE __attribute__((patchable_function_entry(5)))
int work(int);
#ifdef PATCHED
PATCHABLE int two(int x) { return work(x) * 5; }
PATCHABLE int one(int x) { return work(x) * 3; }
#else
PATCHABLE int one(int x) { return work(x) * 3; }
PATCHABLE int two(int x) { return work(x) * 5; }
#endif
