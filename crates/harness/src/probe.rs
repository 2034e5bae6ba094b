//! Looks at a target from beside: its metrics, its process, its store.

use crate::{Recorder, Target, Token};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long one look may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// The most that is read of an answer.
const MAX_BODY: usize = 16 << 20;

/// What is sampled.
const NAMES: [&str; 4] =
    ["process_resident_memory_bytes", "process_open_fds", "goldenpath_connections", "goldenpath_runs_active"];

/// A look that failed.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The client could not be made.
    #[error("failed to set up HTTP: {0}")]
    SetUp(String),
    /// No answer.
    #[error("failed to read `{url}`: {why}")]
    NoAnswer {
        /// The address.
        url: String,
        /// Why.
        why: String,
    },
}

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The body, as text.
    pub body: String,
}

/// Asks a target over HTTP.
#[derive(Debug, Clone)]
pub struct Probe {
    http: reqwest::Client,
    target: Target,
}

impl Probe {
    /// A probe of this target.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(target: &Target) -> Result<Self, ProbeError> {
        let refuse = |why: reqwest::Error| ProbeError::SetUp(chain(&why));
        let mut builder =
            reqwest::Client::builder().timeout(DEADLINE).redirect(reqwest::redirect::Policy::none());
        if let Some(pem) = target.ca_pem() {
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem).map_err(refuse)?);
        } else if target.metrics().scheme() == "http" && target.http("").scheme() == "http" {
            // Without TLS no roots are needed, and a machine may have none.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self { http: builder.build().map_err(refuse)?, target: target.clone() })
    }

    /// `GET path`, as the owner of `token`.
    ///
    /// # Errors
    /// When no answer comes in time.
    pub async fn get(&self, path: &str, token: Option<&Token>) -> Result<HttpAnswer, ProbeError> {
        self.read(self.target.http(path), token).await
    }

    /// The metrics, as text.
    ///
    /// # Errors
    /// When no answer comes in time.
    pub async fn metrics(&self) -> Result<HttpAnswer, ProbeError> {
        self.read(self.target.metrics(), None).await
    }

    async fn read(&self, url: url::Url, token: Option<&Token>) -> Result<HttpAnswer, ProbeError> {
        let refuse = |why: reqwest::Error| ProbeError::NoAnswer {
            url: url.to_string(),
            why: chain(&why.without_url()),
        };
        let mut request = self.http.get(url.clone());
        if let Some(token) = token {
            request = request.bearer_auth(token.reveal());
        }
        let mut answer = request.send().await.map_err(refuse)?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(refuse)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BODY {
                let why = format!("its body is over {MAX_BODY} bytes");
                return Err(ProbeError::NoAnswer { url: url.to_string(), why });
            }
        }
        Ok(HttpAnswer { status, body: String::from_utf8_lossy(&body).into_owned() })
    }

    /// Records memory, descriptors, connections and runs, as far as the target shows them.
    async fn sample(&self, recorder: &Recorder) {
        let metrics = match self.metrics().await {
            Ok(HttpAnswer { status: 200, body }) => body,
            _ => String::new(),
        };
        for name in NAMES {
            let own = || match name {
                "process_resident_memory_bytes" => resident_bytes(self.target.pid()?),
                "process_open_fds" => open_descriptors(self.target.pid()?),
                _ => None,
            };
            if let Some(value) = metric(&metrics, name).or_else(own) {
                recorder.sample(name, value);
            }
        }
    }
}

/// Records samples of a target until it is dropped.
#[derive(Debug)]
#[must_use = "sampling ends when it is dropped"]
pub struct Sampler {
    task: JoinHandle<()>,
}

impl Sampler {
    /// Samples now and then `every` so often.
    pub fn start(probe: Probe, recorder: Recorder, every: Duration) -> Self {
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(every);
            ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                probe.sample(&recorder).await;
            }
        });
        Self { task }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The value of a metric in Prometheus' text format; with labels, the sum over them. `None` when absent or no finite number.
#[must_use]
pub fn metric(text: &str, name: &str) -> Option<f64> {
    let value = |line: &str| {
        let rest = line.strip_prefix(name)?;
        let rest = match rest.strip_prefix('{') {
            Some(labelled) => labelled.rsplit_once('}')?.1,
            None if rest.starts_with(char::is_whitespace) => rest,
            None => return None,
        };
        rest.split_whitespace().next()?.parse::<f64>().ok().filter(|value| value.is_finite())
    };
    text.lines().filter_map(value).reduce(|sum, value| sum + value)
}

/// The resident memory of a process on this machine.
#[must_use]
pub fn resident_bytes(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kib| kib * 1024.0)
}

fn open_descriptors(pid: u32) -> Option<f64> {
    let count = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
    u32::try_from(count).ok().map(f64::from)
}

/// An error with all its causes: the outermost alone says only that something failed.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Probe, metric, resident_bytes};
    use crate::{Target, Token};
    use wiremock::matchers::{header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    #[test]
    fn metrics_are_read_with_and_without_labels() {
        let text = "# HELP x y\nopen_fds 7\nopen_fds_max 9\ncloses{code=\"4001\"} 2\ncloses{code=\"4005\"} 3 17\nbad NaN\n";
        assert_eq!(metric(text, "open_fds"), Some(7.0));
        assert_eq!(metric(text, "closes"), Some(5.0));
        assert_eq!(metric(text, "bad"), None);
        assert_eq!(metric(text, "none"), None);
    }

    #[test]
    fn the_own_process_has_memory() {
        assert!(resident_bytes(std::process::id()).is_some_and(|bytes| bytes > 0.0));
    }

    #[tokio::test]
    async fn a_store_is_asked_as_its_user() {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .and(path("/runs/r1"))
            .and(header("authorization", "Bearer t0ken"))
            .respond_with(ResponseTemplate::new(200).set_body_string("{}"))
            .mount(&server)
            .await;
        let target = Target::new(&server.uri().replace("http://", "ws://")).unwrap();
        let probe = Probe::new(&target).unwrap();
        let answer = probe.get("runs/r1", Some(&Token::new("t0ken"))).await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "{}"));
        assert_eq!(probe.get("runs/r2", None).await.unwrap().status, 404);
    }
}
