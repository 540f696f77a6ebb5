; Names of nodes are those of grammar.js; names of captures are those that editors share.

(comment) @comment
(doc_comment) @comment.documentation

[
  "recipe" "override" "overlay" "project" "module" "interface"
  "feature" "knob" "field" "enum" "group" "record" "type" "fn" "let" "versions"
  "provides" "require" "conflict" "unavailable"
  "arg" "step" "steps" "include" "use" "mixin" "compile" "output" "exports" "ignore" "preset"
  "want" "publish" "overlays" "policy" "pkgs" "where"
] @keyword

["build" "host" "run" "test" "extends"] @keyword.import
["if" "then" "else" "match" "when"] @keyword.conditional
["for"] @keyword.repeat
["has" "any" "all" "in"] @keyword.operator
["join" "split" "sticky" "exact" "as" "from" "of" "to" "before" "after" "with"] @keyword.modifier

(integer) @number
(quantity) @number
(version) @number
(series) @number
(regex) @string.regexp

[(string_open) (shell_open) (string_close)] @string
[(string_content) (shell_content)] @string
(interpolation (interpolation_open) @punctuation.special ")" @punctuation.special)

(header name: (identifier) @module)
(feature name: (identifier) @property)
(knob name: (identifier) @property)
(field name: (identifier) @property)
(setting option: (path (identifier) @property))
(spec_item (path (identifier) @property))
(enum name: (identifier) @type)
(record name: (identifier) @type)
(type_alias name: (identifier) @type)
(named_type (path (identifier) @type))
(enumerator name: (identifier) @constant)
(group name: (identifier) @constant)
(dot_name (identifier) @constant)
(function name: (identifier) @function)
(call function: (name_expression (identifier) @function.call))
(call function: (member name: (identifier) @function.method.call))
(parameter name: (identifier) @variable.parameter)
(argument name: (identifier) @variable.parameter)
(let name: (identifier) @variable)
(step name: (identifier) @function)
(mixin name: (identifier) @module)
(preset name: (identifier) @module)
(compile name: (identifier) @module)
(output name: (identifier) @module)
(spec name: (path (identifier) @module))
(amend name: (path (identifier) @module))
(export key: (identifier) @keyword.import)
(attribute "@" @attribute name: (identifier) @attribute)
(member name: (identifier) @variable.member)

((name_expression (identifier) @constant.builtin) (#any-of? @constant.builtin "on" "off" "null"))
((name_expression (identifier) @variable.builtin)
  (#any-of? @variable.builtin "platform" "toolchain" "machine" "facts" "dep" "deps" "out" "version" "prev" "default" "it"))

["=" "+=" "-=" "==" "!=" "<" "<=" ">" ">=" "|" "&" "!" "~" "+" "-" "*" "%" ".." "..=" "=>" "->" "?"] @operator
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," ":" ";" "."] @punctuation.delimiter
