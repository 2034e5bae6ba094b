//! `services`: Postgres, Redis, the auth service and gateways in containers, on loopback. Only what bears the set's label is ever touched.

mod engine;
mod health;
mod plan;
mod secrets;

use crate::args::{Format, ServicesAction, ServicesArgs};
use crate::config::DATA_DIR;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use engine::{Container, Engine, SET, Thing};
use health::Service;
use plan::{ImageIds, Kind, PORT, Planned, SECRETS, SECRETS_IN, SERVICE};
use secrets::Secrets;
use serde_json::json;
use std::fmt::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks at something that is about to be ready.
const LOOK: Duration = Duration::from_millis(250);

/// Does what the arguments ask for.
pub(crate) async fn services(args: &ServicesArgs, output: &Output) -> Result<Exit, CommandError> {
    check(args)?;
    let engine = Engine::find(&args.engine, &args.name).await?;
    // Nothing here leaves this machine.
    let http = reqwest::Client::builder().no_proxy().build();
    let http = http.map_err(|why| CommandError::Bug(format!("failed to make an HTTP client: {why}")))?;
    let set = Set { args, engine, http, until: Instant::now() + Duration::from_secs(args.within) };
    match args.action {
        ServicesAction::Up => set.up(output).await,
        ServicesAction::Status => set.status(output).await,
        ServicesAction::Restart => set.restart(output).await,
        ServicesAction::Down => set.down(output, false).await,
        ServicesAction::Clean => set.down(output, true).await,
    }
}

fn check(args: &ServicesArgs) -> Result<(), CommandError> {
    let fine = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if args.name.is_empty() || args.name.starts_with('-') || !args.name.chars().all(fine) {
        let valid = "(valid: lower-case letters, digits, dashes)";
        return Err(CommandError::Usage(format!("`--name {}` names no set of services {valid}", args.name)));
    }
    Ok(())
}

/// The services of one name.
struct Set<'a> {
    args: &'a ServicesArgs,
    engine: Engine,
    http: reqwest::Client,
    /// When all must be ready.
    until: Instant,
}

impl Set<'_> {
    async fn up(&self, output: &Output) -> Result<Exit, CommandError> {
        let there = self.engine.containers().await?;
        let folder = secrets::folder(&self.args.data_dir)?;
        self.check_secrets(&folder).await?;
        self.engine.has("network", &self.args.name).await?;
        let images = self.images().await?;
        let secrets = Secrets::kept_in(&folder)?;
        let planned = plan::plan(self.args, &images, &secrets, &folder.display().to_string());
        plan::check_ports(&planned)?;
        let stays = |one: &Planned| there.iter().find(|old| one.is(old));
        let old: Vec<&Container> =
            there.iter().filter(|old| !planned.iter().any(|one| one.is(old))).collect();
        for one in planned.iter().filter(|one| stays(one).is_none()) {
            self.check_name(one, &there).await?;
        }
        for one in planned.iter().filter(|one| !stays(one).is_some_and(Container::runs)) {
            free(one, &old)?;
        }
        self.engine.end(&old, true).await?;
        self.make_surroundings(&folder, &secrets).await?;
        // Each starts when what it stands on is there.
        let mut started = Vec::new();
        for kinds in [[Kind::Postgres, Kind::Redis].as_slice(), &[Kind::Auth], &[Kind::Gateway]] {
            for one in planned.iter().filter(|one| kinds.contains(&one.kind)) {
                self.start(one, stays(one), &secrets).await?;
                started.push(one.service.as_str());
            }
            self.wait(&started).await?;
        }
        let file = secrets.tell_where(self.args)?;
        self.show(output, Some(&next(&self.args.data_dir, &file))).await
    }

    /// Data that were written with other secrets are of no use with these.
    async fn check_secrets(&self, folder: &Path) -> Result<(), CommandError> {
        let now = Secrets::found_in(folder)?.map(|secrets| secrets.digest());
        for volume in plan::volumes(self.args) {
            let Some(found) = self.engine.look::<Thing>("volume", &volume).await? else { continue };
            let hint = "(hint: `--name` names another set)";
            match found.label(SECRETS_IN) {
                None => {
                    return Err(CommandError::Usage(format!(
                        "the volume `{volume}` was not made by this command {hint}"
                    )));
                }
                Some(other) if Path::new(other) != folder => {
                    return Err(CommandError::Usage(format!(
                        "the volume `{volume}` belongs to the secrets in `{other}`, not in `{}` (hint: give that \
                         `--data-dir`, or `--name` for another set, or `goldenpath services clean`)",
                        folder.display()
                    )));
                }
                Some(_) if now.is_none() || now.as_deref() != found.label(SECRETS) => {
                    return Err(CommandError::Usage(format!(
                        "the volume `{volume}` was made with other secrets than `{}` holds now (hint: put those back, or \
                         `goldenpath services clean` removes the data)",
                        folder.display()
                    )));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// A container of the same name that is somebody else's is left alone.
    async fn check_name(&self, one: &Planned, ours: &[Container]) -> Result<(), CommandError> {
        match self.engine.look::<Container>("container", &one.container).await? {
            Some(found) if !ours.iter().any(|own| own.id == found.id) => Err(CommandError::Usage(format!(
                "the container `{}` was not made by this command (hint: `--name` names another set)",
                one.container
            ))),
            _ => Ok(()),
        }
    }

    async fn images(&self) -> Result<ImageIds, CommandError> {
        let ours = &self.args.image;
        let how = format!(
            "`docker build -t {ours} .` in the sources of goldenpath, or name one in GOLDENPATH_IMAGE"
        );
        // A name without a registry is one that was built here: whoever has it elsewhere is somebody else.
        let ours = self.engine.image(ours, &how, ours.contains('/')).await?;
        let how = "name one in GOLDENPATH_IMAGE_POSTGRES";
        let postgres = self.engine.image(&self.args.image_postgres, how, true).await?;
        let how = "name one in GOLDENPATH_IMAGE_REDIS";
        let redis = self.engine.image(&self.args.image_redis, how, true).await?;
        Ok(ImageIds { ours, postgres, redis })
    }

    async fn make_surroundings(&self, folder: &Path, secrets: &Secrets) -> Result<(), CommandError> {
        let labels = [
            format!("{SET}={}", self.args.name),
            format!("{SECRETS_IN}={}", folder.display()),
            format!("{SECRETS}={}", secrets.digest()),
        ];
        self.engine.make("network", &self.args.name, &labels).await?;
        for volume in plan::volumes(self.args) {
            self.engine.make("volume", &volume, &labels).await?;
        }
        Ok(())
    }

    /// Starts one, which is made first unless it is there.
    async fn start(
        &self,
        one: &Planned,
        there: Option<&Container>,
        secrets: &Secrets,
    ) -> Result<(), CommandError> {
        let id = match there {
            Some(container) if container.runs() => return Ok(()),
            Some(container) => container.id.clone(),
            None => {
                let given: Vec<(&str, &str)> =
                    one.secrets.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let id = self.engine.create(&one.words(), &given).await?;
                if one.kind == Kind::Auth {
                    let file = secrets.auth_config()?;
                    self.engine.copy(&file.display().to_string(), &id, plan::AUTH_CONFIG).await?;
                }
                id
            }
        };
        self.engine.start(&id).await
    }

    /// Waits until these are healthy.
    async fn wait(&self, started: &[&str]) -> Result<(), CommandError> {
        loop {
            let mut containers = self.engine.containers().await?;
            containers.retain(|one| one.label(SERVICE).is_some_and(|service| started.contains(&service)));
            let is = |name: &str| containers.iter().any(|one| one.label(SERVICE) == Some(name));
            if let Some(gone) = started.iter().find(|name| !is(name)) {
                return Err(CommandError::Outside(format!("`{gone}` was removed while it started")));
            }
            let services = self.ask(&containers).await;
            let Some((ill, container)) = services.iter().zip(&containers).find(|(one, _)| !one.healthy)
            else {
                return Ok(());
            };
            let why = ill.why.as_deref().unwrap_or_default();
            let ended = !container.runs();
            if ended || Instant::now() >= self.until {
                let what = match ended {
                    true => "ended while it started".to_owned(),
                    false => format!("is not ready after {} s: {why}", self.args.within),
                };
                let said = self.engine.last_words(&container.id).await;
                return Err(CommandError::Outside(format!(
                    "`{}` {what}; its last words: {said}",
                    ill.service
                )));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn ask(&self, containers: &[Container]) -> Vec<Service> {
        let mut services = Vec::new();
        for container in containers {
            services.push(health::ask(&self.engine, &self.http, container).await);
        }
        services
    }

    async fn status(&self, output: &Output) -> Result<Exit, CommandError> {
        self.show(output, None).await
    }

    async fn restart(&self, output: &Output) -> Result<Exit, CommandError> {
        let containers = self.engine.containers().await?;
        if containers.is_empty() {
            return self.show(output, None).await;
        }
        if let Some(unmade) = containers.iter().find(|one| !one.was_started()) {
            let service = unmade.label(SERVICE).unwrap_or("?");
            return Err(CommandError::Outside(format!(
                "`{service}` was made but never started (hint: `goldenpath services up` makes it anew)"
            )));
        }
        let parts = in_order_of_end(&containers);
        for part in &parts {
            self.engine.end(part, false).await?;
        }
        let mut started = Vec::new();
        for part in parts.iter().rev() {
            for container in part {
                self.engine.start(&container.id).await?;
                started.extend(container.label(SERVICE));
            }
            self.wait(&started).await?;
        }
        self.show(output, None).await
    }

    async fn down(&self, output: &Output, with_data: bool) -> Result<Exit, CommandError> {
        let containers = self.engine.containers().await?;
        let mut folder = containers.iter().find_map(|one| one.label(SECRETS_IN)).map(PathBuf::from);
        for volume in plan::volumes(self.args) {
            if folder.is_none()
                && let Some(found) = self.engine.look::<Thing>("volume", &volume).await?
            {
                folder = found.label(SECRETS_IN).map(PathBuf::from);
            }
        }
        for part in in_order_of_end(&containers) {
            self.engine.end(&part, true).await?;
        }
        self.engine.remove_all("network").await?;
        let volumes = if with_data { self.engine.remove_all("volume").await? } else { Vec::new() };
        if let Some(folder) = &folder {
            secrets::forget_where(folder)?;
            if with_data {
                secrets::remove_all(folder)?;
            }
        }
        let removed: Vec<&str> = containers.iter().filter_map(|one| one.label(SERVICE)).collect();
        match output.format() {
            Format::Json => output.document(&format!(
                "{}\n",
                json!({"schema": SCHEMA, "name": self.args.name, "removed": removed, "volumes_removed": volumes})
            )),
            Format::Text => output.text(&format!(
                "removed {} container(s) and {} volume(s) of `{}`\n",
                removed.len(),
                volumes.len(),
                self.args.name
            )),
        }
        Ok(Exit::Approved)
    }

    /// Tells how all are; 3 unless all are there and healthy.
    async fn show(&self, output: &Output, next: Option<&str>) -> Result<Exit, CommandError> {
        let containers = self.engine.containers().await?;
        let mut services = self.ask(&containers).await;
        services.sort_by(|a, b| a.service.cmp(&b.service));
        // Of no services at all the table says so.
        if !services.is_empty() {
            services.extend(health::missing(&services));
        }
        let healthy = !services.is_empty() && services.iter().all(|one| one.healthy);
        match output.format() {
            Format::Json => {
                let document = json!({"schema": SCHEMA, "name": self.args.name, "healthy": healthy, "services": services, "next": next});
                output.document(&format!("{document:#}\n"));
            }
            Format::Text => output.text(&table(&self.args.name, &services, next)),
        }
        Ok(if healthy { Exit::Approved } else { Exit::Inconclusive })
    }
}

/// What the documents of this command are.
const SCHEMA: &str = "goldenpath.services/1";

/// Each while what it stands on is there: gateways, the auth service, the others.
fn in_order_of_end(containers: &[Container]) -> [Vec<&Container>; 3] {
    let is = |one: &&Container, kind: &str| one.label(SERVICE).is_some_and(|name| name.starts_with(kind));
    let (gateways, others): (Vec<_>, Vec<_>) = containers.iter().partition(|one| is(one, "gateway"));
    let (auth, others) = others.into_iter().partition(|one| is(one, "auth"));
    [gateways, auth, others]
}

/// Whether a port can be had, before anything is made or removed for it.
fn free(one: &Planned, that_go: &[&Container]) -> Result<(), CommandError> {
    let port = one.port.to_string();
    if that_go.iter().any(|container| container.runs() && container.label(PORT) == Some(&port)) {
        return Ok(());
    }
    match TcpListener::bind(("127.0.0.1", one.port)) {
        Ok(_) => Ok(()),
        Err(why) => Err(CommandError::Usage(format!(
            "the port {} for `{}` cannot be had: {why} (hint: `{}` takes another one)",
            one.port, one.service, one.port_flag
        ))),
    }
}

/// How to go on.
fn next(data_dir: &Path, file: &Path) -> String {
    if data_dir == Path::new(DATA_DIR) {
        return "goldenpath validate --environment local".to_owned();
    }
    format!("goldenpath validate --config {} --environment local", file.display())
}

fn table(name: &str, services: &[Service], next: Option<&str>) -> String {
    if services.is_empty() {
        return format!("no services of the name `{name}` (hint: `goldenpath services up`)\n");
    }
    let mut text = format!("{:<12}{:<10}{:<10}{}\n", "service", "version", "health", "address");
    for one in services {
        let health = if one.healthy { "ok" } else { "ill" };
        let version = one.version.as_deref().unwrap_or("-");
        let address = one.address.as_deref().unwrap_or("-");
        let _ = writeln!(text, "{:<12}{version:<10}{health:<10}{address}", one.service);
        if let Some(why) = &one.why {
            let _ = writeln!(text, "{:<12}{why}", "");
        }
    }
    if let Some(next) = next {
        let _ = writeln!(text, "\nnext      {next}");
    }
    text
}
