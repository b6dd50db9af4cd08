
# The entry. Cargo's own `_cargo` calls it with `klp …` as the words, the shell with `cargo-klp klp …`.
_cargo-klp() {
    if [[ $words[1] != klp ]]; then
        if (( CURRENT == 2 )); then
            compadd klp
            return
        fi
        shift words
        (( CURRENT -= 1 ))
    fi
    _cargo-klp-klp "$@"
}

# Without cargo's own: `cargo klp` is the same, `cargo` is what the shell completes by default.
_cargo-klp-cargo() {
    if [[ $words[2] == +* && $CURRENT -gt 2 ]]; then
        shift words
        (( CURRENT -= 1 ))
    fi
    if [[ $words[2] == klp && $CURRENT -gt 2 ]]; then
        shift words
        (( CURRENT -= 1 ))
        _cargo-klp "$@"
    elif (( CURRENT == 2 )); then
        compadd klp
    else
        _default
    fi
}

if [ "$funcstack[1]" = "_cargo-klp" ]; then
    _cargo-klp "$@"
else
    compdef _cargo-klp cargo-klp
    (( $+_comps[cargo] )) || compdef _cargo-klp-cargo cargo
fi
