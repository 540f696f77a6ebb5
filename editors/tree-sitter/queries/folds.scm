[
  (block)
  (enum_body)
  (record)
  (versions)
  (export_list)
  (match)
  (set)
  (list)
  (arguments)
  (parameters)
  (string)
] @fold
