//! Where the packages of a graph stand on a page: in columns, each left of all that it needs.
//!
//! The usual three steps: a column for each package by the longest way from a wanted one; an order in
//! each column by the mean of neighbors, gone over a few times; heights that follow neighbors as far
//! as there is room. Every step is linear in edges, or nearly, and depends on the graph alone.

use std::collections::BTreeSet;

use super::View;

/// How often the order of columns, and then the heights, are gone over.
const SWEEPS: usize = 8;

/// The distance between lines of boxes, their height, the distance between columns, in pixels.
pub(super) const ROW: f64 = 44.0;
pub(super) const BOX_HEIGHT: f64 = 32.0;
const GAP: f64 = 96.0;

/// How wide a character is, about, and a box at least.
const CHAR_WIDTH: f64 = 7.3;
const WIDTH_MIN: f64 = 72.0;

/// A box of a package.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) x: f64,
    /// The middle.
    pub(super) y: f64,
    pub(super) width: f64,
}

/// The places of all packages, and the size of what holds them.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    pub(super) places: Vec<Place>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Places the packages of a graph, whose boxes hold texts of so many characters.
pub(super) fn layout(view: &View, chars: &[usize]) -> Layout {
    let columns = columns(view);
    let count = columns.iter().max().map_or(0, |it| it + 1);
    let mut order: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, column) in columns.iter().enumerate() {
        order[*column].push(at);
    }
    let neighbors = neighbors(view);
    sort(&mut order, &neighbors, &columns);
    let heights = heights(&order, &neighbors);
    let widths: Vec<f64> =
        chars.iter().map(|it| (*it as f64 * CHAR_WIDTH + 20.0).max(WIDTH_MIN).round()).collect();
    let mut places = vec![Place { x: 0.0, y: 0.0, width: 0.0 }; view.nodes.len()];
    let mut x = 0.0;
    for column in &order {
        let widest = column.iter().map(|it| widths[*it]).fold(0.0, f64::max);
        for at in column {
            places[*at] = Place { x, y: heights[*at], width: widths[*at] };
        }
        x += widest + GAP;
    }
    let height = heights.iter().copied().fold(0.0, f64::max) + ROW / 2.0;
    Layout { places, width: (x - GAP).max(0.0), height }
}

/// The column of each package: one more than that of whoever needs it. Of a ring, the edge that closes
/// it counts for nothing.
fn columns(view: &View) -> Vec<usize> {
    let (order, back) = depth_first(view);
    let mut columns = vec![0; view.nodes.len()];
    for at in order {
        for (index, edge) in view.nodes[at].edges.iter().enumerate() {
            if !back.contains(&(at, index)) {
                columns[edge.to] = columns[edge.to].max(columns[at] + 1);
            }
        }
    }
    columns
}

/// The packages, each before what it needs, and the edges that close rings.
fn depth_first(view: &View) -> (Vec<usize>, BTreeSet<(usize, usize)>) {
    let mut back = BTreeSet::new();
    let mut after = Vec::new();
    // 0: not seen, 1: open, 2: done. The stack is explicit, as chains may be long.
    let mut state = vec![0_u8; view.nodes.len()];
    for start in 0..view.nodes.len() {
        if state[start] != 0 {
            continue;
        }
        state[start] = 1;
        let mut stack = vec![(start, 0)];
        while let Some((at, index)) = stack.pop() {
            let Some(edge) = view.nodes[at].edges.get(index) else {
                state[at] = 2;
                after.push(at);
                continue;
            };
            stack.push((at, index + 1));
            match state[edge.to] {
                0 => {
                    state[edge.to] = 1;
                    stack.push((edge.to, 0));
                }
                1 => {
                    back.insert((at, index));
                }
                _ => {}
            }
        }
    }
    after.reverse();
    (after, back)
}

fn neighbors(view: &View) -> Vec<Vec<usize>> {
    let mut neighbors = vec![Vec::new(); view.nodes.len()];
    for (at, node) in view.nodes.iter().enumerate() {
        for edge in node.edges.iter().filter(|it| it.to != at) {
            neighbors[at].push(edge.to);
            neighbors[edge.to].push(at);
        }
    }
    neighbors
}

/// Orders each column by the mean place of neighbors on one side, and then on the other.
fn sort(order: &mut [Vec<usize>], neighbors: &[Vec<usize>], columns: &[usize]) {
    let mut rank = vec![0.0_f64; columns.len()];
    let note = |column: &[usize], rank: &mut [f64]| {
        let middle = column.len() as f64 / 2.0;
        for (index, at) in column.iter().enumerate() {
            rank[*at] = index as f64 - middle;
        }
    };
    for column in order.iter() {
        note(column, &mut rank);
    }
    for sweep in 0..SWEEPS {
        let to_right = sweep % 2 == 0;
        let indices: Vec<usize> =
            if to_right { (0..order.len()).collect() } else { (0..order.len()).rev().collect() };
        for index in indices {
            let key = |at: &usize| {
                let side = neighbors[*at].iter().filter(|it| match to_right {
                    true => columns[**it] < index,
                    false => columns[**it] > index,
                });
                mean(side.map(|it| rank[*it])).unwrap_or(rank[*at])
            };
            let mut keyed: Vec<(f64, usize)> =
                order[index].iter().map(|it| (key(it), *it)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            order[index] = keyed.into_iter().map(|it| it.1).collect();
            note(&order[index], &mut rank);
        }
    }
}

/// The height of each package: near to its neighbors, and no nearer to those above and below than a
/// row.
fn heights(order: &[Vec<usize>], neighbors: &[Vec<usize>]) -> Vec<f64> {
    let mut y = vec![0.0; neighbors.len()];
    for column in order {
        let middle = column.len() as f64 / 2.0;
        for (index, at) in column.iter().enumerate() {
            y[*at] = (index as f64 - middle) * ROW;
        }
    }
    for _ in 0..SWEEPS {
        for column in order {
            let wanted: Vec<f64> = column
                .iter()
                .map(|at| mean(neighbors[*at].iter().map(|it| y[*it])).unwrap_or(y[*at]))
                .collect();
            for (at, y_at) in column.iter().zip(spread(&wanted)) {
                y[*at] = y_at;
            }
        }
    }
    let top = y.iter().copied().fold(f64::INFINITY, f64::min);
    y.iter().map(|it| (it - top + ROW / 2.0).round()).collect()
}

/// Moves heights apart until each is a row below the one before, and no further from where they want to
/// be than that takes: neighbors that are in each other's way stand around the mean of their wishes.
fn spread(wanted: &[f64]) -> Vec<f64> {
    // Blocks of boxes that touch: the sum of what their tops want, and how many there are.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for y in wanted {
        blocks.push((*y, 1));
        while blocks.len() > 1 {
            let (sum, count) = blocks[blocks.len() - 1];
            let (sum_before, count_before) = blocks[blocks.len() - 2];
            let end = sum_before / count_before as f64 + count_before as f64 * ROW;
            if end <= sum / count as f64 {
                break;
            }
            blocks.pop();
            if let Some(last) = blocks.last_mut() {
                let shift = count_before as f64 * ROW * count as f64;
                *last = (sum_before + sum - shift, count_before + count);
            }
        }
    }
    let mut all = Vec::with_capacity(wanted.len());
    for (sum, count) in blocks {
        let top = sum / count as f64;
        all.extend((0..count).map(|it| top + it as f64 * ROW));
    }
    all
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), it| (sum + it, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use kiln_lang::module::Role;
    use proptest::prelude::*;

    use super::*;
    use crate::graph::{Edge, Node};

    fn view(count: usize, edges: &[(usize, usize)]) -> View {
        let node = |at: usize| Node {
            number: at,
            name: format!("p{at}"),
            version: "1".to_owned(),
            instance: None,
            is_root: at == 0,
            is_build_tool: false,
            set: Vec::new(),
            options: Vec::new(),
            edges: edges
                .iter()
                .filter(|it| it.0 == at)
                .map(|it| Edge { role: Role::Run, to: it.1, interface: None, export: None })
                .collect(),
        };
        View { nodes: (0..count).map(node).collect(), roots: vec![0] }
    }

    /// Columns and rows, as text.
    fn check(count: usize, edges: &[(usize, usize)], expected: expect_test::Expect) {
        let layout = layout(&view(count, edges), &vec![4; count]);
        let lines: Vec<String> = layout
            .places
            .iter()
            .map(|it| format!("{} {}", it.x / (WIDTH_MIN + GAP), (it.y - ROW / 2.0) / ROW))
            .collect();
        expected.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn what_is_needed_stands_to_the_right() {
        check(
            4,
            &[(0, 1), (0, 2), (1, 3), (2, 3)],
            expect_test::expect![[r#"
                0 0.5
                1 0
                1 1
                2 0.5"#]],
        );
        // A ring has a begin where it is entered.
        check(
            3,
            &[(0, 1), (1, 2), (2, 1)],
            expect_test::expect![[r#"
                0 0
                1 0
                2 0"#]],
        );
    }

    proptest! {
        #[test]
        fn boxes_are_apart_and_on_the_page(
            (count, edges) in (1_usize..40).prop_flat_map(|count| {
                (Just(count), prop::collection::vec((0..count, 0..count), 0..120))
            })
        ) {
            let layout = layout(&view(count, &edges), &vec![6; count]);
            for (at, a) in layout.places.iter().enumerate() {
                prop_assert!(a.x >= 0.0 && a.x + a.width <= layout.width);
                prop_assert!(a.y >= BOX_HEIGHT / 2.0 && a.y + BOX_HEIGHT / 2.0 <= layout.height);
                for b in &layout.places[..at] {
                    prop_assert!(a.x != b.x || (a.y - b.y).abs() >= ROW - 1.5, "{a:?} {b:?}");
                }
            }
        }
    }
}
