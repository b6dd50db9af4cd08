
# The word $1 of the command line is `klp`: what is behind it, is completed.
__cargo_klp_behind() {
    COMP_WORDS=(cargo_klp "${COMP_WORDS[@]:$1 + 1}")
    COMP_CWORD=$((COMP_CWORD - $1))
    _cargo_klp cargo_klp "$2" "$3"
}

# `cargo-klp klp …`.
__cargo_klp_program() {
    if [[ $COMP_CWORD -eq 1 ]]; then
        COMPREPLY=($(compgen -W klp -- "$2"))
    elif [[ ${COMP_WORDS[1]} == klp ]]; then
        __cargo_klp_behind 1 "$2" "$3"
    fi
}

# `cargo klp …`; everything else of cargo's as before. Where bash-completion loads cargo's own completion on first
# use, it is loaded here.
__cargo_klp_cargo() {
    local at=1
    [[ ${COMP_WORDS[1]} == +* ]] && at=2
    if [[ ${COMP_WORDS[at]} == klp && $COMP_CWORD -gt $at ]]; then
        __cargo_klp_behind "$at" "$2" "$3"
        return
    fi
    if [[ -z $__cargo_klp_before ]]; then
        if declare -F _comp_load >/dev/null; then
            _comp_load cargo
        elif declare -F _completion_loader >/dev/null; then
            _completion_loader cargo
        fi
        __cargo_klp_take_over
    fi
    [[ -n $__cargo_klp_before ]] && "$__cargo_klp_before" "$@"
}

__cargo_klp_take_over() {
    if [[ $(complete -p cargo 2>/dev/null) =~ -F\ ([^\ ]+) ]]; then
        case ${BASH_REMATCH[1]} in
            __cargo_klp_cargo | _minimal | _comp_complete_minimal) ;;
            *) __cargo_klp_before=${BASH_REMATCH[1]} ;;
        esac
    fi
    complete -o bashdefault -o default -F __cargo_klp_cargo cargo
}

complete -o bashdefault -o default -F __cargo_klp_program cargo-klp
__cargo_klp_take_over
