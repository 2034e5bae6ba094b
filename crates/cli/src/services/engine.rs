//! The container engine, spoken to through its own command: that knows where the engine is (contexts, sockets, machines), how to log
//! in to registries, and is what users have.

use crate::exit::CommandError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// The longest that one thing may take, but for fetching images and ending containers.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);
/// Images are fetched over networks.
const FETCHES_WITHIN: Duration = Duration::from_secs(900);
/// Seconds until a container that was told to end is killed: a node drains for 35.
const ENDS_WITHIN_S: &str = "45";

/// What marks containers, volumes and networks as a set's; its value is the set's name.
pub(super) const SET: &str = "goldenpath.services";

/// The engine, for one set of services.
#[derive(Debug)]
pub(super) struct Engine {
    program: String,
    set: String,
}

/// A container as the engine tells it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Container {
    pub(super) id: String,
    pub(super) config: ContainerConfig,
    pub(super) state: ContainerState,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ContainerConfig {
    pub(super) image: String,
    #[serde(default)]
    pub(super) labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ContainerState {
    /// `running`, `exited`, …
    pub(super) status: String,
}

impl Container {
    /// One of its labels.
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.config.labels.as_ref()?.get(name).map(String::as_str)
    }

    pub(super) fn runs(&self) -> bool {
        self.state.status == "running"
    }

    /// Whether it ever ran. One that did not may lack the files that it is given before its first start.
    pub(super) fn was_started(&self) -> bool {
        self.state.status != "created"
    }
}

/// A volume or a network.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Thing {
    #[serde(default, alias = "labels")]
    labels: Option<BTreeMap<String, String>>,
}

impl Thing {
    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.labels.as_ref()?.get(name).map(String::as_str)
    }

    /// What is not of this set is left alone; `kind` and `name` are for the error.
    fn of_set(&self, set: &str, kind: &str, name: &str) -> Result<(), CommandError> {
        match self.label(SET) == Some(set) {
            true => Ok(()),
            false => Err(CommandError::Usage(format!(
                "the {kind} `{name}` was not made by this command (hint: `--name` names another set)"
            ))),
        }
    }
}

/// What the command said that the engine's answer is.
struct Said {
    ok: bool,
    out: String,
    err: String,
}

impl Engine {
    /// Finds the engine, which must answer.
    pub(super) async fn find(program: &str, set: &str) -> Result<Self, CommandError> {
        let engine = Self { program: program.to_owned(), set: set.to_owned() };
        let said = engine.say(&["version", "--format", "{{.Server.Version}}"], &[], ANSWERS_WITHIN).await?;
        if said.ok {
            return Ok(engine);
        }
        Err(CommandError::Usage(format!(
            "the container engine behind `{program}` does not answer: {} (hint: start it, and see what `{program} info` says)",
            first_line(&said.err)
        )))
    }

    async fn say(
        &self,
        words: &[&str],
        secrets: &[(&str, &str)],
        within: Duration,
    ) -> Result<Said, CommandError> {
        let mut command = Command::new(&self.program);
        command.args(words).stdin(Stdio::null()).kill_on_drop(true);
        // Never as arguments, which everybody on the machine may read.
        command.envs(secrets.iter().copied());
        let output = tokio::time::timeout(within, command.output()).await.map_err(|_| {
            CommandError::Outside(format!("`{} {}` did not end within {within:?}", self.program, verb(words)))
        })?;
        let output = output.map_err(|why| match why.kind() {
            std::io::ErrorKind::NotFound => CommandError::Usage(format!(
                "failed to find the container engine's command `{}` (hint: install Docker, or name another one: `--engine podman`)",
                self.program
            )),
            _ => CommandError::Usage(format!("failed to run `{}`: {why}", self.program)),
        })?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        Ok(Said { ok: output.status.success(), out: text(&output.stdout), err: text(&output.stderr) })
    }

    /// What it answers; that it refuses is an error of the surroundings.
    async fn ask(&self, words: &[&str], secrets: &[(&str, &str)]) -> Result<String, CommandError> {
        let said = self.say(words, secrets, ANSWERS_WITHIN).await?;
        if said.ok { Ok(said.out) } else { Err(self.refused(words, &said.err)) }
    }

    fn refused(&self, words: &[&str], said: &str) -> CommandError {
        CommandError::Outside(format!("`{} {}` failed: {said}", self.program, verb(words)))
    }

    /// Makes sure that an image is here, and gives its id, which is another one after it was built anew. One whose name holds no `/` and is ours is in no registry.
    pub(super) async fn image(&self, image: &str, how: &str, fetch: bool) -> Result<String, CommandError> {
        let id = ["image", "inspect", "--format", "{{.Id}}", image];
        let said = self.say(&id, &[], ANSWERS_WITHIN).await?;
        if said.ok {
            return Ok(said.out);
        }
        let missing =
            |why: &str| CommandError::Usage(format!("the image `{image}` is not here{why} (hint: {how})"));
        if !fetch {
            return Err(missing(""));
        }
        tracing::info!("fetching the image `{image}`");
        let said = self.say(&["pull", "--quiet", image], &[], FETCHES_WITHIN).await?;
        if said.ok {
            self.ask(&id, &[]).await
        } else {
            Err(missing(&format!(" and cannot be fetched: {}", first_line(&said.err))))
        }
    }

    /// The set's containers, also those that do not run.
    pub(super) async fn containers(&self) -> Result<Vec<Container>, CommandError> {
        let filter = format!("label={SET}={}", self.set);
        let ids = self.ask(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter], &[]).await?;
        let ids: Vec<&str> = ids.split_whitespace().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let words: Vec<&str> = ["container", "inspect"].into_iter().chain(ids).collect();
        self.read(&words, &self.ask(&words, &[]).await?)
    }

    /// A container, volume or network of this name, whoever made it.
    pub(super) async fn look<T: DeserializeOwned>(
        &self,
        kind: &str,
        name: &str,
    ) -> Result<Option<T>, CommandError> {
        let words = [kind, "inspect", name];
        let said = self.say(&words, &[], ANSWERS_WITHIN).await?;
        if !said.ok {
            return Ok(None);
        }
        let found: Vec<T> = self.read(&words, &said.out)?;
        Ok(found.into_iter().next())
    }

    fn read<T: DeserializeOwned>(&self, words: &[&str], text: &str) -> Result<Vec<T>, CommandError> {
        serde_json::from_str(text)
            .map_err(|why| self.refused(words, &format!("its answer is not understood: {why}")))
    }

    /// Whether the set has this volume or network; one of somebody else's is an error.
    pub(super) async fn has(&self, kind: &str, name: &str) -> Result<bool, CommandError> {
        let Some(found) = self.look::<Thing>(kind, name).await? else { return Ok(false) };
        found.of_set(&self.set, kind, name).map(|()| true)
    }

    /// Makes a volume or a network of the set, unless it is there.
    pub(super) async fn make(&self, kind: &str, name: &str, labels: &[String]) -> Result<(), CommandError> {
        if self.has(kind, name).await? {
            return Ok(());
        }
        let mut words = vec![kind, "create"];
        labels.iter().for_each(|label| words.extend(["--label", label]));
        words.push(name);
        self.ask(&words, &[]).await.map(drop)
    }

    /// Makes a container that does not run yet.
    pub(super) async fn create(
        &self,
        words: &[String],
        secrets: &[(&str, &str)],
    ) -> Result<String, CommandError> {
        let words: Vec<&str> = std::iter::once("create").chain(words.iter().map(String::as_str)).collect();
        self.ask(&words, secrets).await
    }

    /// Puts a file of ours into a container.
    pub(super) async fn copy(&self, file: &str, container: &str, to: &str) -> Result<(), CommandError> {
        self.ask(&["cp", file, &format!("{container}:{to}")], &[]).await.map(drop)
    }

    pub(super) async fn start(&self, container: &str) -> Result<(), CommandError> {
        self.ask(&["start", container], &[]).await.map(drop)
    }

    /// Ends containers in good order and, when `remove`, removes them.
    pub(super) async fn end(&self, containers: &[&Container], remove: bool) -> Result<(), CommandError> {
        let ids: Vec<&str> = containers.iter().map(|one| one.id.as_str()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let stop: Vec<&str> = ["stop", "-t", ENDS_WITHIN_S].into_iter().chain(ids.iter().copied()).collect();
        self.ask(&stop, &[]).await?;
        if remove {
            let words: Vec<&str> = ["rm", "--volumes"].into_iter().chain(ids).collect();
            self.ask(&words, &[]).await?;
        }
        Ok(())
    }

    /// Removes the set's volumes or networks; gives their names.
    pub(super) async fn remove_all(&self, kind: &str) -> Result<Vec<String>, CommandError> {
        let filter = format!("label={SET}={}", self.set);
        let format = "{{.Name}}";
        let names = self.ask(&[kind, "ls", "--filter", &filter, "--format", format], &[]).await?;
        let names: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
        for name in &names {
            self.ask(&[kind, "rm", name], &[]).await?;
        }
        Ok(names)
    }

    /// What a program inside a container says; an error says why it could not be asked.
    pub(super) async fn inside(&self, container: &str, program: &[&str]) -> Result<String, String> {
        let words: Vec<&str> = ["exec", container].into_iter().chain(program.iter().copied()).collect();
        match self.say(&words, &[], ANSWERS_WITHIN).await {
            Ok(said) if said.ok => Ok(said.out),
            Ok(said) if said.err.is_empty() => Err(format!("`{}` failed", program.join(" "))),
            Ok(said) => Err(first_line(&said.err)),
            Err(why) => Err(why.to_string()),
        }
    }

    /// The end of what a container wrote.
    pub(super) async fn last_words(&self, container: &str) -> String {
        match self.say(&["logs", "--tail", "5", container], &[], ANSWERS_WITHIN).await {
            Ok(said) => format!("{}\n{}", said.out, said.err).trim().to_owned(),
            Err(why) => why.to_string(),
        }
    }
}

/// What was asked for, without what it was asked of: that may be long.
fn verb(words: &[&str]) -> String {
    words.iter().take_while(|word| !word.starts_with('-')).take(2).copied().collect::<Vec<_>>().join(" ")
}

fn first_line(text: &str) -> String {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{SET, Thing};

    #[test]
    fn what_bears_no_label_of_the_set_is_refused_by_name() {
        let thing = |labels: serde_json::Value| -> Thing {
            serde_json::from_value(serde_json::json!({"Labels": labels})).unwrap()
        };
        assert!(thing(serde_json::json!({SET: "mine"})).of_set("mine", "network", "mine").is_ok());
        for labels in [serde_json::json!({SET: "other"}), serde_json::json!({}), serde_json::Value::Null] {
            let why = thing(labels).of_set("mine", "network", "mine").unwrap_err().to_string();
            assert!(why.contains("the network `mine`") && why.contains("--name"), "{why}");
        }
    }
}
