// Two parameters in the other order.
//#flags[gcc]: -fno-toplevel-reorder
//#note: __param order
struct kernel_param { const char *name; const void *ops; void *arg; };
extern const int param_ops_int;
static int first = 1, second = 2;
#define PARAM(var) \
	static const char __param_str_##var[] = #var; \
	static const struct kernel_param __param_##var __attribute__((used, section("__param"), aligned(8))) = { __param_str_##var, &param_ops_int, &var };
#ifdef PATCHED
PARAM(second)
PARAM(first)
#else
PARAM(first)
PARAM(second)
#endif
int get(void) { return *(volatile int *)&first + *(volatile int *)&second; }
