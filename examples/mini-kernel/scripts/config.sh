#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# All there is of a configurator, run in the output directory:
#   config.sh defaults KCONFIG   write .config with the defaults
#   config.sh complete KCONFIG   keep what .config says, add what it lacks
#   config.sh sync               make include/config and include/generated from .config
set -e

# The `config NAME` and `default VALUE` lines of a Kconfig, as .config lines.
defaults() {
	awk '$1 == "config" { name = $2 }
	     $1 == "default" && $2 == "n" { print "# CONFIG_" name " is not set" }
	     $1 == "default" && $2 != "n" { print "CONFIG_" name "=" $2 }' "$1"
}

compiler() {
	text=$($CC --version | head -n 1)
	echo "CONFIG_CC_VERSION_TEXT=\"$text\""
	case $text in
	*clang*) echo CONFIG_CC_IS_CLANG=y ;;
	*) echo CONFIG_CC_IS_GCC=y ;;
	esac
}

# Writes standard input to a file, but only if that changes the file.
update() {
	cat > "$1.tmp"
	if cmp -s "$1.tmp" "$1"; then rm "$1.tmp"; else mv "$1.tmp" "$1"; fi
}

write_config() {
	{
		echo "#"
		echo "# Automatically generated file; DO NOT EDIT."
		echo "# Linux/x86 mini Kernel Configuration"
		echo "#"
		compiler
		{ [ "$1" = complete ] && [ -f .config ] && cat .config; defaults "$2"; } |
		awk '/^CONFIG_CC_(VERSION_TEXT|IS_)/ { next }
		     /^CONFIG_/ { name = $0; sub(/=.*/, "", name) }
		     /^# CONFIG_.* is not set$/ { name = $2 }
		     /^(CONFIG_|# CONFIG_.* is not set$)/ && !seen[name]++ { print }'
	} | update .config
	echo "#"
	echo "# configuration written to .config"
	echo "#"
}

sync() {
	mkdir -p include/config include/generated
	[ -f include/config/auto.conf ] || : > include/config/auto.conf
	# Objects depend on include/config/NAME for each CONFIG_NAME they mention.
	grep '^CONFIG_' .config | diff - include/config/auto.conf |
	sed -n 's/^[<>] CONFIG_\([A-Za-z0-9_]*\)=.*/\1/p' | sort -u |
	while read -r name; do : > "include/config/$name"; done
	sed -n -e 's/^CONFIG_\([A-Za-z0-9_]*\)=y$/#define CONFIG_\1 1/p' \
		-e 's/^CONFIG_\([A-Za-z0-9_]*\)=m$/#define CONFIG_\1_MODULE 1/p' \
		-e '/=[ym]$/d' \
		-e 's/^CONFIG_\([A-Za-z0-9_]*\)=\(.*\)$/#define CONFIG_\1 \2/p' .config |
	update include/generated/autoconf.h
	grep '^CONFIG_' .config > include/config/auto.conf.tmp
	mv include/config/auto.conf.tmp include/config/auto.conf
}

case $1 in
defaults | complete) write_config "$1" "$2" ;;
sync) sync ;;
esac
