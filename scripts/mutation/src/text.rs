//! A file's text with its edits in it. Edits nest as the expressions do that they stand for.

use std::fmt::Write as _;
use std::ops::Range;

/// Something done to some bytes of a file.
pub(crate) struct Edit {
    pub(crate) bytes: Range<usize>,
    pub(crate) what: What,
}

/// What is done. Each number is a mutant's.
pub(crate) enum What {
    /// Another operator between the two sides.
    Binary { left: Range<usize>, operator: Range<usize>, right: Range<usize>, others: Vec<(u32, String)> },
    /// No operator before the operand.
    Unary { operand: Range<usize>, id: u32 },
    /// A guard that never lets in (also: the whole arm away), or always.
    Guard { never: Vec<u32>, always: Vec<u32> },
    /// A function that gives something else at once.
    Function { others: Vec<(u32, String)> },
}

/// Where a mutant stands in the text that was made.
pub(crate) struct Place {
    pub(crate) id: u32,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl What {
    pub(crate) fn arm(id: u32) -> Self {
        Self::Guard { never: vec![id], always: Vec::new() }
    }

    pub(crate) fn guard(id: u32, always: bool) -> Self {
        let (mut never, mut ever) = (Vec::new(), Vec::new());
        if always { &mut ever } else { &mut never }.push(id);
        Self::Guard { never, always: ever }
    }

    /// Two mutants of one place become one edit.
    pub(crate) fn join(&mut self, more: &Self) {
        match (self, more) {
            (Self::Binary { others, .. }, Self::Binary { others: more, .. })
            | (Self::Function { others }, Self::Function { others: more }) => {
                others.extend(more.iter().cloned())
            }
            (Self::Guard { never, always }, Self::Guard { never: more_never, always: more_always }) => {
                never.extend(more_never);
                always.extend(more_always);
            }
            _ => {}
        }
    }

    fn ids(&self) -> Vec<u32> {
        match self {
            Self::Binary { others, .. } | Self::Function { others } => {
                others.iter().map(|(id, _)| *id).collect()
            }
            Self::Unary { id, .. } => vec![*id],
            Self::Guard { never, always } => never.iter().chain(always).copied().collect(),
        }
    }
}

/// The text with all edits, in which an outer one stands before those within it, and where each mutant now is.
pub(crate) fn apply(source: &str, edits: &[Edit]) -> (String, Vec<Place>) {
    let mut order: Vec<&Edit> = edits.iter().collect();
    order.sort_by_key(|edit| (edit.bytes.start, std::cmp::Reverse(edit.bytes.end)));
    let mut out = String::with_capacity(source.len() * 2);
    let mut places = Vec::new();
    part(source, 0..source.len(), &order, &mut out, &mut places);
    (out, places)
}

/// Writes some bytes of the source with the edits that lie in them.
fn part(source: &str, bytes: Range<usize>, edits: &[&Edit], out: &mut String, places: &mut Vec<Place>) {
    let mut at = bytes.start;
    let mut rest = edits;
    while let Some((edit, more)) = rest.split_first() {
        let inside = edit.bytes.start >= at && edit.bytes.end <= bytes.end;
        if !inside {
            rest = more;
            continue;
        }
        out.push_str(&source[at..edit.bytes.start]);
        let start = out.len();
        let within = more.partition_point(|other| other.bytes.start < edit.bytes.end);
        write(source, edit, &more[..within], out, places);
        places.extend(edit.what.ids().into_iter().map(|id| Place { id, start, end: out.len() }));
        at = edit.bytes.end;
        rest = more;
    }
    out.push_str(&source[at..bytes.end]);
}

/// Writes one edit. A side that stands there several times is written with its own edits each time.
fn write(source: &str, edit: &Edit, within: &[&Edit], out: &mut String, places: &mut Vec<Place>) {
    let mut side = |bytes: &Range<usize>, out: &mut String| part(source, bytes.clone(), within, out, places);
    match &edit.what {
        What::Binary { left, operator, right, others } => {
            let own = &source[operator.clone()];
            out.push('(');
            for (id, operator) in others {
                let _ = write!(out, "if crate::woven::is({id}) {{ (");
                side(left, out);
                let _ = write!(out, ") {operator} (");
                side(right, out);
                out.push_str(") } else ");
            }
            out.push_str("{ (");
            side(left, out);
            let _ = write!(out, ") {own} (");
            side(right, out);
            out.push_str(") })");
        }
        What::Unary { operand, id } => {
            let own = &source[edit.bytes.start..operand.start];
            let _ = write!(out, "(if crate::woven::is({id}) {{ ");
            side(operand, out);
            let _ = write!(out, " }} else {{ {own}");
            side(operand, out);
            out.push_str(" })");
        }
        What::Guard { never, always } => {
            let guarded = !edit.bytes.is_empty();
            out.push_str(if guarded { "(" } else { " if (" });
            for id in always {
                let _ = write!(out, "crate::woven::is({id}) || ");
            }
            out.push_str("(true");
            for id in never {
                let _ = write!(out, " && !crate::woven::is({id})");
            }
            if guarded {
                out.push_str(" && (");
                side(&edit.bytes, out);
                out.push(')');
            }
            out.push_str("))");
        }
        What::Function { others } => {
            for (id, value) in others {
                let _ = write!(out, " if crate::woven::is({id}) {{ return {value}; }}");
            }
        }
    }
}
