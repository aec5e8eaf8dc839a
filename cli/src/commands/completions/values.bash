# Names on this computer, where the word to be completed is one.
_bkt_values() {
    local line=${COMP_LINE:0:COMP_POINT} word current=${COMP_WORDS[COMP_CWORD]} before
    local -a words found
    read -r -a words <<<"$line"
    [[ $line != *[[:space:]] ]] || words+=("")
    mapfile -t found < <("$1" complete -- "${words[@]:1}" 2>/dev/null)
    ((${#found[@]})) || return 1
    # To bash a colon ends a word; what stands before it is not completed.
    word=${words[-1]}
    before=${word%"$current"}
    [[ -n $current && $COMP_WORDBREAKS == *"$current"* ]] && before=$word
    found=("${found[@]%%$'\t'*}")
    COMPREPLY=("${found[@]#"$before"}")
    [[ ${COMPREPLY[0]} != *: ]] || compopt -o nospace 2>/dev/null
    return 0
}

