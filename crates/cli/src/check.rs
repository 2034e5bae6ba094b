//! `check FILE…`: judges saved histories or raw captures again, offline. Same checks, same verdicts.

mod reading;

use crate::args::{CheckArgs, Format};
use crate::calibration::calibrated;
use crate::config;
use crate::exit::{CommandError, Exit};
use crate::failure::last_words;
use crate::output::Output;
use crate::session::SessionFolder;
use crate::witnesses::{Source, witness};
use goldenpath_checkers::{Category, Judge, JudgeConfig, Judgement, ReadRecord};
use goldenpath_history::{
    Capture, Direction, Header, Imported, ImportedRecord, Input, LineError, RecordKind,
};
use goldenpath_report::{CategoryRun, Decision, Demand, Ending, RunFacts, decide, formats};
use serde_json::{Map, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

/// Lines that cannot be read and are named one by one; more are counted.
const NAMED: usize = 20;

/// One thing to judge: a history, or captures put together.
struct Judged {
    path: PathBuf,
    header: Header,
    judgement: Judgement,
    incomplete: Option<String>,
    first_t_ns: u64,
    last_t_ns: u64,
    users: BTreeSet<String>,
    timed: bool,
    source: Source,
}

/// Judges the files of `args`.
pub(crate) fn check(args: &CheckArgs, output: &Output) -> Result<Exit, CommandError> {
    let limits = args.slo.as_deref().map(config::limits_of).transpose()?.unwrap_or_default();
    let profile = args.profile.clone().unwrap_or_else(|| "goldenpath".to_owned());
    config::check_profile(&profile)?;
    let categories =
        if args.categories.is_empty() { Vec::new() } else { config::categories(&args.categories)? };
    let asked = Asked { limits, timed_captures: args.slo.is_some(), profile, categories };
    let mut all = Vec::new();
    let mut captures: Vec<(PathBuf, Capture)> = Vec::new();
    let mut unreadable = Exit::Approved;
    for path in &args.files {
        let opened = open(path)?;
        // Before the first that can be judged, not beside it: what it takes is free again when the judge needs room.
        if opened.is_ok() && all.is_empty() && captures.is_empty() {
            calibrated()?;
        }
        match opened {
            Ok(Input::History(reader)) => all.push(history(path, *reader, &asked, output)?),
            Ok(Input::Capture(capture)) => captures.push((path.clone(), *capture)),
            Err(why) => {
                output.note(&format!("{}: {why}", path.display()));
                unreadable = Exit::Inconclusive;
            }
        }
    }
    if !captures.is_empty() {
        all.push(imported(captures, &asked, output)?);
    }
    if output.format() == Format::Json && all.len() > 1 {
        return Err(CommandError::Usage(
            "`--format json` is one document: give one history, or captures only, at a time".to_owned(),
        ));
    }
    let mut exit = unreadable;
    for judged in &mut all {
        exit = exit.worse(report(judged, args, &asked, output)?);
    }
    Ok(exit)
}

/// What the call asks for.
struct Asked {
    limits: BTreeMap<String, f64>,
    timed_captures: bool,
    profile: String,
    categories: Vec<Category>,
}

impl Asked {
    fn judge_config(&self, timed: bool) -> JudgeConfig {
        JudgeConfig {
            categories: self.categories.clone(),
            limits: self.limits.clone(),
            judge_timing: timed,
            ..JudgeConfig::default()
        }
    }
}

type Opened = Result<Input<BufReader<File>>, goldenpath_history::OpenError>;

fn open(path: &Path) -> Result<Opened, CommandError> {
    let file = File::open(path)
        .map_err(|why| CommandError::Usage(format!("failed to open `{}`: {why}", path.display())))?;
    let stem = path.file_name().and_then(|name| name.to_str()).unwrap_or("capture");
    let stem = stem.split('.').next().unwrap_or(stem);
    Ok(Input::open(BufReader::with_capacity(256 << 10, file), stem))
}

fn is_partial(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "partial")
}

fn history(
    path: &Path,
    reader: goldenpath_history::HistoryReader<BufReader<File>>,
    asked: &Asked,
    output: &Output,
) -> Result<Judged, CommandError> {
    let header = reader.header().clone();
    let partial = is_partial(path);
    let mut judge = Judge::new(&header, asked.judge_config(true));
    let mut errors: Vec<LineError> = Vec::new();
    let (mut first_t_ns, mut last_t_ns) = (u64::MAX, 0);
    let mut users = BTreeSet::new();
    let mut wrong = 0_u64;
    let take = |item: Result<&ReadRecord<'_>, &LineError>| match item {
        Ok(read) => {
            let record = &read.record;
            first_t_ns = first_t_ns.min(record.t_ns);
            last_t_ns = last_t_ns.max(record.t_ns);
            if let Some(user) = record.user.as_deref()
                && !users.contains(user)
            {
                users.insert(user.to_owned());
            }
            judge.observe_read(read);
        }
        Err(error) => {
            if !error.is_cut() {
                judge.mark_incomplete();
            }
            wrong += 1;
            if errors.len() < NAMED {
                errors.push(error.clone());
            }
        }
    };
    reading::each(reader, take)
        .map_err(|why| CommandError::Outside(format!("failed to start a thread: {why}")))?;
    let incomplete = incomplete(path, partial, &errors, wrong, output);
    if incomplete.is_some() {
        judge.mark_cut();
    }
    Ok(Judged {
        path: path.to_owned(),
        header,
        judgement: judge.finish(),
        incomplete,
        first_t_ns: first_t_ns.min(last_t_ns),
        last_t_ns,
        users,
        timed: true,
        source: Source::File(path.to_owned()),
    })
}

/// Names what could not be read; says in one sentence why the record is not whole.
fn incomplete(
    path: &Path,
    partial: bool,
    errors: &[LineError],
    wrong: u64,
    output: &Output,
) -> Option<String> {
    for error in errors {
        output.note(&format!("{}: {error}", path.display()));
    }
    if wrong > errors.len() as u64 {
        output.note(&format!("{}: … {} lines could not be read", path.display(), wrong));
    }
    match (errors.first(), partial) {
        (Some(error), _) => Some(format!("{}: {error}", path.display())),
        (None, true) => Some(format!("{}: the recording was not finished", path.display())),
        (None, false) => None,
    }
}

fn imported(
    captures: Vec<(PathBuf, Capture)>,
    asked: &Asked,
    output: &Output,
) -> Result<Judged, CommandError> {
    let mut unread = None;
    for (path, capture) in &captures {
        if let Some(profile) = &capture.profile {
            config::check_profile(profile)?;
        }
        let named = &capture.errors[..capture.errors.len().min(NAMED)];
        let why = incomplete(path, is_partial(path), named, capture.errors.len() as u64, output);
        unread = unread.or(why);
    }
    let several = captures.len() > 1;
    let only_cut =
        !several && captures.iter().all(|(_, capture)| capture.errors.iter().all(LineError::is_cut));
    let paths: Vec<PathBuf> = captures.iter().map(|(path, _)| path.clone()).collect();
    let captures = captures.into_iter().map(|(_, capture)| capture).collect();
    let imported = Imported::from_captures(captures, "captures", &asked.profile);
    let mut judge = Judge::new(&imported.header, asked.judge_config(asked.timed_captures));
    match (unread.is_some(), only_cut) {
        (false, _) => {}
        (true, true) => judge.mark_cut(),
        // Captures put together are one order of time: what is missing of one may be missing anywhere.
        (true, false) => judge.mark_incomplete(),
    }
    let mut users = BTreeSet::new();
    let mut files: Vec<u64> = vec![0; paths.len()];
    for (place, entry) in (2_u64..).zip(&imported.records) {
        // Lines of one file are its own; of several they are places in the merged order of time.
        judge.observe(if several { place } else { entry.line }, &entry.record);
        users.extend(entry.record.user.as_deref().map(str::to_owned));
        if let Some(count) = files.get_mut(entry.file) {
            *count += 1;
        }
    }
    if several {
        let said: Vec<String> = paths
            .iter()
            .zip(&files)
            .map(|(path, count)| format!("{} ({count} records)", path.display()))
            .collect();
        output.note(&format!("judged together, lines are places in the order of time: {}", said.join(", ")));
    }
    let judgement = judge.finish();
    let received =
        |entry: &&ImportedRecord| matches!(entry.record.kind, RecordKind::Frame { dir: Direction::In, .. });
    let frames = imported.records.iter().filter(received).count();
    if frames > 0 && judgement.metrics.total_events == 0 {
        output.note(&format!(
            "none of the {frames} frames received is an event as profile `{}` reads them (hint: `--profile` names how \
             another backend's are read)",
            imported.header.profile
        ));
    }
    let times = || imported.records.iter().map(|entry| entry.record.t_ns);
    Ok(Judged {
        path: paths.into_iter().next().unwrap_or_default(),
        first_t_ns: times().min().unwrap_or(0),
        last_t_ns: times().max().unwrap_or(0),
        judgement,
        header: imported.header,
        incomplete: unread,
        users,
        timed: asked.timed_captures,
        source: Source::Records(
            (2_u64..)
                .zip(imported.records)
                .map(|(place, entry)| (if several { place } else { entry.line }, entry.record))
                .collect(),
        ),
    })
}

fn report(
    judged: &mut Judged,
    args: &CheckArgs,
    asked: &Asked,
    output: &Output,
) -> Result<Exit, CommandError> {
    let folder = match &args.output_dir {
        Some(dir) => Some(SessionFolder::create(dir, OffsetDateTime::now_utc())?),
        None => None,
    };
    let kept = folder.as_ref().map(|folder| folder.path().to_owned());
    let config = asked.judge_config(judged.timed);
    let stories =
        witness(&mut judged.judgement, &judged.header, &config, &judged.source, folder.as_ref(), output);
    let Decision { outcome, mut report } = decide(&judged.judgement, &facts(judged, asked), None);
    report.stories = stories;
    if let Some(folder) = folder {
        folder.log().line(&format!("judged {}: {}", judged.path.display(), outcome.as_str()));
        folder.write_documents(&report)?;
        let path = folder.close()?;
        output.note(&format!("report: {}", path.display()));
    }
    let files: Vec<String> = args.files.iter().map(|file| file.display().to_string()).collect();
    match output.format() {
        Format::Json => {
            output.document(&formats::json(&report).map_err(|why| CommandError::Bug(why.to_string()))?)
        }
        Format::Text => {
            output.text(&formats::text(&report));
            let again = format!("goldenpath check {}", files.join(" "));
            output.text(&format!("\n{}", last_words(&report, Some(&judged.path), kept.as_deref(), &again)));
            output.text(&format!("{}\n", formats::last_line(&report)));
        }
    }
    Ok(outcome.into())
}

fn facts(judged: &Judged, asked: &Asked) -> RunFacts {
    let header = &judged.header;
    let named: Vec<Category> = match asked.categories.is_empty() {
        false => asked.categories.clone(),
        true => header.categories.iter().filter_map(|name| name.parse().ok()).collect(),
    };
    let witnessed = header.witness.as_ref();
    let recorded_for = if named.is_empty() { JudgeConfig::JUDGED.to_vec() } else { named.clone() };
    let categories = Category::ALL
        .into_iter()
        .map(|category| match recorded_for.contains(&category) {
            true if category == Category::Performance && !judged.timed => {
                CategoryRun::left_out(category, "timing of captures is judged only with `--slo`")
            }
            true if named.is_empty() && !judged.judgement.judged(category) => {
                CategoryRun::left_out(category, "the history shows nothing of it")
            }
            true => CategoryRun::ran(category),
            false => CategoryRun::left_out(
                category,
                witnessed.map_or_else(
                    || "the history was not recorded for it".to_owned(),
                    |of| format!("the history is a witness of `{}` and holds nothing else", of.check),
                ),
            ),
        })
        .collect();
    let mut configuration = Map::new();
    configuration.insert("limits".to_owned(), json!(asked.limits));
    configuration.insert("complete".to_owned(), json!(judged.incomplete.is_none()));
    let begun = header.t0_unix_ms.map(|ms| ms + judged.first_t_ns as f64 / 1e6);
    RunFacts {
        session_id: header.session_id.clone(),
        timestamp: crate::clock::rfc3339(
            begun.and_then(crate::clock::from_unix_ms).unwrap_or_else(OffsetDateTime::now_utc),
        ),
        duration_seconds: (judged.last_t_ns - judged.first_t_ns.min(judged.last_t_ns)) as f64 / 1e9,
        target_environment: "recorded".to_owned(),
        target: header.target.clone(),
        profile: header.profile.clone(),
        seed: header.seed,
        users: u32::try_from(judged.users.len()).unwrap_or(u32::MAX),
        configuration,
        categories,
        // A session of our own lists its categories and must show all of each; others show what they show.
        demand: if named.is_empty() || witnessed.is_some() {
            Demand::WhatTheRecordsShow
        } else {
            Demand::EveryRequiredCheck
        },
        sla: header.sla,
        ending: judged.incomplete.clone().map_or(Ending::Complete, Ending::CaptureIncomplete),
    }
}
