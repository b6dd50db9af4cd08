
# `cargo klp` is completed as `cargo-klp klp`; the rest of cargo's as before.
function __fish_cargo_klp_is_meant
    set -l words (commandline -opc)
    string match -q -- '+*' $words[2]; and set -e words[2]
    test (count $words) -gt 1; and test "$words[2]" = klp
end

function __fish_cargo_klp_complete
    set -l words (commandline -opc)
    string match -q -- '+*' $words[2]; and set -e words[2]
    set -e words[1]
    complete -C "cargo-klp "(string join ' ' -- (string escape -- $words))" "(commandline -ct)
end

complete -c cargo -n __fish_use_subcommand -f -a klp -d 'Name the functions that a kernel patch changes'
complete -c cargo -n __fish_cargo_klp_is_meant -f -a '(__fish_cargo_klp_complete)'
