// A variable is added where a lock class key without size was the last of its section.
//#data-added: added
//#flags[gcc]: -fno-toplevel-reorder
//#gap[plain|cross|linked]: an address that a variable shares with a lock class key without a size is taken for the variable
struct lock_class_key { };
extern void init_lock(struct lock_class_key *);
static int opens;
int dev_open(void) { return ++opens; }
static struct lock_class_key __key;
void dev_setup(void) { init_lock(&__key); }
#ifdef PATCHED
int added;
#endif
