// A function starts with NOPs that ftrace and BPF may patch, or does not.
//#changed: dispatch *
//#section: __patchable_function_entries address
#ifndef PATCHED
__attribute__((patchable_function_entry(5)))
#endif
int dispatch(const void *ctx, const void *insn, int (*f)(const void *, const void *))
{
	return f(ctx, insn);
}
