# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# fish completion of airy: airy completion fish | source. It asks `airy __complete` for everything.

function __airy_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case \tfiles
                __fish_complete_path (string replace -r '^--[^=]*=' '' -- $current)
            case \tcommand
                __fish_complete_command
            case \tnospace
                # fish itself adds no space behind `=`.
            case '*'
                echo $line
        end
    end
end

complete -c airy -f -a '(__airy_complete)'
