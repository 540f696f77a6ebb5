//! Doc comments and pages of the specification as HTML: paragraphs, headings, lists, tables, blocks
//! of code, and in lines code, emphasis and links.
//!
//! Whatever is not one of these is text. Links lead to pages of the site and to the web, and
//! nowhere else.

use crate::html::Html;

/// Where a link of a text leads, as it is written to where it is on the site.
pub(super) type Resolve<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Returns the blocks of a text. Its headings begin at `level`; the first one of a page is left out
/// if `untitled`.
pub(super) fn blocks(text: &str, level: usize, untitled: bool, resolve: Resolve<'_>) -> Html {
    let mut out = Html::new();
    let mut lines = text.lines().peekable();
    let mut untitled = untitled;
    while let Some(line) = lines.next() {
        let line = line.trim_end();
        if let Some(info) = line.trim_start().strip_prefix("```") {
            let mut code = String::new();
            for line in lines.by_ref() {
                if line.trim_start().starts_with("```") {
                    break;
                }
                code.push_str(without_assertion(line));
                code.push('\n');
            }
            out.push(block(info.trim(), &code));
        } else if let Some(heading) = line.strip_prefix('#') {
            let deeper = heading.chars().take_while(|it| *it == '#').count();
            if std::mem::take(&mut untitled) && deeper == 0 {
                continue;
            }
            let name = match (level + deeper).min(6) {
                1 => "h1",
                2 => "h2",
                3 => "h3",
                4 => "h4",
                _ => "h5",
            };
            let heading = heading.trim_start_matches('#').trim();
            out.push(Html::tag(name, inline(heading, resolve)).line());
        } else if is_item(line) {
            let mut items = vec![line[2..].to_owned()];
            while let Some(line) = lines.next_if(|it| is_item(it) || it.starts_with("  ")) {
                match (is_item(line), items.last_mut()) {
                    (false, Some(last)) => *last = format!("{last} {}", line.trim()),
                    _ => items.push(line[2..].to_owned()),
                }
            }
            let items: Html =
                items.iter().map(|it| Html::tag("li", inline(it, resolve)).line()).collect();
            out.push(Html::tag("ul", items).line());
        } else if line.starts_with('|') {
            let mut rows = vec![line.to_owned()];
            while let Some(line) = lines.next_if(|it| it.starts_with('|')) {
                rows.push(line.to_owned());
            }
            out.push(table(&rows, resolve));
        } else if !line.trim().is_empty() {
            let mut paragraph = line.trim().to_owned();
            let goes_on = |it: &&str| {
                !(it.trim().is_empty()
                    || it.starts_with(['#', '|', '`']) && !is_inline(it)
                    || is_item(it))
            };
            while let Some(line) = lines.next_if(goes_on) {
                paragraph.push(' ');
                paragraph.push_str(line.trim());
            }
            out.push(Html::tag("p", inline(&paragraph, resolve)).line());
        }
    }
    out
}

/// Whether a line that begins with a backtick is code in a line, and not a block.
fn is_inline(line: &str) -> bool {
    line.starts_with('`') && !line.starts_with("```")
}

fn is_item(line: &str) -> bool {
    line.starts_with("- ") || line.starts_with("* ")
}

/// What a line of a block asserts is for the tests of the page.
fn without_assertion(line: &str) -> &str {
    let line = line.split("// error[").next().unwrap_or(line);
    line.split("// warning[").next().unwrap_or(line).trim_end()
}

fn block(info: &str, code: &str) -> Html {
    let title = info.strip_prefix("kiln").unwrap_or("").trim();
    let mut html = Html::new();
    if !title.is_empty() && title != "ignore" {
        html.push(Html::tag("figcaption", Html::code(title)).line());
    }
    // A block that is wider than the page is scrolled, by keys too.
    let pre = Html::el("pre", &[("tabindex", "0")], Html::code(code.trim_end()));
    Html::el("figure", &[("class", "block")], html.then(pre)).line()
}

fn table(rows: &[String], resolve: Resolve<'_>) -> Html {
    let cells = |row: &str| -> Vec<String> {
        // A bar that is text has a backslash before it.
        let row = row.trim().trim_start_matches('|').replace("\\|", "\u{1}");
        let row = row.strip_suffix('|').unwrap_or(&row);
        row.split('|').map(|it| it.trim().replace('\u{1}', "|")).collect()
    };
    let is_rule = |row: &str| row.chars().all(|it| "|-: ".contains(it));
    let has_head = rows.get(1).is_some_and(|it| is_rule(it));
    let (mut head, mut body) = (Html::new(), Html::new());
    for (index, row) in rows.iter().enumerate().filter(|it| !is_rule(it.1)) {
        let is_head = has_head && index == 0;
        let cells = cells(row).into_iter().map(|it| match is_head {
            true => Html::el("th", &[("scope", "col")], inline(&it, resolve)),
            false => Html::tag("td", inline(&it, resolve)),
        });
        let row = Html::tag("tr", cells.collect::<Html>()).line();
        if is_head { head.push(row) } else { body.push(row) }
    }
    let mut html = Html::new();
    if !head.is_empty() {
        html.push(Html::tag("thead", head));
    }
    let table = Html::tag("table", html.then(Html::tag("tbody", body)));
    Html::el("div", &[("class", "wide"), ("tabindex", "0")], table).line()
}

/// Returns a line with its code, emphasis and links.
pub(super) fn inline(text: &str, resolve: Resolve<'_>) -> Html {
    let mut out = Html::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*', '[']) {
        let (before, here) = rest.split_at(at);
        out.push(before);
        let (piece, after) = code(here)
            .or_else(|| strong(here, resolve))
            .or_else(|| link(here, resolve))
            .unwrap_or_else(|| {
                let end = here.chars().next().map_or(0, char::len_utf8);
                (Html::text(&here[..end]), &here[end..])
            });
        out.push(piece);
        rest = after;
    }
    out.then(rest)
}

/// `` `code` ``, or with more backticks around it.
fn code(here: &str) -> Option<(Html, &str)> {
    let marks = here.bytes().take_while(|it| *it == b'`').count();
    let inner = here.get(marks..).filter(|_| marks > 0)?;
    let end = inner.find(&here[..marks])?;
    let text = &inner[..end];
    let text = text.strip_prefix(' ').and_then(|it| it.strip_suffix(' ')).unwrap_or(text);
    Some((Html::code(text), &inner[end + marks..]))
}

/// `**strong**`, `*emphasis*`
fn strong<'t>(here: &'t str, resolve: Resolve<'_>) -> Option<(Html, &'t str)> {
    let (name, mark) = if here.starts_with("**") { ("strong", "**") } else { ("em", "*") };
    let inner = here.strip_prefix(mark)?;
    let end = inner.find(mark).filter(|it| *it > 0)?;
    if inner.starts_with(' ') || inner[..end].ends_with(' ') {
        return None;
    }
    Some((Html::tag(name, inline(&inner[..end], resolve)), &inner[end + mark.len()..]))
}

/// `[text](where)`
fn link<'t>(here: &'t str, resolve: Resolve<'_>) -> Option<(Html, &'t str)> {
    let (text, rest) = here.strip_prefix('[')?.split_once("](")?;
    let (to, after) = rest.split_once(')')?;
    if text.contains('[') {
        return None;
    }
    let shown = inline(text, &|_| None);
    let piece = match resolve(to) {
        Some(href) => Html::link(&href, shown),
        None if is_web(to) => Html::el("a", &[("href", to), ("rel", "noreferrer")], shown),
        None => shown,
    };
    Some((piece, after))
}

/// Whether an address is one of the web.
pub(super) fn is_web(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    let host = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    host.is_some_and(|it| it.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let resolve = |it: &str| (it == "known.md").then(|| "known.html".to_owned());
        let html = blocks(text, 2, false, &resolve).document();
        expected.assert_eq(html.trim_start_matches("<!doctype html>\n"));
    }

    #[test]
    fn what_texts_are_made_of() {
        check(
            "One\ntwo `a < b`.\n\nThree **bold** *slanted* 2 * 3 * 4.",
            expect![[r#"
            <p>One two <code>a &lt; b</code>.</p>
            <p>Three <strong>bold</strong> <em>slanted</em> 2 * 3 * 4.</p>

        "#]],
        );
        check(
            "# Title\n\n- one\n- two\n  goes on\n",
            expect![[r#"
            <h2>Title</h2>
            <ul><li>one</li>
            <li>two goes on</li>
            </ul>

        "#]],
        );
        check(
            "```kiln my.kiln\nx = 1  // error[no]\n```\n",
            expect![[r#"
            <figure class="block"><figcaption><code>my.kiln</code></figcaption>
            <pre tabindex="0"><code>x = 1</code></pre></figure>

        "#]],
        );
        check(
            "| a | b |\n|---|---|\n| `x` | 1 \\| 2 |\n",
            expect![[r#"
            <div class="wide" tabindex="0"><table><thead><tr><th scope="col">a</th><th scope="col">b</th></tr>
            </thead><tbody><tr><td><code>x</code></td><td>1 | 2</td></tr>
            </tbody></table></div>

        "#]],
        );
    }

    #[test]
    fn links_lead_to_pages_and_the_web_only() {
        check(
            "[a](known.md) [b](https://x.test) [c](javascript:alert(1)) [d](other.md) [e](//x)",
            expect![[r#"
                <p><a href="known.html">a</a> <a href="https://x.test" rel="noreferrer">b</a> c) d e</p>

            "#]],
        );
    }

    #[test]
    fn whatever_is_open_is_text() {
        check(
            "`open **open [open](open\n```\nnever closed",
            expect![[r#"
            <p>`open **open [open](open</p>
            <figure class="block"><pre tabindex="0"><code>never closed</code></pre></figure>

        "#]],
        );
        check(
            "<script>alert(1)</script> & \"q\"",
            expect![[r#"
            <p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;q&quot;</p>

        "#]],
        );
    }
}
