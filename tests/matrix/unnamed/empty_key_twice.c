// A new variable stands where a lock class key without a size does whose address is taken twice.
//#added: dev_refuse
//#data-added[gcc]: refused.1
//#data-added[clang]: dev_refuse.refused
//#gap[plain|cross|linked]: where the address is taken more often than there are keys, nothing tells a key from the variable
struct lock_class_key { };
struct wq { int x; void *head; };
extern void init_waitqueue(struct wq *, const char *, struct lock_class_key *);
extern int printk(const char *, ...);
#ifdef PATCHED
int dev_refuse(int v) { static int refused; printk("refused\n"); return refused += v; }
#endif
static int opens;
void dev_setup(struct wq *w)
{
	static struct lock_class_key __key;
	init_waitqueue(w, "&d->wait", &__key);
	init_waitqueue(w + 1, "&d->wait", &__key);
}
int dev_open(void) { return ++opens; }
