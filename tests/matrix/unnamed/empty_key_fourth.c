// A lock class key without a size shares its place with a variable whose address is taken, too. What takes a key says
// that it is the key, whatever the number of its argument.
//#compilers: gcc
//#variants: plain
//#added: more
//#data-added: total.1
struct lock_class_key { };
extern int __percpu_counter_init(void *counter, long amount, int gfp, struct lock_class_key *key);
extern void use(void *what);
extern char counter[40];

#ifdef PATCHED
void more(void)
{
	static long total;

	total++;
	use(&total);
}
#endif

int set_up(void)
{
	static struct lock_class_key key;

	return __percpu_counter_init(counter, 1, 2, &key);
}

static long list;

void put(void)
{
	use(&list);
}
