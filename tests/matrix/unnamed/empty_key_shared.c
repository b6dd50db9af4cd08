// A new variable stands where a lock class key without a size does, and one of those who used the key uses the variable.
//#changed: dev_setup *
//#may: changed dev_other
//#data-added: fresh
//#may[clang]: data-removed key
struct lock_class_key { };
extern void init_lock(void *);
static struct lock_class_key key;
static int opens;
int dev_open(void) { return ++opens; }
#ifdef PATCHED
static int fresh;
void dev_setup(void) { init_lock(&fresh); }
#else
void dev_setup(void) { init_lock(&key); }
#endif
void dev_other(void) { init_lock(&key); }
