// A variable is added where a lock class key without size was the last of its section.
//#data-added: added
//#flags[gcc]: -fno-toplevel-reorder
//#gap[clang cross]: without data sections clang gives the last one of them a byte
struct lock_class_key { };
extern void init_lock(struct lock_class_key *);
static int opens;
int dev_open(void) { return ++opens; }
static struct lock_class_key __key;
void dev_setup(void) { init_lock(&__key); }
#ifdef PATCHED
int added;
#endif
