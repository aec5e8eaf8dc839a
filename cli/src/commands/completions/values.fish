
# Names on this computer, where the word to be completed is one.
function __fish_bkt_values
    set -l words (commandline -opc) (commandline -ct)
    $words[1] complete -- $words[2..] 2>/dev/null
end
complete -c bkt -f -k -a "(__fish_bkt_values)"
for option in only exclude apply capture type category
    complete -c bkt -l $option -r -f -k -a "(__fish_bkt_values)"
end
