// The same place, and one function takes the lock instead of the key, or another lock.
//#changed: dev_setup *
//#changed: dev_cancel *
//#gap[clang cross]: without data sections clang gives the last one of them a byte
struct lock_class_key { };
struct wq { int x; void *head; };
extern void __init_waitqueue_head(struct wq *, const char *, void *);
extern void lock(int *);
static struct lock_class_key __key;
static int cancel_lock;
static int other_lock;
void dev_setup(struct wq *w)
{
#ifdef PATCHED
	__init_waitqueue_head(w, "&d->wait", &other_lock);
#else
	__init_waitqueue_head(w, "&d->wait", &__key);
#endif
}
void dev_more(struct wq *w)
{
	__init_waitqueue_head(w, "&d->more", &__key);
}
void dev_cancel(void)
{
#ifdef PATCHED
	lock(&other_lock);
#else
	lock(&cancel_lock);
#endif
}
void dev_other(struct wq *w)
{
	lock(&cancel_lock);
	w->x = 1;
	lock(&other_lock);
}
