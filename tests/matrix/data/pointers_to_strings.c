// An unnamed table of pointers to strings: one of the texts.
//#changed: get constant
#ifdef PATCHED
#define LAST "four"
#else
#define LAST "three"
#endif
static const char *const *const names = (const char *const[]){ "one", "two", LAST };
static const char *const *const others = (const char *const[]){ "one", "two", "five" };
const char *get(unsigned i) { return names[i]; }
const char *get_other(unsigned i) { return others[i]; }
