; The text of `sh"…"` is shell text; what is interpolated in it is not.
((string (shell_content) @injection.content)
  (#set! injection.language "bash")
  (#set! injection.combined))

((regex) @injection.content
  (#set! injection.language "regex"))

([(comment) (doc_comment)] @injection.content
  (#set! injection.language "comment"))
