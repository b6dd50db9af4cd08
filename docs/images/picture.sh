#!/usr/bin/env bash
# A picture of what a terminal shows: docs/images/picture.sh NAME.png ROWS SCRIPT
# SCRIPT is run by bash in xterm, on a screen of its own. Needs xterm, xvfb, x11-apps and netpbm, and DejaVu's fonts.
set -euo pipefail
picture=$1 rows=$2 script=$(realpath "$3")
scratch=$(mktemp -d)
trap 'kill "${screen:-}" 2>/dev/null || true; rm -rf "$scratch"' EXIT
Xvfb -displayfd 3 -screen 0 1400x2000x24 3>"$scratch/display" 2>/dev/null &
screen=$!
until [ -s "$scratch/display" ]; do sleep 0.1; done
export DISPLAY=":$(cat "$scratch/display")"
cat >"$scratch/run" <<END
printf '\033[?25l'
bash '$script'
xwd -silent -id \$WINDOWID >'$scratch/dump'
END
xterm -bw 0 -geometry "112x$rows" -fa 'DejaVu Sans Mono' -fs 11 -b 8 -bg '#1e1e2e' -fg '#e6e6e6' +sb \
  -xrm 'XTerm*color1: #ff5555' -xrm 'XTerm*color2: #00ff00' -xrm 'XTerm*color3: #ffff00' -xrm 'XTerm*color6: #00ffff' -e bash "$scratch/run"
xwdtopnm "$scratch/dump" 2>/dev/null | pnmquant 256 2>/dev/null | pnmtopng -compression 9 2>/dev/null >"$picture"
