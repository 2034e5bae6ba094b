//! Where in a file a mutant can be put: its operators, arms and functions by where they begin.

use crate::text::{Edit, What};
use crate::{Mutant, Spot};
use proc_macro2::Span;
use std::collections::BTreeMap;
use std::ops::Range;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Arm, BinOp, Block, Expr, ExprBinary, ExprUnary, File, ReturnType, Signature, TypeImplTrait};

/// Bytes of a file.
type Bytes = Range<usize>;

/// What a file has, each by the place that `cargo mutants` names it by.
#[derive(Default)]
pub(crate) struct Sites {
    /// By the operator.
    binary: BTreeMap<Spot, Binary>,
    /// By the operator: all of it, what it is applied to.
    unary: BTreeMap<Spot, (Bytes, Bytes)>,
    /// By the arm's start and by its guard's: the guard, or where one would stand.
    arms: BTreeMap<Spot, Bytes>,
    guards: BTreeMap<Spot, Bytes>,
    /// By the first statement: right behind the opening brace.
    functions: BTreeMap<Spot, Bytes>,
}

/// `left operator right`.
#[derive(Clone)]
struct Binary {
    all: Bytes,
    left: Bytes,
    operator: Bytes,
    right: Bytes,
}

impl Sites {
    pub(crate) fn of(file: &File) -> Self {
        let mut sites = Self::default();
        sites.visit_file(file);
        sites
    }

    /// What is to be done to the file. Mutants for which there is no site are left out.
    pub(crate) fn edits(&self, mutants: &[&Mutant]) -> Vec<Edit> {
        let mut edits: BTreeMap<(usize, usize), Edit> = BTreeMap::new();
        for mutant in mutants {
            let Some(edit) = self.edit(mutant) else { continue };
            edits
                .entry((edit.bytes.start, edit.bytes.end))
                .and_modify(|known| known.what.join(&edit.what))
                .or_insert(edit);
        }
        edits.into_values().collect()
    }

    fn edit(&self, mutant: &Mutant) -> Option<Edit> {
        let (id, at, text) = (mutant.id, mutant.span.start, mutant.replacement.clone());
        let (bytes, what) = match mutant.genre.as_str() {
            "BinaryOperator" => {
                let Binary { all, left, operator, right } = self.binary.get(&at)?.clone();
                (all, What::Binary { left, operator, right, others: vec![(id, text)] })
            }
            "UnaryOperator" => {
                let (bytes, operand) = self.unary.get(&at)?.clone();
                (bytes, What::Unary { operand, id })
            }
            "MatchArm" => (self.arms.get(&at)?.clone(), What::arm(id)),
            "MatchArmGuard" => (self.guards.get(&at)?.clone(), What::guard(id, text == "true")),
            "FnValue" => (self.functions.get(&at)?.clone(), What::Function { others: vec![(id, text)] }),
            _ => return None,
        };
        Some(Edit { bytes, what })
    }

    fn function(&mut self, signature: &Signature, block: &Block) {
        if let Some(first) = block.stmts.first().filter(|_| !opaque(&signature.output)) {
            let inside = block.brace_token.span.open().byte_range().end;
            self.functions.insert(spot(first.span()), inside..inside);
        }
    }
}

impl<'ast> Visit<'ast> for Sites {
    fn visit_expr_binary(&mut self, binary: &'ast ExprBinary) {
        if !(binds(&binary.left) || binds(&binary.right)) {
            let [all, left, operator, right] =
                [binary.span(), binary.left.span(), binary.op.span(), binary.right.span()].map(bytes);
            self.binary.insert(spot(binary.op.span()), Binary { all, left, operator, right });
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast ExprUnary) {
        self.unary.insert(spot(unary.op.span()), (bytes(unary.span()), bytes(unary.expr.span())));
        visit::visit_expr_unary(self, unary);
    }

    fn visit_arm(&mut self, arm: &'ast Arm) {
        let place = match &arm.guard {
            Some((_, guard)) if binds(guard) => None,
            Some((_, guard)) => {
                self.guards.insert(spot(guard.span()), bytes(guard.span()));
                Some(bytes(guard.span()))
            }
            None => {
                let end = bytes(arm.pat.span()).end;
                Some(end..end)
            }
        };
        if let Some(place) = place {
            self.arms.insert(spot(arm.span()), place);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.function(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

/// Whether a type holds an `impl Trait`: a function gives one type there, and a value put before its own is of another.
fn opaque(output: &ReturnType) -> bool {
    struct Opaque(bool);
    impl Visit<'_> for Opaque {
        fn visit_type_impl_trait(&mut self, _: &TypeImplTrait) {
            self.0 = true;
        }
    }
    let mut opaque = Opaque(false);
    opaque.visit_return_type(output);
    opaque.0
}

/// Whether a condition holds a `let`, which may stand in a chain of `&&` only.
fn binds(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(both) if matches!(both.op, BinOp::And(_)) => binds(&both.left) || binds(&both.right),
        _ => false,
    }
}

fn spot(span: Span) -> Spot {
    let start = span.start();
    Spot { line: start.line, column: start.column + 1 }
}

fn bytes(span: Span) -> Bytes {
    span.byte_range()
}
