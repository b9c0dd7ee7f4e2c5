# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# bash completion of airy: source <(airy completion bash). It asks `airy __complete` for everything.

# Sets `words` to the words up to the cursor; joins the parts that bash split at `=` and `:`.
_airy_words() {
    local line=${COMP_LINE:0:COMP_POINT} i word
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i == COMP_CWORD)); then word=${line#"${line%%[![:space:]]*}"}; fi
        if ((i == 0)) || [[ $line == [[:space:]]* || -z $line ]]; then
            words+=("$word")
        else
            words[${#words[@]} - 1]+=$word
        fi
        line=${line#"${line%%[![:space:]]*}"}
        line=${line#"$word"}
    done
}

_airy() {
    local words answers line candidate current broken=
    _airy_words
    current=${words[${#words[@]} - 1]}
    # bash replaces only the text behind the last break.
    if [[ $COMP_WORDBREAKS == *=* && $current == *=* ]]; then broken=${current%"${current##*=}"}; fi
    if [[ $COMP_WORDBREAKS == *:* && ${current#"$broken"} == *:* ]]; then
        broken=${current%"${current##*:}"}
    fi
    COMPREPLY=()
    mapfile -t answers < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
    for line in "${answers[@]}"; do
        case $line in
        $'\tfiles')
            compopt -o filenames 2>/dev/null
            while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done \
                < <(compgen -f -- "${current#"$broken"}")
            ;;
        $'\tcommand')
            while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done \
                < <(compgen -c -- "$current")
            ;;
        $'\tnospace') compopt -o nospace 2>/dev/null ;;
        *)
            candidate=${line%%$'\t'*}
            printf -v candidate %q "${candidate#"$broken"}"
            COMPREPLY+=("$candidate")
            ;;
        esac
    done
}

complete -F _airy airy
