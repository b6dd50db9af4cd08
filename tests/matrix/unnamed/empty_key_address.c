// A new function takes the address of a variable that stands where a lock class key without a size does.
//#added: dev_count
//#gap[plain|cross|linked]: where the address is taken more often than there are keys, nothing tells a key from the variable
struct lock_class_key { };
struct wq { int x; void *head; };
extern void init_waitqueue(struct wq *, const char *, struct lock_class_key *);
extern int count(int *);
static int opens;
void dev_setup(struct wq *w) { static struct lock_class_key __key; init_waitqueue(w, "&d->wait", &__key); }
int dev_open(void) { return ++opens; }
#ifdef PATCHED
int dev_count(void) { return count(&opens); }
#endif
