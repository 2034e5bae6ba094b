//! Which part of the bill a charge belongs to: the words of a question mapped to rows.

/// A part of the bill that people ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Workload {
    /// Everything.
    All,
    /// Training and serving of models.
    Ai,
    /// Training of models.
    Training,
    /// Moving, transforming and storing data in bulk.
    DataProcessing,
}

impl Workload {
    /// Every workload.
    pub const ALL: [Self; 4] = [Self::All, Self::Ai, Self::Training, Self::DataProcessing];

    /// The name in tool parameters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Ai => "ai_infrastructure",
            Self::Training => "model_training",
            Self::DataProcessing => "data_processing",
        }
    }

    /// The workload that parameters call `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

/// The workloads that one charge belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Workloads(u8);

const TRAINING: u8 = 1;
const SERVING: u8 = 2;
const DATA: u8 = 4;

const AI_SERVICES: [&str; 6] =
    ["sagemaker", "bedrock", "machine learning", "openai", "vertex ai", "rekognition"];
const GPU_FAMILIES: [&str; 11] =
    [" g3.", " g4dn.", " g5.", " g6.", " p2.", " p3.", " p4d.", " p5.", " trn1", " inf2", "gpu"];
const DATA_SERVICES: [&str; 14] = [
    "glue",
    "elastic mapreduce",
    "athena",
    "kinesis",
    "step functions",
    "dataflow",
    "data factory",
    "synapse",
    "databricks",
    "redshift",
    "bigquery",
    "simple queue",
    "dynamodb",
    "data processed",
];

impl Workloads {
    /// Decides by the `workload` tag where there is one, by category, service and description otherwise.
    pub(crate) fn of(category: &str, service: &str, description: &str, tags: &[(&str, &str)]) -> Self {
        let tag = tags.iter().find(|(key, _)| key.trim().eq_ignore_ascii_case("workload"));
        if let Some(bits) = tag.and_then(|(_, value)| by_tag(&value.to_lowercase())) {
            return Self(bits);
        }
        let text = format!("{service} {description}").to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let mut bits = 0;
        if category.eq_ignore_ascii_case("AI and Machine Learning") || has(&AI_SERVICES) {
            bits |= TRAINING | SERVING;
        }
        if has(&GPU_FAMILIES) {
            bits |= TRAINING;
        }
        if has(&DATA_SERVICES) {
            bits |= DATA;
        }
        Self(bits)
    }

    pub(crate) fn belong_to(self, workload: Workload) -> bool {
        match workload {
            Workload::All => true,
            Workload::Ai => self.0 & (TRAINING | SERVING) != 0,
            Workload::Training => self.0 & TRAINING != 0,
            Workload::DataProcessing => self.0 & DATA != 0,
        }
    }
}

fn by_tag(value: &str) -> Option<u8> {
    match value {
        "training" | "train" | "model-training" => Some(TRAINING),
        "inference" | "serving" => Some(SERVING),
        "etl" | "data" | "data-processing" | "batch" => Some(DATA),
        "platform" | "web" | "shared" => Some(0),
        _ => None,
    }
}
