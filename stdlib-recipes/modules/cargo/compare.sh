# Compares Cargo.lock ($1) with the crates of a recipe ($2: a line each, "name-version sha256"), and
# fails with what to write where the recipe lacks one or has another. Crates from git are named; how
# those get here is left to the recipe.
lock=$1
crates=$2
if [ ! -f "$lock" ]; then
    echo "there is no Cargo.lock in the source; put the one there that 'crates' is from, by a step: step lock before vendor = sh\"cp \\(file(\"Cargo.lock\")) Cargo.lock\"" >&2
    exit 1
fi
awk -v lock="$lock" '
    FILENAME == ARGV[1] { recipe[$1] = $2; next }
    /^\[\[package\]\]/ { name = version = "" }
    /^name = / { gsub(/"/, "", $3); name = $3 }
    /^version = / { gsub(/"/, "", $3); version = $3 }
    /^source = / {
        gsub(/"/, "", $3)
        if ($3 ~ /^git\+/) git = git "\n    " name " " version ", from " $3
    }
    /^checksum = / { gsub(/"/, "", $3); wanted[name "-" version] = $3 }
    # Older files have all checksums in their end.
    /^"checksum .*\(registry\+/ {
        if ($NF != "\"<none>\"") { gsub(/"/, "", $NF); wanted[$2 "-" $3] = $NF }
    }
    END {
        for (crate in wanted) {
            line = "\n    \"" crate "\": \"" wanted[crate] "\","
            if (!(crate in recipe)) missing[++missings] = line
            else if (recipe[crate] != wanted[crate]) other[++others] = line
        }
        if (git) print lock " has crates from git, which have no hash; a step has to put them where a configuration of Cargo says:" git
        if (missings) print "the recipe lacks crates that " lock " names; add to the field crates:" list(missing, missings)
        if (others) print "crates have another hash in " lock "; write in the field crates:" list(other, others)
        exit (missings || others) ? 1 : 0
    }
    function list(lines, count,   at, by, line, text) {
        for (at = 2; at <= count; at++) {
            line = lines[at]
            for (by = at - 1; by && lines[by] > line; by--) lines[by + 1] = lines[by]
            lines[by + 1] = line
        }
        for (at = 1; at <= count; at++) text = text lines[at]
        return text
    }
' "$crates" "$lock" >&2
