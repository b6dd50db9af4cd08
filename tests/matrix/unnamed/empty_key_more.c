// One more lock class key, which has no size, in front of others: nothing else is another thing.
//#added: dev_first
//#may: data-added __key.0
//#may: data-added __key.1
//#may: data-added __key.2
//#may: data-added dev_first.__key
//#gap[clang cross]: without data sections clang gives the last one of them a byte
struct lock_class_key { };
struct wq { int x; void *head; };
extern void init_waitqueue(struct wq *, const char *, struct lock_class_key *);
static int opens;
#ifdef PATCHED
void dev_first(struct wq *w) { static struct lock_class_key __key; init_waitqueue(w, "&d->first", &__key); }
#endif
void dev_setup(struct wq *w) { static struct lock_class_key __key; init_waitqueue(w, "&d->wait", &__key); }
void dev_other(struct wq *w) { static struct lock_class_key __key; init_waitqueue(w, "&d->other", &__key); }
int dev_open(void) { return ++opens; }
