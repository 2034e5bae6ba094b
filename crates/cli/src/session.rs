//! The folder that a run leaves: documents whole or not at all, files for their owner only, `latest` beside it.

use crate::clock;
use crate::exit::CommandError;
use goldenpath_report::{Report, formats};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use time::OffsetDateTime;

/// The report's file.
pub(crate) const REPORT: &str = "comprehensive_validation_report.json";
/// The history's file.
pub(crate) const HISTORY: &str = "history.jsonl.zst";
/// The directory of witnesses.
const WITNESSES: &str = "witnesses";
/// The log's file.
const LOG: &str = "validation_execution.log";

/// One session's folder. Its log has its final name only when [`SessionFolder::close`] was called.
#[derive(Debug)]
pub(crate) struct SessionFolder {
    id: String,
    path: PathBuf,
    log: ExecutionLog,
}

impl SessionFolder {
    /// Makes the folder below `output`. Fails before anything was driven when nothing can be kept.
    pub(crate) fn create(output: &Path, now: OffsetDateTime) -> Result<Self, CommandError> {
        let stamp = clock::compact(now);
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let id = format!("validation_session_{stamp}_{}", &unique[..8]);
        let path = output.join(&id);
        let refuse = |what: &Path, why: &io::Error| {
            let hint = "(hint: `--output-dir` names another place)";
            CommandError::Usage(format!("failed to create `{}`: {why} {hint}", what.display()))
        };
        private_dir(&path).map_err(|why| refuse(&path, &why))?;
        let log_path = path.join(format!("{LOG}.partial"));
        let log = ExecutionLog::create(&log_path).map_err(|why| refuse(&log_path, &why))?;
        Ok(Self { id, path, log })
    }

    /// The folder's name.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The execution log; cheap to clone.
    pub(crate) fn log(&self) -> ExecutionLog {
        self.log.clone()
    }

    /// Writes every document of `report`: each under a temporary name first, the report itself last, so that a
    /// folder with a report is complete.
    pub(crate) fn write_documents(&self, report: &Report) -> Result<(), CommandError> {
        let bug = |why: String| CommandError::Bug(format!("failed to make a document: {why}"));
        let junit = formats::junit(report).map_err(|why| bug(why.to_string()))?;
        let json = formats::json(report).map_err(|why| bug(why.to_string()))?;
        self.write("junit.xml", &junit)?;
        self.write("summary.md", &formats::markdown(report))?;
        self.write(REPORT, &json)
    }

    /// Keeps the witness of a check; its path below the folder.
    pub(crate) fn write_witness(&self, check: &str, history: &[u8]) -> io::Result<String> {
        let directory = self.path.join(WITNESSES);
        if !directory.is_dir() {
            private_dir(&directory)?;
        }
        let name = format!("{}.jsonl", check.replace('/', "-"));
        write_whole(&directory.join(&name), history)?;
        Ok(format!("{WITNESSES}/{name}"))
    }

    /// Writes one document, whole or not at all.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), CommandError> {
        let path = self.path.join(name);
        write_whole(&path, text.as_bytes())
            .map_err(|why| CommandError::Outside(format!("failed to write `{}`: {why}", path.display())))
    }

    /// Ends the log and lets `latest` point here.
    pub(crate) fn close(self) -> Result<PathBuf, CommandError> {
        let refuse = |why: io::Error| {
            CommandError::Outside(format!("failed to finish `{}`: {why}", self.path.join(LOG).display()))
        };
        self.log.finish().map_err(refuse)?;
        fs::rename(self.path.join(format!("{LOG}.partial")), self.path.join(LOG)).map_err(refuse)?;
        link_latest(&self.path, &self.id);
        Ok(self.path)
    }
}

/// Writes a file whole or not at all, for its owner only.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".tmp");
    let draft = PathBuf::from(draft);
    let written = private_file(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&draft, path)).inspect_err(|_| {
        // What is half written must not be taken for a document; if it can't be removed, its name still says so.
        let _ = fs::remove_file(&draft);
    })
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn private_dir(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Points `latest` to the newest session. A file system without links does without.
fn link_latest(path: &Path, id: &str) {
    let Some(output) = path.parent() else { return };
    #[cfg(unix)]
    {
        let draft = output.join(format!(".latest.{id}"));
        let linked =
            std::os::unix::fs::symlink(id, &draft).and_then(|()| fs::rename(&draft, output.join("latest")));
        if let Err(why) = linked {
            tracing::debug!(%why, "failed to link `latest`");
            let _ = fs::remove_file(&draft);
        }
    }
    #[cfg(not(unix))]
    tracing::debug!(output = %output.display(), id, "this system has no links");
}

/// The execution log: what the command did, with times, flushed line by line.
#[derive(Debug, Clone)]
pub(crate) struct ExecutionLog {
    file: Arc<Mutex<LogFile>>,
}

#[derive(Debug)]
struct LogFile {
    file: File,
    failed: Option<io::Error>,
}

impl ExecutionLog {
    fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: Arc::new(Mutex::new(LogFile { file: private_file(path)?, failed: None })) })
    }

    /// Writes one line with the time.
    pub(crate) fn line(&self, text: &str) {
        let now = clock::rfc3339(OffsetDateTime::now_utc());
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut log = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if log.failed.is_none()
            && let Err(why) = log.file.write_all(format!("{now} {text}\n").as_bytes())
        {
            log.failed = Some(why);
        }
    }

    fn finish(&self) -> io::Result<()> {
        let mut log = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        match log.failed.take() {
            Some(why) => Err(why),
            None => log.file.sync_all(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LOG, REPORT, SessionFolder, write_whole};
    use crate::exit::Exit;
    use time::OffsetDateTime;

    fn names(path: &std::path::Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_closed_session_holds_whole_files_for_its_owner_and_is_the_latest() {
        let output = tempfile::tempdir().unwrap();
        let folder = SessionFolder::create(output.path(), OffsetDateTime::UNIX_EPOCH).unwrap();
        assert!(folder.id().starts_with("validation_session_19700101T000000Z_"));
        assert_eq!(names(folder.path()), [format!("{LOG}.partial")]);
        folder.log().line("two\nlines");
        let path = folder.close().unwrap();
        assert_eq!(names(&path), [LOG]);
        let text = std::fs::read_to_string(output.path().join("latest").join(LOG)).unwrap();
        assert!(text.ends_with("Z two lines\n"), "{text}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(path.join(LOG)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_document_that_cannot_be_written_leaves_nothing() {
        let output = tempfile::tempdir().unwrap();
        // A directory in its place: the write succeeds, the rename cannot.
        std::fs::create_dir(output.path().join(REPORT)).unwrap();
        assert!(write_whole(&output.path().join(REPORT), b"{}").is_err());
        assert_eq!(names(output.path()), [REPORT]);
    }

    #[test]
    fn an_output_that_cannot_be_made_is_named() {
        let output = tempfile::tempdir().unwrap();
        let file = output.path().join("file");
        std::fs::write(&file, "").unwrap();
        let why = SessionFolder::create(&file.join("below"), OffsetDateTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(why.exit(), Exit::Usage);
        assert!(why.to_string().contains("--output-dir"), "{why}");
    }
}
