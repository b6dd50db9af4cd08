// Two entries of one table of the linker, which is gone through from its start, in the other order.
//#flags[gcc]: -fno-toplevel-reorder
//#note: .pci_fixup_final order
struct fixup { unsigned short vendor, device; int class; void (*hook)(void); };
void reset(void), enable(void);
#define FIXUP(hook) static const struct fixup __pci_fixup_##hook __attribute__((used, section(".pci_fixup_final"), aligned(8))) = { 0x8086, 0x1234, ~0, hook };
#ifdef PATCHED
FIXUP(enable)
FIXUP(reset)
#else
FIXUP(reset)
FIXUP(enable)
#endif
