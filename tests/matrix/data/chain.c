// Unnamed data behind unnamed data behind unnamed data.
//#changed: get constant
struct leaf { const char *text; int number; };
struct inner { const struct leaf *leaf; };
#ifdef PATCHED
#define NUMBER 4
#else
#define NUMBER 3
#endif
#define LEAF(text, number) &(const struct inner){ &(const struct leaf){ text, number } }
static const struct inner *const *const table = (const struct inner *const[]){ LEAF("one", 1), LEAF("two", NUMBER) };
static const struct inner *const *const others = (const struct inner *const[]){ LEAF("one", 1), LEAF("two", 5) };
const struct inner *get(unsigned i) { return table[i]; }
const struct inner *get_other(unsigned i) { return others[i]; }
