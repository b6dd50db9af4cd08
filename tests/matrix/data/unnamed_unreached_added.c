// One more of what nothing refers to by name, such as the function's name of a debug message: what was
// there is the same, in another order.
//#data-added: .names
//#note: .names order
#define NAME(symbol, text) \
	static const char symbol[] __attribute__((used, section(".names"))) = text;
#ifdef PATCHED
NAME(__UNIQUE_ID_name1, "second")
NAME(__UNIQUE_ID_name2, "first")
NAME(__UNIQUE_ID_name3, "third")
#else
NAME(__UNIQUE_ID_name1, "first")
NAME(__UNIQUE_ID_name2, "second")
#endif
