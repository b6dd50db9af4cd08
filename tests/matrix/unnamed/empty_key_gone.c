// The variable that stands where a lock class key without a size did is used instead of it.
//#changed: dev_setup *
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
