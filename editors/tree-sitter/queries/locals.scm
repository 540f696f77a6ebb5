[(source_file) (block) (function) (lambda) (for_element) (for)] @local.scope

(feature name: (identifier) @local.definition.field)
(knob name: (identifier) @local.definition.field)
(field name: (identifier) @local.definition.field)
(let name: (identifier) @local.definition.var)
(function name: (identifier) @local.definition.function)
(parameter name: (identifier) @local.definition.parameter)
(lambda (identifier) @local.definition.parameter)
(for_element (identifier) @local.definition.var)
(for (identifier) @local.definition.var)
(enum name: (identifier) @local.definition.type)
(enumerator name: (identifier) @local.definition.enum)
(mixin name: (identifier) @local.definition.namespace)

(name_expression (identifier) @local.reference)
