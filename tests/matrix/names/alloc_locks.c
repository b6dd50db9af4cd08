// Two functions exchange their variables, whose names begin as those of Rust's constants do.
//#changed: fast_path *
//#changed: slow_path *
extern void lock(int *);
static int alloc_fast, alloc_slow;
#ifdef PATCHED
void fast_path(void) { lock(&alloc_slow); }
void slow_path(int n) { lock(&alloc_fast); lock(&n); }
#else
void fast_path(void) { lock(&alloc_fast); }
void slow_path(int n) { lock(&alloc_slow); lock(&n); }
#endif
