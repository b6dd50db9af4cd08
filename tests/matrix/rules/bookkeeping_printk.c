// An entry of the printk index: its line moves.
//#rule: bookkeeping
//#unchanged
#ifdef PATCHED
#define LINE 20
#else
#define LINE 10
#endif
struct entry { const char *format, *function, *file; unsigned line; };
void print(const char *format);
void work(void)
{
	static const struct entry _entry = { "text", "work", "a.c", LINE };
	static const struct entry *_entry_ptr __attribute__((used, section(".printk_index"))) = &_entry;
	print("text");
}
