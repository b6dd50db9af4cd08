// But the format of the message is compared.
//#changed: work constant
#ifdef PATCHED
#define FORMAT "count %d"
#else
#define FORMAT "value %d"
#endif
struct descriptor {
	const char *module, *function, *file, *format;
	unsigned line : 18, class : 6, flags : 8;
} __attribute__((aligned(8)));
void print(const struct descriptor *d);
void work(void)
{
	static struct descriptor descriptor __attribute__((section("__dyndbg"))) =
		{ "module", "work", "drivers/a.c", FORMAT, 10, 63, 0 };
	print(&descriptor);
}
