// A dynamic debug descriptor: line, file and function move, and so does nothing.
//#rule: line-number
//#unchanged
#ifdef PATCHED
#define WHERE "init2", "drivers/renamed.c"
#define LINE 20
#else
#define WHERE "init1", "drivers/a.c"
#define LINE 10
#endif
struct descriptor {
	const char *module, *function, *file, *format;
	unsigned line : 18, class : 6, flags : 8;
} __attribute__((aligned(8)));
void print(const struct descriptor *d);
void work(void)
{
	static struct descriptor descriptor __attribute__((section("__dyndbg"))) =
		{ "module", WHERE, "value %d", LINE, 63, 0 };
	print(&descriptor);
}
