# Turns each struct of a header of the kernel into a macro, for a larger struct to begin with its
# members: `struct abc { … };` becomes `#define _STRUCT_abc struct { … }`.
{
    gsub(/\/\*.*\*\/|\/\/.*$/, "")
    gsub(/^[ \t]+|[ \t]+$/, "")
}
!inside && /^(struct|union)[ \t]+[^ \t]+[ \t]+[{]/ {
    print "#define _STRUCT_" $2 " " $1 " { \\"
    inside = 1
    next
}
inside == 1 && /^[}].*;/ {
    print substr($0, 1, length($0) - 1) "\n"
    inside = 0
}
inside {
    print $0 " \\"
    if ($0 == "struct {" || $0 == "union {") inside++
    else if (/^[}].*;/) inside--
}
