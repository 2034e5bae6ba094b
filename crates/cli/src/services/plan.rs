//! Which containers there shall be, and how each is made. Nothing is done here.

use super::engine::SET;
use super::secrets::{self, Secrets};
use crate::args::ServicesArgs;
use crate::exit::CommandError;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// Which service a container is.
pub(super) const SERVICE: &str = "goldenpath.service";
/// Where its secrets lie: with others it could not be used.
pub(super) const SECRETS_IN: &str = "goldenpath.secrets-in";
/// The digest of those secrets.
pub(super) const SECRETS: &str = "goldenpath.secrets";
/// What it was made from: one that would be made otherwise now is made anew.
const MADE_FROM: &str = "goldenpath.made-from";
/// Where it answers on this machine.
pub(super) const PORT: &str = "goldenpath.port";

/// Where the auth service finds its configuration inside its container.
pub(super) const AUTH_CONFIG: &str = "/etc/goldenpath-auth.toml";

/// The kinds of services, which are started in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Postgres,
    Redis,
    Auth,
    Gateway,
}

/// One container as it shall be.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) kind: Kind,
    pub(super) service: String,
    pub(super) container: String,
    pub(super) port: u16,
    /// The flag that moves it to another port.
    pub(super) port_flag: &'static str,
    /// Name and value; they reach the container by the environment of the engine's command alone.
    pub(super) secrets: Vec<(&'static str, String)>,
    words: Vec<String>,
    made_from: String,
}

impl Planned {
    /// What the engine's `create` is told.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = vec!["--label".to_owned(), format!("{MADE_FROM}={}", self.made_from)];
        words.extend(self.words.iter().cloned());
        words
    }

    /// Whether a container that is there is what this would make.
    pub(super) fn is(&self, container: &super::engine::Container) -> bool {
        container.label(MADE_FROM) == Some(&self.made_from) && container.was_started()
    }
}

/// What the images' names stand for now.
#[derive(Debug)]
pub(super) struct ImageIds {
    pub(super) ours: String,
    pub(super) postgres: String,
    pub(super) redis: String,
}

/// No two may listen at one port.
pub(super) fn check_ports(planned: &[Planned]) -> Result<(), CommandError> {
    for (index, one) in planned.iter().enumerate() {
        if let Some(other) = planned[..index].iter().find(|other| other.port == one.port) {
            return Err(CommandError::Usage(format!(
                "the port {} is for `{}` and for `{}` (hint: `{}` takes another one)",
                one.port, other.service, one.service, one.port_flag
            )));
        }
    }
    Ok(())
}

/// How one kind is made.
struct Recipe<'a> {
    kind: Kind,
    service: String,
    image: &'a str,
    port: u16,
    port_flag: &'static str,
    /// Where it listens inside.
    inner_port: u16,
    variables: Vec<(&'static str, String)>,
    secrets: Vec<(&'static str, String)>,
    /// Name and place of a volume.
    volume: Option<(&'static str, &'static str)>,
    command: &'a [&'a str],
}

/// All containers, in the order in which they are started.
pub(super) fn plan(
    args: &ServicesArgs,
    images: &ImageIds,
    secrets: &Secrets,
    secrets_in: &str,
) -> Vec<Planned> {
    let mut recipes = vec![postgres(args, secrets), redis(args, secrets), auth(args, secrets)];
    recipes.extend((0..args.gateways).map(|index| gateway(args, secrets, index)));
    recipes.into_iter().map(|recipe| recipe.planned(&args.name, images, secrets, secrets_in)).collect()
}

/// Volumes that outlive containers.
pub(super) fn volumes(args: &ServicesArgs) -> [String; 3] {
    ["postgres", "redis", "auth"].map(|volume| format!("{}-{volume}", args.name))
}

fn postgres<'a>(args: &'a ServicesArgs, secrets: &Secrets) -> Recipe<'a> {
    Recipe {
        kind: Kind::Postgres,
        service: "postgres".to_owned(),
        image: &args.image_postgres,
        port: args.postgres_port,
        port_flag: "--postgres-port",
        inner_port: 5432,
        variables: vec![("POSTGRES_USER", "goldenpath".to_owned()), ("POSTGRES_DB", "goldenpath".to_owned())],
        secrets: vec![("POSTGRES_PASSWORD", secrets.postgres.clone())],
        volume: Some(("postgres", "/var/lib/postgresql/data")),
        command: &[],
    }
}

fn redis<'a>(args: &'a ServicesArgs, secrets: &Secrets) -> Recipe<'a> {
    Recipe {
        kind: Kind::Redis,
        service: "redis".to_owned(),
        image: &args.image_redis,
        port: args.redis_port,
        port_flag: "--redis-port",
        inner_port: 6379,
        variables: Vec::new(),
        // Its own client reads it, too.
        secrets: vec![("REDISCLI_AUTH", secrets.redis.clone())],
        volume: Some(("redis", "/data")),
        // Streams outlive a restart.
        command: &["sh", "-c", r#"exec redis-server --appendonly yes --requirepass "$REDISCLI_AUTH""#],
    }
}

fn auth<'a>(args: &'a ServicesArgs, secrets: &Secrets) -> Recipe<'a> {
    Recipe {
        kind: Kind::Auth,
        service: "auth".to_owned(),
        image: &args.image,
        port: args.auth_port,
        port_flag: "--auth-port",
        inner_port: 8000,
        variables: vec![
            ("GOLDENPATH_AUTH_CONFIG", AUTH_CONFIG.to_owned()),
            ("GOLDENPATH_AUTH_PUBLIC_URL", format!("http://127.0.0.1:{}", args.auth_port)),
        ],
        secrets: vec![
            ("HARNESS_CLIENT_SECRET", secrets.harness.clone()),
            // So that a restart ends no login.
            ("GOLDENPATH_AUTH_STATE", format!("redis://:{}@redis:6379/1", secrets.redis)),
        ],
        volume: Some(("auth", "/var/lib/goldenpath")),
        command: &["serve", "--role", "auth", "--listen", "0.0.0.0:8000"],
    }
}

fn gateway<'a>(args: &'a ServicesArgs, secrets: &Secrets, index: u16) -> Recipe<'a> {
    Recipe {
        kind: Kind::Gateway,
        service: format!("gateway-{}", index + 1),
        image: &args.image,
        port: args.gateway_port + index,
        port_flag: "--gateway-port",
        inner_port: 8000,
        variables: vec![
            ("GOLDENPATH_STORE", "postgres://goldenpath@postgres/goldenpath?sslmode=disable".to_owned()),
            ("GOLDENPATH_AUTH_JWKS_URL", "http://auth:8000/.well-known/jwks.json".to_owned()),
            ("GOLDENPATH_AUTH_REVOCATIONS_URL", "http://auth:8000/auth/revocations".to_owned()),
        ],
        secrets: vec![
            ("PGPASSWORD", secrets.postgres.clone()),
            ("GOLDENPATH_EVENT_LOG", format!("redis://:{}@redis:6379/0", secrets.redis)),
        ],
        volume: None,
        command: &["serve", "--role", "gateway", "--listen", "0.0.0.0:8000"],
    }
}

impl Recipe<'_> {
    fn planned(self, set: &str, images: &ImageIds, secrets: &Secrets, secrets_in: &str) -> Planned {
        let container = format!("{set}-{}", self.service);
        let mut words: Vec<String> = Vec::new();
        let mut say = |flag: &str, value: String| words.extend([flag.to_owned(), value]);
        say("--name", container.clone());
        say("--network", set.to_owned());
        say("--network-alias", self.service.clone());
        for (label, value) in [(SET, set), (SERVICE, &self.service), (SECRETS_IN, secrets_in)] {
            say("--label", format!("{label}={value}"));
        }
        say("--label", format!("{PORT}={}", self.port));
        say("--label", format!("{SECRETS}={}", secrets.digest()));
        // Of this machine only.
        say("--publish", format!("127.0.0.1:{}:{}", self.port, self.inner_port));
        self.variables.iter().for_each(|(name, value)| say("--env", format!("{name}={value}")));
        self.secrets.iter().for_each(|(name, _)| say("--env", (*name).to_owned()));
        if let Some((volume, place)) = self.volume {
            say("--volume", format!("{set}-{volume}:{place}"));
        }
        words.push(self.image.to_owned());
        words.extend(self.command.iter().map(|word| (*word).to_owned()));
        let mut hasher = DefaultHasher::new();
        words.hash(&mut hasher);
        // A name says nothing of what was built under it since, and a file's place nothing of what it holds.
        let (image, file) = match self.kind {
            Kind::Postgres => (&images.postgres, ""),
            Kind::Redis => (&images.redis, ""),
            Kind::Auth => (&images.ours, secrets::AUTH),
            Kind::Gateway => (&images.ours, ""),
        };
        (image, file).hash(&mut hasher);
        Planned {
            kind: self.kind,
            service: self.service,
            container,
            port: self.port,
            port_flag: self.port_flag,
            secrets: self.secrets,
            words,
            made_from: format!("{:016x}", hasher.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ImageIds, Kind, Planned, Secrets, check_ports, plan};
    use crate::args::{Cli, Command, ServicesArgs};
    use clap::{CommandFactory, Parser};
    use std::collections::BTreeSet;

    fn args(more: &[&str]) -> ServicesArgs {
        let words = ["goldenpath", "services", "up"].iter().chain(more);
        match Cli::try_parse_from(words).unwrap().command {
            Command::Services(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    fn images(id: &str) -> ImageIds {
        ImageIds { ours: id.to_owned(), postgres: id.to_owned(), redis: id.to_owned() }
    }

    #[test]
    fn secrets_are_no_arguments_and_ports_are_of_this_machine() {
        let place = tempfile::tempdir().unwrap();
        let secrets = Secrets::kept_in(place.path()).unwrap();
        let planned = plan(&args(&["--gateways", "2"]), &images("1"), &secrets, "x");
        assert_eq!(planned.len(), 5);
        for one in planned {
            assert!(!one.secrets.is_empty());
            let words = one.words().join(" ");
            for secret in [&secrets.postgres, &secrets.redis, &secrets.harness] {
                assert!(!words.contains(secret.as_str()), "{words}");
            }
            assert!(words.contains(&format!("--publish 127.0.0.1:{}:", one.port)), "{words}");
        }
    }

    #[test]
    fn another_image_or_port_makes_another_container_and_the_same_makes_none() {
        let place = tempfile::tempdir().unwrap();
        let secrets = Secrets::kept_in(place.path()).unwrap();
        let made_from = |more: &[&str]| plan(&args(more), &images("1"), &secrets, "x").remove(0).made_from;
        assert_eq!(made_from(&[]), made_from(&[]));
        assert_ne!(made_from(&[]), made_from(&["--image-postgres", "postgres:16"]));
        assert_ne!(made_from(&[]), made_from(&["--postgres-port", "5432"]));
    }

    #[test]
    fn an_image_that_was_built_anew_under_its_name_makes_other_containers() {
        let place = tempfile::tempdir().unwrap();
        let secrets = Secrets::kept_in(place.path()).unwrap();
        let of = |id: &str| plan(&args(&[]), &images(id), &secrets, "x");
        for (one, other) in of("1").iter().zip(of("2")) {
            assert_ne!(one.made_from, other.made_from, "{}", one.service);
        }
    }

    #[test]
    fn two_services_at_one_port_are_named() {
        let place = tempfile::tempdir().unwrap();
        let secrets = Secrets::kept_in(place.path()).unwrap();
        let checked = |more: &[&str]| check_ports(&plan(&args(more), &images("1"), &secrets, "x"));
        assert!(checked(&["--gateways", "3"]).is_ok());
        for (more, named) in [
            (["--gateways=2", "--auth-port=8001"], "the port 8001 is for `auth` and for `gateway-2`"),
            (["--postgres-port=7", "--redis-port=7"], "the port 7 is for `postgres` and for `redis`"),
        ] {
            let why = checked(&more).unwrap_err().to_string();
            assert!(why.contains(named), "{why}");
        }
    }

    #[test]
    fn a_container_that_never_ran_is_made_anew() {
        let place = tempfile::tempdir().unwrap();
        let secrets = Secrets::kept_in(place.path()).unwrap();
        let one = plan(&args(&[]), &images("1"), &secrets, "x").remove(0);
        let container = |status: &str| -> crate::services::engine::Container {
            let labels = serde_json::json!({super::MADE_FROM: one.made_from});
            let config = serde_json::json!({"Image": "x", "Labels": labels});
            serde_json::from_value(
                serde_json::json!({"Id": "x", "Config": config, "State": {"Status": status}}),
            )
            .unwrap()
        };
        assert!(one.is(&container("exited")) && one.is(&container("running")));
        assert!(!one.is(&container("created")));
    }

    #[test]
    fn services_are_told_what_the_command_understands() {
        let place = tempfile::tempdir().unwrap();
        let secrets = Secrets::kept_in(place.path()).unwrap();
        let command = Cli::command();
        let serve = command.find_subcommand("serve").unwrap();
        let read: BTreeSet<&str> = serve.get_arguments().filter_map(|arg| arg.get_env()?.to_str()).collect();
        let ours = |one: &Planned| matches!(one.kind, Kind::Auth | Kind::Gateway);
        for one in plan(&args(&[]), &images("1"), &secrets, "x").into_iter().filter(ours) {
            let words = one.words();
            let told = words.iter().position(|word| word == "serve").unwrap();
            let told = words[told..].iter().map(String::as_str);
            Cli::try_parse_from(["goldenpath"].into_iter().chain(told)).unwrap();
            let named =
                words.windows(2).filter(|pair| pair[0] == "--env").map(|pair| pair[1].split('=').next());
            for name in named.flatten().filter(|name| name.starts_with("GOLDENPATH_")) {
                assert!(read.contains(name), "nobody reads {name}");
            }
        }
    }
}
