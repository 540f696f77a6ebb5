//! A page of the specification on a terminal: headings stand out, paragraphs are wrapped, and blocks
//! are indented as they are.

use crate::render::wrap;
use crate::terminal::{Style, Terminal};

/// Lays out a page. Without colors, what is code keeps its marks.
pub(crate) fn layout(page: &str, terminal: &Terminal) -> String {
    let width = terminal.width.min(LINE_MAX);
    let mut out = String::new();
    let mut paragraph = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(info) = line.strip_prefix("```") {
            end_paragraph(&mut out, &mut paragraph, width);
            let info = info.strip_prefix("kiln").unwrap_or("").trim();
            if !info.is_empty() {
                out.push_str(&format!("  {}\n", terminal.paint(Style::Dim, &format!("{info}:"))));
            }
            for line in lines.by_ref() {
                if line.starts_with("```") {
                    break;
                }
                // What a block asserts is for the tests of the page.
                let line = line.split("  // error[").next().unwrap_or(line);
                let line = line.split("  // warning[").next().unwrap_or(line);
                out.push_str(format!("    {line}").trim_end());
                out.push('\n');
            }
            out.push('\n');
        } else if let Some(heading) = line.strip_prefix('#') {
            end_paragraph(&mut out, &mut paragraph, width);
            let heading = heading.trim_start_matches('#').trim();
            out.push_str(&format!("{}\n\n", terminal.paint(Style::Bold, heading)));
        } else if line.trim().is_empty() {
            end_paragraph(&mut out, &mut paragraph, width);
        } else if line.starts_with("- ") || line.starts_with("| ") {
            end_line(&mut out, &mut paragraph, width);
            paragraph.push_str(line);
        } else {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim());
        }
    }
    end_paragraph(&mut out, &mut paragraph, width);
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

/// Longer lines are hard to read.
const LINE_MAX: usize = 100;

fn end_line(out: &mut String, paragraph: &mut String, width: usize) {
    if !paragraph.is_empty() {
        let indent = if paragraph.starts_with("- ") { 2 } else { 0 };
        out.push_str(&wrap(paragraph, width, indent));
        out.push('\n');
        paragraph.clear();
    }
}

fn end_paragraph(out: &mut String, paragraph: &mut String, width: usize) {
    if !paragraph.is_empty() {
        end_line(out, paragraph, width);
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(page: &str, expected: Expect) {
        let terminal = Terminal { color: false, live: false, width: 40 };
        expected.assert_eq(&layout(page, &terminal));
    }

    #[test]
    fn paragraphs_are_wrapped_and_blocks_are_not() {
        check(
            "# unknown-option\n\nA package has no option of the name that is set, by `a long piece of code`.\n\n```kiln my.kiln\noverride dpdk\nmax = 64  // error[unknown-option]\n```\n\n- one\n- two and a few more words to fill the line\n",
            expect![[r#"
                unknown-option

                A package has no option of the name that
                is set, by `a long piece of code`.

                  my.kiln:
                    override dpdk
                    max = 64

                - one
                - two and a few more words to fill the
                  line
            "#]],
        );
    }
}
