// __func__ of an inline function that has another name now.
//#changed: work *
void print(const char *text);
#ifdef PATCHED
#define helper helper_two
#else
#define helper helper_one
#endif
static inline __attribute__((always_inline)) void helper(void) { print(__func__); }
static inline __attribute__((always_inline)) void same(void) { print(__func__); }
void work(void) { helper(); }
void other(void) { same(); }
