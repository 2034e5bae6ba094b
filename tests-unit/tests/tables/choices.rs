//! `<a|b>` in a case: which alternatives are tried together.

use std::collections::BTreeSet;

/// Up to so many combinations are all tried. Of more, those that differ in one choice from the first alternatives, so that nothing
/// else hides what it does, and then so many that any two alternatives stand together once.
const ALL_UP_TO: usize = 40;

/// A piece of a text: itself, or the choice of that number with its alternatives.
enum Piece<'a> {
    Text(&'a str),
    Choice(usize, Vec<&'a str>),
}

/// The text with its choices made, once for each combination, and what was chosen.
pub(super) fn alternatives(text: &str) -> Vec<(String, String)> {
    let (pieces, sizes) = pieces(text);
    let combinations = if sizes.iter().product::<usize>() <= ALL_UP_TO { all(&sizes) } else { some(&sizes) };
    combinations.iter().map(|chosen| (names(&pieces, chosen), made(&pieces, chosen))).collect()
}

/// The pieces of a text, and how many alternatives each choice has. Choices with the same letter are one.
fn pieces(text: &str) -> (Vec<Piece<'_>>, Vec<usize>) {
    let (mut pieces, mut sizes, mut letters) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        let (inside, after) =
            after.split_once('>').unwrap_or_else(|| panic!("no end of alternatives: {after}"));
        let letter =
            inside.get(..2).filter(|start| start.ends_with(':') && start.as_bytes()[0].is_ascii_lowercase());
        let all: Vec<&str> = inside[letter.map_or(0, str::len)..].split('|').collect();
        let known = letters.iter().position(|known| letter.is_some() && *known == letter);
        let number = known.unwrap_or(sizes.len());
        if known.is_none() {
            sizes.push(all.len());
            letters.push(letter);
        }
        assert_eq!(sizes[number], all.len(), "too few or too many alternatives: {inside}");
        pieces.extend([Piece::Text(before), Piece::Choice(number, all)]);
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    (pieces, sizes)
}

fn made(pieces: &[Piece<'_>], chosen: &[usize]) -> String {
    let text = |piece: &Piece<'_>| match piece {
        Piece::Text(text) => (*text).to_owned(),
        Piece::Choice(number, all) => all[chosen[*number]].to_owned(),
    };
    pieces.iter().map(text).collect()
}

/// What was chosen, each choice once.
fn names(pieces: &[Piece<'_>], chosen: &[usize]) -> String {
    let mut told = Vec::new();
    for piece in pieces {
        if let Piece::Choice(number, all) = piece
            && *number == told.len()
        {
            told.push(name(all, chosen[*number]));
        }
    }
    told.join(", ")
}

/// An alternative by the words that tell it from the others of its choice.
fn name(all: &[&str], at: usize) -> String {
    let words = |text: &&str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let own = words(&all[at]);
    let others: Vec<Vec<String>> = all.iter().map(words).filter(|words| !words.is_empty()).collect();
    let Some(longest) = own.len().checked_sub(1) else { return "-".to_owned() };
    let alike =
        |place: &dyn Fn(&[String]) -> Option<String>| others.iter().all(|words| place(words) == place(&own));
    let before = (0..longest).take_while(|at| alike(&|words| words.get(*at).cloned())).count();
    let behind = |at: usize| move |words: &[String]| words.iter().rev().nth(at).cloned();
    let after = (0..longest - before).take_while(|at| alike(&behind(*at))).count();
    own[before..own.len() - after].join(" ")
}

fn all(sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for size in sizes {
        all = all
            .iter()
            .flat_map(|row: &Vec<usize>| (0..*size).map(move |at| [&row[..], &[at]].concat()))
            .collect();
    }
    all
}

/// The first alternatives, with one choice made otherwise each time; then few in which every two alternatives of two choices stand
/// together that have not yet: each begins with two such, and takes of each further choice what adds most.
fn some(sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut left: BTreeSet<[(usize, usize); 2]> = BTreeSet::new();
    for one in 0..sizes.len() {
        for other in one + 1..sizes.len() {
            left.extend((0..sizes[one]).flat_map(|a| (0..sizes[other]).map(move |b| [(one, a), (other, b)])));
        }
    }
    let mut rows = vec![vec![0; sizes.len()]];
    for (choice, size) in sizes.iter().enumerate() {
        rows.extend(
            (1..*size).map(|at| (0..sizes.len()).map(|of| if of == choice { at } else { 0 }).collect()),
        );
    }
    let is_new =
        |row: &Vec<usize>, pair: &[(usize, usize); 2]| !pair.iter().all(|(choice, at)| row[*choice] == *at);
    rows.iter().for_each(|row| left.retain(|pair| is_new(row, pair)));
    while let Some(first) = left.first().copied() {
        let mut row: Vec<Option<usize>> = vec![None; sizes.len()];
        first.iter().for_each(|(choice, at)| row[*choice] = Some(*at));
        for choice in 0..sizes.len() {
            let adds = |at: usize| {
                let with = row.iter().enumerate().filter_map(|(other, chosen)| Some((other, (*chosen)?)));
                with.filter(|other| left.contains(&sorted((choice, at), *other))).count()
            };
            let best = (0..sizes[choice]).rev().max_by_key(|at| adds(*at)).unwrap_or_default();
            row[choice].get_or_insert(best);
        }
        let row: Vec<usize> = row.into_iter().flatten().collect();
        left.retain(|pair| is_new(&row, pair));
        rows.push(row);
    }
    rows
}

fn sorted(one: (usize, usize), other: (usize, usize)) -> [(usize, usize); 2] {
    if one.0 < other.0 { [one, other] } else { [other, one] }
}

#[test]
fn any_two_alternatives_stand_together() {
    let sizes = [3, 2, 4, 2, 3, 3];
    let rows = some(&sizes);
    assert!(
        rows.len() < 36 && rows[..3] == [[0; 6], [1, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0]],
        "{} of {}",
        rows.len(),
        all(&sizes).len()
    );
    for (one, other) in [(0, 2), (1, 5), (3, 4)] {
        let together: BTreeSet<_> = rows.iter().map(|row| (row[one], row[other])).collect();
        assert_eq!(together.len(), sizes[one] * sizes[other]);
    }
    assert_eq!(
        alternatives("<x:a|b> <c|d> <x:1|>"),
        [("a, c", "a c 1"), ("a, d", "a d 1"), ("b, c", "b c "), ("b, d", "b d ")]
            .map(|(names, text)| (names.to_owned(), text.to_owned()))
    );
    assert_eq!(name(&["5 ana/1 in pong", "5 ana/1 close 4001 server", ""], 1), "close 4001 server");
    assert_eq!(name(&["5 ana/1 close 4001 server", "5 ana/1 close 4002 server"], 0), "4001");
    assert_eq!((name(&["5 ana/1 in pong", ""], 0), name(&["", "a"], 0)), ("pong".to_owned(), "-".to_owned()));
}
