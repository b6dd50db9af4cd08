// A lock class key without a size, which is used twice, stands where a lock does whose address is taken, too; then a new
// variable takes the place of both. What takes a key tells it from the lock.
//#added: dev_refuse
//#data-added[gcc]: refused.1 read-by=dev_refuse
//#data-added[clang]: dev_refuse.refused read-by=dev_refuse
//#gap[clang cross]: without data sections clang gives the last one of them a byte
struct lock_class_key { };
struct wq { int x; void *head; };
extern void __init_waitqueue_head(struct wq *, const char *, struct lock_class_key *);
extern void lock(int *);
#ifdef PATCHED
int dev_refuse(int v) { static int refused; return refused += v; }
#endif
static int cancel_lock;
static inline void init(struct wq *w)
{
	static struct lock_class_key __key;
	__init_waitqueue_head(w, "&d->wait", &__key);
}
int dev_setup(struct wq *w, int kind)
{
	init(w);
	return kind;
}
void dev_setup_all(struct wq *w)
{
	init(w);
	init(w + 1);
}
void dev_cancel(void)
{
	lock(&cancel_lock);
}
void dev_cancel_later(struct wq *w)
{
	lock(&cancel_lock);
	w->x = 1;
}
