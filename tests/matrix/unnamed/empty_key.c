// A function and its variable are added. Lock class keys without lockdep have no size, and the variable now stands
// where one of them does.
//#added: dev_refuse
//#data-added[gcc]: refused.1
//#data-added[clang]: dev_refuse.refused
//#gap[clang cross]: without data sections clang gives the last one of them a byte
struct lock_class_key { };
struct wq { int x; void *head; };
extern void init_waitqueue(struct wq *, const char *, struct lock_class_key *);
extern int printk(const char *, ...);
#ifdef PATCHED
int dev_refuse(int v) { static int refused; printk("refused\n"); return refused += v; }
#endif
static int opens;
void dev_setup(struct wq *w) { static struct lock_class_key __key; init_waitqueue(w, "&d->wait", &__key); }
int dev_open(void) { return ++opens; }
