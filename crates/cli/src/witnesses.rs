//! Witnesses of failed checks: the saved history is read again for what each first finding concerns, that slice is shrunk, kept
//! beside the report and told.

use crate::output::Output;
use crate::session::SessionFolder;
use goldenpath_checkers::{Breadth, Finding, JudgeConfig, Judgement, Slicer, Verdict, Witness, shrink};
use goldenpath_history::{Header, HistoryReader, HistoryWriter, Record, RecordKind};
use goldenpath_report::Story;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;

/// The longest slice that is shrunk: records, and bytes of their texts.
const RECORDS: usize = 20_000;
const BYTES: usize = 32 << 20;

/// Where the records of a judged history can be had again.
pub(crate) enum Source {
    /// A saved history.
    File(PathBuf),
    /// Captures, put together.
    Records(Vec<(u64, Record<'static>)>),
}

impl Source {
    /// Shows every record that can be read, with its line.
    fn each(&self, mut take: impl FnMut(u64, &Record<'_>)) -> io::Result<()> {
        match self {
            Self::Records(records) => records.iter().for_each(|(line, record)| take(*line, record)),
            Self::File(path) => {
                let input = BufReader::with_capacity(256 << 10, File::open(path)?);
                let mut reader = HistoryReader::open(input).map_err(io::Error::other)?;
                while let Some(item) = reader.next() {
                    if let Ok((line, record)) = item {
                        take(line, &record);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Finds the witness of each failed check's first finding, keeps it in `folder`, names it in the finding, and gives what it
/// tells, by check id. A check without a witness fails all the same; why there is none is noted.
pub(crate) fn witness(
    judgement: &mut Judgement,
    header: &Header,
    config: &JudgeConfig,
    source: &Source,
    folder: Option<&SessionFolder>,
    output: &Output,
) -> BTreeMap<String, Story> {
    let failed = judgement.checks.iter_mut().filter(|check| check.verdict == Verdict::Fail);
    let mut broken: Vec<(&'static str, &mut Finding)> =
        failed.filter_map(|check| Some((check.id, check.findings.first_mut()?))).collect();
    if broken.is_empty() {
        return BTreeMap::new();
    }
    let say = |said: &str| match folder {
        Some(folder) => folder.log().line(said),
        None => output.note(said),
    };
    let slices = match Slices::new(source, broken.iter().map(|(_, finding)| &**finding)) {
        Ok(slices) => slices,
        Err(why) => {
            say(&format!("no witnesses: the history could not be read again: {why}"));
            return BTreeMap::new();
        }
    };
    let mut stories = BTreeMap::new();
    for (at, (id, finding)) in broken.iter_mut().enumerate() {
        let witness = match slices.witness(at, header, config, id, finding) {
            Ok(witness) => witness,
            Err(why) => {
                say(&format!("no witness of {id}: {why}"));
                continue;
            }
        };
        stories.insert((*id).to_owned(), Story::of(witness.records.iter().map(|(_, record)| record)));
        let kept = folder.map(|folder| folder.write_witness(id, &file(&witness)?)).transpose();
        match kept {
            Ok(path) => finding.witness = path,
            Err(why) => say(&format!("the witness of {id} was not kept: {why}")),
        }
    }
    stories
}

/// The witness as a history's file.
pub(crate) fn file(witness: &Witness<'_>) -> io::Result<Vec<u8>> {
    let mut writer = HistoryWriter::plain(Vec::new(), &witness.header)?;
    for (_, record) in &witness.records {
        writer.write(record)?;
    }
    writer.finish()
}

/// Slices of one history, one for each finding.
struct Slices<'a> {
    source: &'a Source,
    slicers: Vec<Slicer>,
    last_line: u64,
}

impl<'a> Slices<'a> {
    /// Reads the history once, for what the findings concern.
    fn new<'f>(source: &'a Source, findings: impl Iterator<Item = &'f Finding>) -> io::Result<Self> {
        let mut slicers: Vec<Slicer> = findings.map(Slicer::new).collect();
        let mut last_line = 0;
        source.each(|line, record| {
            last_line = line;
            slicers.iter_mut().for_each(|slicer| slicer.look(line, record));
        })?;
        Ok(Self { source, slicers, last_line })
    }

    /// The witness of one finding, from the narrowest slice that shows it.
    fn witness(
        &self,
        at: usize,
        header: &Header,
        config: &JudgeConfig,
        check: &str,
        finding: &Finding,
    ) -> Result<Witness<'static>, String> {
        let mut why_not = String::new();
        for breadth in Breadth::ALL {
            let Some(slice) = self.slice(at, breadth).map_err(|why| why.to_string())? else {
                why_not.push_str(&format!("what it concerns is longer than {RECORDS} records"));
                break;
            };
            match shrink(header, config, &slice, check, Some(finding)) {
                Ok(witness) => return Ok(witness),
                Err(why) => why_not = why.to_string(),
            }
        }
        Err(why_not)
    }

    /// What a finding may concern; `None` when that is too long.
    fn slice(&self, at: usize, breadth: Breadth) -> io::Result<Option<Vec<(u64, Record<'static>)>>> {
        let Some(slicer) = self.slicers.get(at) else { return Ok(None) };
        let (mut slice, mut bytes) = (Vec::new(), 0_usize);
        self.source.each(|line, record| {
            // The end of a history says how long was waited for what never came.
            let taken = line == self.last_line || slicer.takes(breadth, line, record);
            if taken && slice.len() <= RECORDS && bytes <= BYTES {
                bytes += weight(&record.kind);
                slice.push((line, record.clone().into_owned()));
            }
        })?;
        Ok((slice.len() <= RECORDS && bytes <= BYTES).then_some(slice))
    }
}

/// About how many bytes of memory a record takes.
fn weight(kind: &RecordKind<'_>) -> usize {
    let text = match kind {
        RecordKind::Frame { raw, .. } => raw.len(),
        RecordKind::Mark { note, .. } => note.as_deref().map_or(0, str::len),
        RecordKind::Request { prompt, .. } => prompt.as_deref().map_or(0, str::len),
        _ => 0,
    };
    text + size_of::<Record<'_>>()
}
