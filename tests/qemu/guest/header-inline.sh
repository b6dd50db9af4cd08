# before: written
# after: refused
# The function is inlined into tty_io.o, tty_port.o and serial_core.o.
echo klp-write >/dev/ttyS0 2>/dev/null && echo written || echo refused
