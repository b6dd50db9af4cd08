# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Targets of cargo-klp for a kernel tree. `cargo klp makefile --install DIR` writes this file.
#
#   make -f klp.mk klp PATCH=fix.patch                      # what does the patch change?
#   make -f klp.mk klp PATCH="a.patch b.patch" O=build LLVM=1
#   make -f klp.mk klp                                      # only build and keep the original
#   make -f klp.mk klp-diff ORIGINAL=old/vmlinux.o PATCHED=new/vmlinux.o
#   make -f klp.mk klp-allowlist                            # which changes are expected?
#   make -f klp.mk klp-clean
#
# The jobs of the parent make are shared: `make -j8 -f klp.mk klp ...` never runs more than eight.
# A Makefile of your own can include this file, since no target here is a default one.
#
# KDIR       the kernel's sources, or the output directory of an O= build (the current directory)
# O          the output directory, where it is another one
# PATCH      patches, in the order in which they are applied
# ORIGINAL   for klp-diff: an object, a checksum file or a build directory; as kept of the last run
# PATCHED    the same after the patch
# ALLOWLIST  rules, where they are not in klp.toml
# KLPFLAGS   more options, such as --message-format=json
# CARGO_KLP  the program
#
# What make's own command line sets (LLVM=1, CC=, KCFLAGS=, ...) reaches the build of the kernel
# through the environment.

KDIR ?= $(CURDIR)
CARGO_KLP ?= cargo-klp klp

klp-dir = $(or $(CARGO_KLP_TARGET_DIR),$(or $(O),$(KDIR))/.klp)
klp-where = -C $(KDIR) $(if $(O),-O $(O))
klp-rules = $(if $(ALLOWLIST),--allowlist $(ALLOWLIST))

.PHONY: klp klp-diff klp-allowlist klp-clean

klp:
	+$(strip $(CARGO_KLP) build $(klp-where) $(klp-rules) $(KLPFLAGS) $(PATCH))

klp-diff:
	+$(strip $(CARGO_KLP) diff $(klp-rules) $(KLPFLAGS) \
		$(or $(ORIGINAL),$(klp-dir)/original/checksums) $(or $(PATCHED),$(klp-dir)/patched.checksums))

klp-allowlist:
	+$(strip $(CARGO_KLP) allowlist $(klp-where) $(klp-rules) $(KLPFLAGS))

klp-clean:
	+$(strip $(CARGO_KLP) clean $(klp-where) $(KLPFLAGS))
