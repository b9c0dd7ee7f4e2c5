#compdef airy
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# zsh completion of airy, as the function _airy in $fpath or by source <(airy completion zsh). It
# asks `airy __complete` for everything.

_airy() {
    local line value found=1
    local -a candidates spaceless
    candidates=()
    spaceless=()
    # The words before the cursor, and the begun part of the word at it, without their quotes.
    for line in "${(@f)$(${(Q)words[1]} __complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}"; do
        case $line in
        ('') ;;
        ($'\tfiles')
            [[ $PREFIX == --*=* ]] && compset -P 1 '*='
            _files && found=0
            ;;
        ($'\tcommand') _command_names -e && found=0 ;;
        ($'\tnospace') spaceless=(-S '') ;;
        (*)
            value=${line%%$'\t'*}
            candidates+=("${value//:/\\:}:${line#*$'\t'}")
            ;;
        esac
    done
    if (( $#candidates )); then
        _describe -V 'airy' candidates "${spaceless[@]}" && found=0
    fi
    return found
}

if [[ ${funcstack[1]} == _airy ]]; then
    _airy "$@"
else
    compdef _airy airy
fi
