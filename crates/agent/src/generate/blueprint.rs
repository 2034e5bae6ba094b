//! What a company that trains, serves and feeds models rents: a table of roles and their shares.

/// One role. The words pick prices from the sample.
#[derive(Debug)]
pub(super) struct Blueprint {
    /// What a resource of this role is called first.
    pub(super) role: &'static str,
    /// Words of the service.
    pub(super) service: &'static str,
    /// Words of the charge for having it.
    pub(super) price: &'static str,
    /// Service and words of the charge for using it, where use is charged apart.
    pub(super) activity: Option<(&'static str, &'static str)>,
    /// The `workload` tag.
    pub(super) workload: &'static str,
    /// Its part of the whole bill, in thousandths before scaling.
    pub(super) share: f64,
    /// What may be planted on it.
    pub(super) plant: Plant,
}

/// What a role is fit for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plant {
    /// May stand idle.
    Idle,
    /// May have spikes.
    Spike,
    /// Runs all day: may be covered by a commitment, or left uncovered.
    Steady,
    /// Follows working days and is left alone.
    Plain,
}

const EC2: &str = "Amazon Elastic Compute Cloud";
const TRAFFIC: Option<(&str, &str)> = Some((EC2, "regional data transfer - in/out/between EC2 AZs"));
const DISK: Option<(&str, &str)> = Some((EC2, "per 1 million I/O requests"));
const BALANCER: Option<(&str, &str)> = Some(("Elastic Load Balancing", "Application load balancer capacity"));
const ML: Option<(&str, &str)> = Some(("Azure Machine Learning", "Inter-Region - Intra Continent"));

macro_rules! roles {
    ($($role:literal, $service:expr, $price:literal, $activity:expr, $workload:literal, $share:literal, $plant:ident;)*) => {
        &[$(Blueprint {
            role: $role, service: $service, price: $price, activity: $activity,
            workload: $workload, share: $share, plant: Plant::$plant,
        }),*]
    };
}

/// Every role.
pub(super) static ROLES: &[Blueprint] = roles! {
    "trainer",       EC2, "g5.4xlarge Instance Hour", TRAFFIC, "training", 120.0, Steady;
    "finetune",      EC2, "g5.4xlarge Instance Hour", TRAFFIC, "training", 82.0, Steady;
    "sweep",         EC2, "g5.4xlarge Instance Hour", TRAFFIC, "training", 54.0, Spike;
    "gpu-spare",     EC2, "g5.4xlarge Instance Hour", TRAFFIC, "training", 38.0, Idle;
    "legacy-gpu",    EC2, "g3.4xlarge Instance Hour", TRAFFIC, "training", 52.0, Steady;
    "gpu-bench",     EC2, "g3.4xlarge Instance Hour", TRAFFIC, "training", 21.0, Idle;
    "workspace",     "Azure Machine Learning", "D11 v2/DS11 v2", ML, "training", 33.0, Plain;
    "ml-disk",       "Azure Machine Learning", "Premium SSD Managed Disks - P6", ML, "training", 9.0, Idle;
    "checkpoints",   "Amazon Simple Storage Service", "first 50 TB / month of storage", None, "training", 24.0, Plain;
    "scratch",       EC2, "General Purpose SSD (gp2) provisioned storage - US East", DISK, "training", 15.0, Idle;
    "serve",         EC2, "c5.4xlarge Instance Hour", TRAFFIC, "inference", 62.0, Steady;
    "embed",         EC2, "m5.2xlarge Instance Hour", TRAFFIC, "inference", 36.0, Steady;
    "rank",          "AWS Lambda", "AWS Lambda - Total Compute - US West", None, "inference", 21.0, Spike;
    "vectors",       "Amazon Relational Database Service", "Aurora Capacity Unit hour", None, "inference", 28.0, Plain;
    "cluster",       "Amazon Elastic Container Service for Kubernetes", "EKS cluster usage", None, "inference", 5.0, Plain;
    "spark",         EC2, "m4.10xlarge Instance Hour", TRAFFIC, "etl", 74.0, Steady;
    "spark-adhoc",   EC2, "m5.2xlarge Instance Hour", TRAFFIC, "etl", 31.0, Idle;
    "loader",        "Amazon Elastic Container Service", "AWS Fargate - vCPU", TRAFFIC, "etl", 37.0, Spike;
    "loader-memory", "Amazon Elastic Container Service", "AWS Fargate - Memory", None, "etl", 12.0, Plain;
    "flow",          "AWS Step Functions", "per state transition", None, "etl", 17.0, Plain;
    "queue",         "Amazon Simple Queue Service", "per million Amazon SQS standard requests", None, "etl", 13.0, Plain;
    "features",      "Amazon DynamoDB", "per million write request units", None, "etl", 24.0, Spike;
    "nat",           EC2, "Data Processed by NAT Gateways", None, "etl", 23.0, Plain;
    "lake",          "Amazon Simple Storage Service", "first 50 TB / month of storage", None, "etl", 26.0, Plain;
    "warehouse-io",  "Amazon Relational Database Service", "RDS million I/O requests", None, "etl", 16.0, Plain;
    "snapshots",     EC2, "snapshot data stored - US West", None, "etl", 9.0, Plain;
    "logs",          "AmazonCloudWatch", "custom log data ingested", None, "platform", 22.0, Spike;
    "metrics",       "AmazonCloudWatch", "per metric-month", None, "platform", 7.0, Plain;
    "edge",          "Amazon CloudFront", "first 10 TB / month data transfer out", None, "platform", 18.0, Plain;
    "balancer",      "Elastic Load Balancing", "Application LoadBalancer-hour", BALANCER, "platform", 6.0, Idle;
    "api",           EC2, "c5.2xlarge Instance Hour", TRAFFIC, "platform", 27.0, Steady;
    "staging",       EC2, "m5.large Instance Hour", TRAFFIC, "platform", 17.0, Plain;
    "egress",        EC2, "first 10 TB / month data transfer out beyond", None, "platform", 16.0, Plain;
    "addresses",     "Amazon Virtual Private Cloud", "Idle public IPv4 address", None, "platform", 2.0, Plain;
};
