// The name of a tracepoint that is used, as the build checks it in 7.x: one more.
//#rule: bookkeeping
//#unchanged
void print(const char *format);
static const char check_first[] __attribute__((used, section("__tracepoint_check"))) = "first";
#ifdef PATCHED
static const char check_second[] __attribute__((used, section("__tracepoint_check"))) = "second";
#endif
void work(void) { print("text"); }
