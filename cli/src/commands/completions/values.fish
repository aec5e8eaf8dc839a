
# Names on this computer, where the word to be completed is one.
function __fish_bkt_values
    set -l words (commandline -opc) (commandline -ct)
    $words[1] complete -- $words[2..] 2>/dev/null
end
complete -c bkt -f -k -a "(__fish_bkt_values)"
