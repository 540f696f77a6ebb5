[
  (block)
  (enum_body)
  (group)
  (record)
  (versions)
  (export_list)
  (match)
  (set)
  (list)
  (arguments)
  (parameters)
  (spec_items)
  (parenthesized)
] @indent.begin

["}" "]" ")"] @indent.branch @indent.end

; The lines of a long string belong to its writer.
[(string_content) (shell_content)] @indent.ignore
