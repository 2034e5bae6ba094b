//! The command as people and CI meet it: as a process, against backends that behave and that don't.
//!
//! - `calls`: what is typed wrongly. Guards that a mistake is named, with what was meant, before anything is driven.
//! - `exits`: exit codes and what is left behind. Guards what CI pipelines branch on.
//! - `sessions`: whole runs against `serve`. Guards that a seed repeats a run and a folder holds what was promised.
//! - `doors`: tokens, wrong keys, used seeds. Guards that "we could not look" is never told as "it is broken".
//! - `cuts`: histories that end early. Guards that a cut blames nobody and hides nothing that lies before it.
//! - `interrupts`: Ctrl-C and SIGTERM. Guards the partial report and exit code 130.
//! - `offline`: a history judged again from its file. Guards that the report says the same of the target as it did live, to the last number.
//! - `proxied`: `proxy` in front of `serve`. Guards that a fault is blamed on the check that owns it, and nothing is blamed without one.
//! - `resilience`: that category as a whole run. Guards that a backend is stopped only where it is ours.
//! - `secured`: `serve` with a certificate. Guards that who trusts its authority gets in, by `wss` and `https`, and a wrong file is named.
//! - `witnesses`: what a failed check leaves. Guards that the file fails that check again, and no other.
//! - `selftests`: the gate proves itself. Guards the document, what is left, and that a row nobody knows is refused.
//! - `services`: containers without an engine. Guards that what is missing is named, and nothing is left.
//! - `hostile`: targets that answer with nonsense. Guards that it becomes findings, never a crash or a wait without end.
//!
//! `support` holds the processes and what they leave, `validation` says a call of `validate` by what it is to do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;
mod validation;

mod calls;
mod cuts;
mod doors;
mod exits;
mod hostile;
mod interrupts;
mod offline;
mod proxied;
mod resilience;
mod secured;
mod selftests;
mod services;
mod sessions;
mod witnesses;
