//! Random layers of random options against a model that is obviously right.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use kiln_eval::{OptionState, Value};
use proptest::prelude::*;

use crate::common::{Fixture, option_of, show_diagnostics};

const SET: &[&str] = &["a", "b", "c", "d"];
const WORDS: &[&str] = &["one", "two", "three"];

/// One word about one option.
#[derive(Debug, Clone)]
enum Word {
    Flag(bool),
    Choice(usize),
    Number(i64),
    NumberPlus(i64),
    Exactly(BTreeSet<usize>),
    Add(BTreeSet<usize>),
    Remove(BTreeSet<usize>),
    DefaultAnd(BTreeSet<usize>),
}

impl Word {
    fn option(&self) -> &'static str {
        match self {
            Word::Flag(_) => "flag",
            Word::Choice(_) => "choice",
            Word::Number(_) | Word::NumberPlus(_) => "number",
            Word::Exactly(_) | Word::Add(_) | Word::Remove(_) | Word::DefaultAnd(_) => "set",
        }
    }

    fn text(&self) -> String {
        let set = |it: &BTreeSet<usize>| {
            let names: Vec<&str> = it.iter().map(|it| SET[*it]).collect();
            format!("{{{}}}", names.join(", "))
        };
        match self {
            Word::Flag(on) => format!("flag = {}", if *on { "on" } else { "off" }),
            Word::Choice(at) => format!("choice = {}", WORDS[*at]),
            Word::Number(number) => format!("number = {number}"),
            Word::NumberPlus(number) => format!("number = prev + {number}"),
            Word::Exactly(it) => format!("set = {}", set(it)),
            Word::Add(it) => format!("set += {}", set(it)),
            Word::Remove(it) => format!("set -= {}", set(it)),
            Word::DefaultAnd(it) => format!("set = default + {}", set(it)),
        }
    }
}

/// What a dependent asks for.
#[derive(Debug, Clone)]
enum Need {
    Flag(bool),
    Number(i64),
    Add(BTreeSet<usize>),
    Remove(BTreeSet<usize>),
}

impl Need {
    fn text(&self) -> String {
        let set = |it: &BTreeSet<usize>| {
            let names: Vec<&str> = it.iter().map(|it| SET[*it]).collect();
            format!("{{{}}}", names.join(", "))
        };
        match self {
            Need::Flag(on) => if *on { "flag" } else { "~flag" }.to_owned(),
            Need::Number(number) => format!("number = {number}"),
            Need::Add(it) => format!("set += {}", set(it)),
            Need::Remove(it) => format!("set -= {}", set(it)),
        }
    }
}

/// The model: what each option is, and who decided it. `None` where there is a conflict.
type Model = Option<BTreeMap<&'static str, (String, OptionState)>>;

fn model(defaults: &Defaults, layers: &[Vec<Word>], needs: &[Need]) -> Model {
    let mut flag = (defaults.flag, false);
    let mut choice = (defaults.choice, false);
    let mut number = (defaults.number, false);
    let mut set = defaults.set.clone();
    let mut fixed: BTreeSet<usize> = BTreeSet::new();
    for word in layers.iter().flatten() {
        match word {
            Word::Flag(on) => flag = (*on, true),
            Word::Choice(at) => choice = (*at, true),
            Word::Number(it) => number = (*it, true),
            Word::NumberPlus(it) => number = (number.0 + it, true),
            Word::Exactly(it) => {
                set = it.clone();
                fixed = (0..SET.len()).collect();
            }
            Word::DefaultAnd(it) => {
                set = defaults.set.union(it).copied().collect();
                fixed = (0..SET.len()).collect();
            }
            Word::Add(it) => {
                set.extend(it);
                fixed.extend(it);
            }
            Word::Remove(it) => {
                set = set.difference(it).copied().collect();
                fixed.extend(it);
            }
        }
    }
    let state = |is_fixed: bool, changed: bool| match (changed, is_fixed) {
        (true, _) => OptionState::Needed,
        (false, true) => OptionState::Fixed,
        (false, false) => OptionState::Default,
    };
    // A feature: all needs must be equal, and hold if it is fixed.
    let flags: BTreeSet<bool> = needs
        .iter()
        .filter_map(|it| if let Need::Flag(on) = it { Some(*on) } else { None })
        .collect();
    let before = flag.0;
    if flags.len() > 1 || flag.1 && flags.iter().any(|it| *it != flag.0) {
        return None;
    }
    flag.0 = flags.first().copied().unwrap_or(flag.0);
    let flag_state = state(flag.1, flag.0 != before);
    // A number that joins by `max`: the largest counts, the default among them.
    let largest = needs
        .iter()
        .filter_map(|it| if let Need::Number(it) = it { Some(*it) } else { None })
        .max();
    let before = number.0;
    if number.1 && largest.is_some_and(|it| it > number.0) {
        return None;
    }
    number.0 = number.0.max(largest.unwrap_or(number.0));
    let number_state = state(number.1, number.0 != before);
    // A set: element by element.
    let before = set.clone();
    for element in 0..SET.len() {
        let wanted = needs.iter().any(|it| matches!(it, Need::Add(it) if it.contains(&element)));
        let refused =
            needs.iter().any(|it| matches!(it, Need::Remove(it) if it.contains(&element)));
        let is_in = set.contains(&element);
        if wanted && refused || fixed.contains(&element) && (wanted && !is_in || refused && is_in) {
            return None;
        }
        if wanted {
            set.insert(element);
        }
        if refused {
            set.remove(&element);
        }
    }
    let set_state = state(!fixed.is_empty(), set != before);
    let names: Vec<&str> = set.iter().map(|it| SET[*it]).collect();
    Some(BTreeMap::from([
        ("flag", (if flag.0 { "on" } else { "off" }.to_owned(), flag_state)),
        ("choice", (WORDS[choice.0].to_owned(), state(choice.1, false))),
        ("number", (number.0.to_string(), number_state)),
        ("set", (format!("{{{}}}", names.join(", ")), set_state)),
    ]))
}

#[derive(Debug, Clone)]
struct Defaults {
    flag: bool,
    choice: usize,
    number: i64,
    set: BTreeSet<usize>,
}

fn elements() -> impl Strategy<Value = BTreeSet<usize>> {
    prop::collection::btree_set(0..SET.len(), 1..3)
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        any::<bool>().prop_map(Word::Flag),
        (0..WORDS.len()).prop_map(Word::Choice),
        (1_i64..50).prop_map(Word::Number),
        (1_i64..50).prop_map(Word::NumberPlus),
        elements().prop_map(Word::Exactly),
        elements().prop_map(Word::Add),
        elements().prop_map(Word::Remove),
        elements().prop_map(Word::DefaultAnd),
    ]
}

/// A layer says one thing at most about each option.
fn layer() -> impl Strategy<Value = Vec<Word>> {
    prop::collection::vec(word(), 0..4).prop_map(|words| {
        let mut seen = BTreeSet::new();
        words.into_iter().filter(|it| seen.insert(it.option())).collect()
    })
}

fn need() -> impl Strategy<Value = Need> {
    prop_oneof![
        any::<bool>().prop_map(Need::Flag),
        (1_i64..100).prop_map(Need::Number),
        elements().prop_map(Need::Add),
        elements().prop_map(Need::Remove),
    ]
}

fn defaults() -> impl Strategy<Value = Defaults> {
    (any::<bool>(), 0..WORDS.len(), 1_i64..50, elements())
        .prop_map(|(flag, choice, number, set)| Defaults { flag, choice, number, set })
}

fn fixture(defaults: &Defaults, layers: &[Vec<Word>], needs: &[Need], reverse: bool) -> Fixture {
    let set: Vec<&str> = defaults.set.iter().map(|it| SET[*it]).collect();
    let mut text = format!(
        "//- /r/lib.kiln
recipe lib
version = 1
include unix
feature flag = {}
knob choice: enum {{ one, two, three }} = {}
knob number: Int = {} join max
knob set: Set<enum {{ a, b, c, d }}> = {{{}}}
step build = sh\"\"\"x\"\"\"
",
        if defaults.flag { "on" } else { "off" },
        WORDS[defaults.choice],
        defaults.number,
        set.join(", "),
    );
    let mut wishes = vec!["lib".to_owned()];
    let mut order: Vec<usize> = (0..needs.len()).collect();
    if reverse {
        order.reverse();
    }
    for (name, need) in order.into_iter().enumerate() {
        let _ = writeln!(
            text,
            "//- /r/n{name}.kiln\nrecipe n{name}\nversion = 1\ninclude unix\nhost lib[{}]\nstep build = sh\"\"\"x\"\"\"",
            needs[need].text()
        );
        wishes.push(format!("n{name}"));
    }
    for (number, layer) in layers.iter().enumerate() {
        let mut lines: Vec<String> = layer.iter().map(Word::text).collect();
        if reverse {
            lines.reverse();
        }
        // Layers come from overlays, the project, and override files.
        let _ = match number {
            0 => writeln!(text, "//- /r/low.kiln\noverlay low\nlib {{ {} }}", lines.join("; ")),
            1 => writeln!(
                text,
                "//- /project.kiln\nproject\noverlays [low]\nlib {{ {} }}",
                lines.join("; ")
            ),
            _ => writeln!(text, "//- /o/{number}.kiln\noverride lib\n{}", lines.join("\n")),
        };
    }
    let wishes: Vec<&str> = wishes.iter().map(String::as_str).collect();
    Fixture::new(&text, &wishes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn layers_and_needs_give_what_the_model_says(
        defaults in defaults(),
        layers in prop::collection::vec(layer(), 2..5),
        needs in prop::collection::vec(need(), 0..4),
        reverse in any::<bool>(),
    ) {
        let outcome = fixture(&defaults, &layers, &needs, reverse).run();
        let expected = model(&defaults, &layers, &needs);
        match (&outcome.result, expected) {
            (Ok(done), Some(expected)) => {
                for (name, (value, state)) in expected {
                    let found = option_of(done, "lib", name);
                    prop_assert_eq!((found.0.source(), found.1), (value, state), "{}", name);
                }
            }
            (Err(_), None) => {}
            (Ok(_), None) => prop_assert!(false, "there should be a conflict"),
            (Err(diagnostics), Some(_)) => {
                prop_assert!(false, "{}", show_diagnostics(&outcome.db, diagnostics));
            }
        }
    }

    #[test]
    fn the_last_word_about_a_whole_value_is_the_value(
        defaults in defaults(),
        layers in prop::collection::vec(layer(), 2..5),
        last in 1_i64..1000,
    ) {
        let mut layers = layers;
        layers.push(vec![Word::Number(last), Word::Flag(true)]);
        let outcome = fixture(&defaults, &layers, &[], false).run();
        let done = outcome.result.as_ref().unwrap();
        prop_assert_eq!(option_of(done, "lib", "number"), (Value::Int(last), OptionState::Fixed));
        let node = done.solution.node(done.solution.find("lib").unwrap());
        let history = &node.option("number").unwrap().history;
        // Just one word counts, and it is the last.
        let counting: Vec<bool> = history.iter().map(|it| !it.overruled).collect();
        prop_assert_eq!(counting.iter().filter(|it| **it).count(), 1);
        prop_assert_eq!(counting.last(), Some(&true));
    }

    #[test]
    fn an_empty_layer_changes_nothing(
        defaults in defaults(),
        layers in prop::collection::vec(layer(), 2..4),
    ) {
        let mut more = layers.clone();
        more.push(Vec::new());
        let (a, b) = (fixture(&defaults, &layers, &[], false), fixture(&defaults, &more, &[], false));
        prop_assert_eq!(a.ids(), b.ids());
    }
}
