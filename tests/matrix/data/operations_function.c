// A structure points to a function that changes: the structure does not.
//#changed: open_one instruction
struct operations { int (*open)(int); };
#ifdef PATCHED
static int open_one(int x) { return x * 3; }
#else
static int open_one(int x) { return x * 5; }
#endif
const struct operations operations = { open_one };
