//! Services, regions and tags that a prompt names.

const SERVICES: [(&str, &str); 26] = [
    ("s3", "Amazon Simple Storage Service"),
    ("ec2", "Amazon Elastic Compute Cloud"),
    ("sqs", "Amazon Simple Queue Service"),
    ("sns", "Amazon Simple Notification Service"),
    ("rds", "Amazon Relational Database Service"),
    ("eks", "Amazon Elastic Container Service for Kubernetes"),
    ("ecs", "Amazon Elastic Container Service"),
    ("fargate", "Amazon Elastic Container Service"),
    ("efs", "Amazon Elastic File System"),
    ("kms", "AWS Key Management Service"),
    ("vpc", "Amazon Virtual Private Cloud"),
    ("lambda", "AWS Lambda"),
    ("dynamodb", "Amazon DynamoDB"),
    ("cloudfront", "Amazon CloudFront"),
    ("cloudwatch", "AmazonCloudWatch"),
    ("sagemaker", "SageMaker"),
    ("bedrock", "Bedrock"),
    ("redshift", "Redshift"),
    ("athena", "Athena"),
    ("emr", "Elastic MapReduce"),
    ("glue", "AWS Glue"),
    ("kinesis", "Kinesis"),
    ("bigquery", "BigQuery"),
    ("snowflake", "Snowflake"),
    ("databricks", "Databricks"),
    ("aks", "Azure Kubernetes Service"),
];

pub(super) fn service(asked: &str, words: &[&str]) -> Option<String> {
    let quoted = asked.to_lowercase().find("service").and_then(|at| {
        let rest = asked.get(at..)?;
        let open = rest.find(['"', '`', '\u{201c}'])?;
        // A quotation further away belongs to something else.
        let rest = (open < 24).then(|| rest.get(open..))??;
        let mut inner = rest.chars();
        inner.next();
        let inner = inner.as_str();
        inner.find(['"', '`', '\u{201d}']).and_then(|end| inner.get(..end)).map(|name| name.trim().to_owned())
    });
    quoted.filter(|name| !name.is_empty() && name.chars().count() <= 80).or_else(|| {
        let known = SERVICES.iter().find(|(alias, _)| words.contains(alias));
        known.map(|(_, name)| (*name).to_owned())
    })
}

/// `us-west-2`, `eastus2`, `northeurope`.
pub(super) fn is_region(word: &str) -> bool {
    let parts: Vec<_> = word.split('-').collect();
    let amazon = parts.len() >= 3
        && parts[0].len() == 2
        && parts[1..parts.len() - 1]
            .iter()
            .all(|part| part.len() >= 3 && part.chars().all(char::is_alphabetic))
        && parts[parts.len() - 1].len() == 1
        && parts[parts.len() - 1].chars().all(|digit| digit.is_ascii_digit());
    let microsoft =
        ["eastus", "westus", "centralus", "northeurope", "westeurope", "southeastasia", "uksouth"];
    amazon
        || microsoft.iter().any(|known| word.trim_end_matches(|digit: char| digit.is_ascii_digit()) == *known)
}

/// `team=research`.
pub(super) fn is_tag(word: &str) -> bool {
    word.split_once('=').is_some_and(|(key, value)| {
        !key.is_empty()
            && !value.is_empty()
            && key.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
    })
}
