//! What a user pays for: the data that tools read, with names and figures that no other user has.

use crate::answer::particulars;
use crate::identity::Identities;
use crate::scenario::Content;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

const SERVICES: [&str; 12] = [
    "Amazon SageMaker",
    "Amazon EC2",
    "AWS Lambda",
    "Amazon S3",
    "Amazon Redshift",
    "AWS Glue",
    "Amazon Bedrock",
    "Amazon EMR",
    "Azure OpenAI",
    "BigQuery",
    "Vertex AI",
    "Amazon Kinesis",
];
const REGIONS: [&str; 8] = [
    "us-east-1",
    "us-west-2",
    "eu-west-1",
    "eu-central-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ca-central-1",
    "sa-east-1",
];
const ROLES: [&str; 12] = [
    "trainer",
    "notebook",
    "etl",
    "warehouse",
    "embedder",
    "ranker",
    "gateway",
    "feature-store",
    "labeler",
    "indexer",
    "sandbox",
    "batch",
];
const KINDS: [&str; 6] =
    ["p4d.24xlarge", "g5.12xlarge", "r6i.8xlarge", "c7g.4xlarge", "dc2.large", "ml.m5.4xlarge"];

/// One billed thing.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) name: String,
    pub(crate) service: &'static str,
    pub(crate) region: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) monthly: f64,
    pub(crate) saving: f64,
    pub(crate) idle_days: u32,
}

/// What one run looks at.
#[derive(Debug, Clone)]
pub(crate) struct Estate {
    pub(crate) subject: String,
    pub(crate) resources: Vec<Resource>,
    pub(crate) total: f64,
}

/// Dollars with cents, as a number that prints as it is read.
fn cents(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

impl Estate {
    /// What `user` has when its run number `run` looks, for a question about `subject`.
    pub(crate) fn seen_by(
        ids: Identities,
        user: u32,
        run: u32,
        subject: String,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let scale = 0.6 + f64::from(user % 9) * 0.11 + rng.random_range(0.0..0.2);
        let first = rng.random_range(0..ROLES.len());
        let resources: Vec<Resource> = (0..6_usize)
            .map(|i| {
                let monthly = cents(rng.random_range(1_100.0..9_400.0) * scale);
                Resource {
                    name: format!(
                        "{}-{}",
                        ROLES[(first + i) % ROLES.len()],
                        ids.mark(user, u64::from(run) * 8 + i as u64)
                    ),
                    service: SERVICES[rng.random_range(0..SERVICES.len())],
                    region: REGIONS[rng.random_range(0..REGIONS.len())],
                    kind: KINDS[rng.random_range(0..KINDS.len())],
                    monthly,
                    saving: cents(monthly * rng.random_range(0.18..0.77)),
                    idle_days: rng.random_range(11..86),
                }
            })
            .collect();
        let total =
            cents(resources.iter().map(|r| r.monthly).sum::<f64>() + rng.random_range(18_000.0..31_000.0));
        Self { subject, resources, total }
    }

    /// The name, parameters, purpose and results of the tool that is called as number `call` (from 0).
    pub(crate) fn tool(
        &self,
        call: u32,
        content: Content,
    ) -> (&'static str, Map<String, Value>, String, Map<String, Value>) {
        let pair = [&self.resources[0], &self.resources[1], &self.resources[2]];
        // What a call asks about is its own, so that its results can be told from another's.
        let subject = &match call {
            0 => self.subject.clone(),
            _ => format!("{}, part {}", self.subject, call + 1),
        };
        let (name, purpose, results) = match call % 4 {
            0 => (
                "cost_analyzer",
                format!("Break the spend on {subject} down by service"),
                json!({
                    "subject": subject,
                    "total_monthly_usd": self.total,
                    "by_resource": pair.map(|r| json!({
                        "resource": r.name, "service": r.service, "region": r.region, "monthly_usd": r.monthly,
                    })),
                }),
            ),
            1 => (
                "recommendation_ranker",
                format!("Rank what could be saved on {subject} by money and effort"),
                json!({
                    "subject": subject,
                    "recommendations": pair.map(|r| json!({
                        "resource": r.name, "service": r.service, "monthly_saving_usd": r.saving, "instance": r.kind, "effort": "low",
                    })),
                }),
            ),
            2 => (
                "idle_resources",
                format!("Find what nobody uses behind {subject}"),
                json!({
                    "subject": subject,
                    "idle": self.resources[3..].iter().map(|r| json!({
                        "resource": r.name, "monthly_usd": r.monthly, "idle_days": r.idle_days,
                    })).collect::<Vec<_>>(),
                }),
            ),
            _ => (
                "usage_anomalies",
                format!("Look for days on which {subject} cost more than usual"),
                json!({
                    "subject": subject,
                    "anomalies": self.resources[2..4].iter().map(|r| json!({
                        "resource": r.name, "service": r.service, "usd_above_usual": cents(r.monthly / 7.0),
                    })).collect::<Vec<_>>(),
                }),
            ),
        };
        let mut results = object(results);
        if content == Content::NearLimit && call == 0 {
            results.insert("rows".to_owned(), near_limit_rows(&self.resources[0]));
        }
        if content == Content::Long {
            let notes: Vec<String> = self.resources.iter().map(particulars).collect();
            results.insert("notes".to_owned(), Value::from(notes.join(" ")));
        }
        let mut parameters = Map::new();
        parameters.insert("subject".to_owned(), Value::from(subject.as_str()));
        parameters.insert("days".to_owned(), Value::from(90));
        (name, parameters, purpose, results)
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// About 200 KiB of rows around an object forty levels deep.
fn near_limit_rows(resource: &Resource) -> Value {
    let deep = (0..40)
        .fold(json!({ "resource": resource.name }), |inner, level| json!({ "level": level, "inner": inner }));
    let mut rows: Vec<Value> = (0..2_500)
        .map(|row| json!({ "hour": row, "resource": resource.name, "usd": cents(resource.monthly / 720.0) }))
        .collect();
    rows.push(deep);
    Value::Array(rows)
}
