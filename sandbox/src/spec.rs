//! Holds `spec/build/` and the code together: tables, and the rules that the code cites.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::plan::spec as plan;
use crate::seccomp::{CALLS, FAMILIES, NEWEST, NOTHING};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/build")
}

fn page(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

/// Returns the rows of the table with this heading: cells without their quotes.
fn table(page: &str, heading: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut lines = page.lines().skip_while(|it| !it.starts_with(heading)).skip(2);
    for line in lines.by_ref().take_while(|it| it.starts_with('|')) {
        let cells = line.trim_matches('|').split('|').map(|it| it.trim().replace('`', ""));
        rows.push(cells.collect());
    }
    assert!(!rows.is_empty(), "there is no table `{heading}`");
    rows
}

/// Returns the first `count` columns of a table.
fn columns(page: &str, heading: &str, count: usize) -> Vec<Vec<String>> {
    table(page, heading).into_iter().map(|row| row[..count].to_vec()).collect()
}

fn rows<const N: usize>(rows: impl IntoIterator<Item = [String; N]>) -> Vec<Vec<String>> {
    rows.into_iter().map(|row| row.to_vec()).collect()
}

#[test]
fn variables_are_those_of_the_page() {
    let fixed = plan::VARIABLES.iter().map(|(name, value)| [(*name).into(), (*value).into()]);
    assert_eq!(columns(&page("environment.md"), "| Variable", 2), rows(fixed));
}

#[test]
fn files_are_those_of_the_page() {
    let page = page("file-system.md");
    let mut writable: Vec<&str> = plan::WRITABLE.to_vec();
    writable.sort_unstable();
    assert_eq!(columns(&page, "| Folder", 1), rows(writable.iter().map(|it| [(*it).into()])));
    let modes: BTreeMap<&str, u32> = plan::SCRATCH.iter().map(|it| (it.1, it.2)).collect();
    for row in columns(&page, "| Folder", 2) {
        let mode = modes.get(&*row[0]).copied().unwrap_or(0o1777);
        assert_eq!(row[1], format!("{mode:04o}"), "{}", row[0]);
    }
    let devices = plan::DEVICES.iter();
    let devices = devices.map(|(name, major, minor)| [(*name).into(), format!("{major}:{minor}")]);
    assert_eq!(table(&page, "| Device"), rows(devices));
    let links = plan::DEVICE_LINKS.iter().map(|(name, to)| [(*name).into(), (*to).into()]);
    assert_eq!(table(&page, "| Link"), rows(links));
    let names = |names: &[&str]| rows(names.iter().map(|it| [(*it).into()]));
    assert_eq!(table(&page, "| Cannot be written"), names(plan::FROZEN));
    assert_eq!(table(&page, "| Is empty"), names(plan::HIDDEN));
}

#[test]
fn users_are_those_of_the_page() {
    let rows = table(&page("users.md"), "| User");
    let etc: BTreeMap<&str, String> = plan::etc().into_iter().collect();
    let expected: Vec<Vec<String>> = etc["passwd"]
        .lines()
        .zip(etc["group"].lines())
        .map(|(user, group)| {
            let cell = |line: &str, at: usize| line.split(':').nth(at).unwrap().to_owned();
            vec![cell(user, 0), cell(user, 2), cell(group, 0), cell(group, 2)]
        })
        .collect();
    assert_eq!(rows, expected);
}

#[test]
fn limits_are_those_of_the_page() {
    let expected = plan::RESOURCE_LIMITS.iter().map(|(resource, soft, hard)| {
        let amount = |it: u64| if it == u64::MAX { "unlimited".into() } else { it.to_string() };
        let need = match resource.need() {
            crate::plan::Need::Exactly => "exact",
            crate::plan::Need::AtMost => "bound",
        };
        [resource.to_string(), amount(*soft), amount(*hard), need.into()]
    });
    let page = page("limits.md");
    assert_eq!(table(&page, "| Resource"), rows(expected));
    assert!(page.contains(&format!("at least {}", plan::MEMORY_SCORE)));
}

#[test]
fn socket_families_are_those_of_the_page() {
    let expected: Vec<Vec<String>> = FAMILIES
        .iter()
        .map(|(family, protocols)| {
            let numbers: Vec<String> = protocols.iter().map(u32::to_string).collect();
            let numbers = if numbers.is_empty() { "any".into() } else { numbers.join(", ") };
            vec![family.to_string(), numbers]
        })
        .collect();
    let rows = table(&page("network.md"), "| Family");
    let found: Vec<Vec<String>> = rows.into_iter().map(|row| row[1..].to_vec()).collect();
    assert_eq!(found, expected);
}

#[test]
fn refused_calls_are_those_of_the_page() {
    let page = page("refusals.md");
    let expected: Vec<String> = CALLS
        .iter()
        .map(|row| {
            let answer = format!("{:?}", row.answer);
            let answer = if row.answer == NOTHING { "0" } else { &answer };
            format!("| `{}` | {} | `{answer}` |", row.name, row.when)
        })
        .collect();
    let heading = "| Call | Refused | Answer |\n|---|---|---|\n";
    let (before, after) = page.split_once(heading).unwrap();
    let end = after.find("\n\n").unwrap();
    let found = &after[..end];
    let expected = expected.join("\n");
    if found != expected && std::env::var_os("UPDATE_EXPECT").is_some() {
        let text = format!("{before}{heading}{expected}{}", &after[end..]);
        fs::write(folder().join("refusals.md"), text).unwrap();
        return;
    }
    similar(found, &expected);
    assert!(page.contains(&format!("above {NEWEST} ")));
}

fn similar(found: &str, expected: &str) {
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}

/// Returns the rules that a text names, such as `build.env.1`.
fn rules(text: &str) -> BTreeSet<(String, u32)> {
    let mut rules = BTreeSet::new();
    for part in text.split("[build.").skip(1) {
        let Some((rule, _)) = part.split_once(']') else { continue };
        if let Some((page, number)) = rule.split_once('.')
            && let Ok(number) = number.parse()
        {
            rules.insert((page.to_owned(), number));
        }
    }
    rules
}

/// Returns the rules that a page defines, in order.
fn definitions(text: &str) -> Vec<(String, u32)> {
    text.lines()
        .filter(|it| it.starts_with("**[build."))
        .flat_map(|it| rules(it.split("** ").next().unwrap()).into_iter())
        .collect()
}

#[test]
fn every_rule_that_is_cited_exists_and_rules_are_numbered_in_order() {
    let mut defined = BTreeSet::new();
    let mut cited = BTreeSet::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let here = definitions(&text);
        let numbers: Vec<u32> = here.iter().map(|it| it.1).collect();
        let expected: Vec<u32> = (1..=numbers.len() as u32).collect();
        assert_eq!(numbers, expected, "{:?}", here.first());
        defined.extend(here);
        cited.extend(rules(&text));
    }
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("spec.rs") {
                cited.extend(rules(&fs::read_to_string(path).unwrap()));
            }
        }
    }
    let missing: Vec<_> = cited.difference(&defined).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(cited.len() > 40);
}
