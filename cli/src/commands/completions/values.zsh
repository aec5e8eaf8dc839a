# Names on this computer, where the word to be completed is one.
_bkt_values() {
    local -a found
    found=(${(f)"$("${words[1]}" complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)"})
    (($#found)) || return 1
    found=("${(@)found%%$'\t'*}")
    compadd -S '' -- ${(M)found:#*:}
    compadd -- ${found:#*:}
    return 0
}

