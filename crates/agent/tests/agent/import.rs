//! A FOCUS export becomes data, and what is wrong in it is named.

use goldenpath_agent::{ChargeCategory, Import, ImportError, ImportedBilling};
use rstest::rstest;

const HEADING: &str = "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargeCategory,\
                       ProviderName,ServiceName,ServiceCategory,ResourceId,Tags,x_Extra";

fn row(cells: &str) -> String {
    format!("{HEADING}\n1,1,1,USD,2024-09-01 00:00:00,Usage,AWS,EC2,Compute,i-1,NULL,x\n{cells}\n")
}

#[test]
fn the_sample_is_read_whole() {
    let sample = include_bytes!("../../data/focus_sample.csv");
    let import = Import::read(&sample[..]).unwrap();
    assert_eq!((import.rows.len(), import.rejected.len()), (1000, 0));
    let first = &import.rows[0];
    assert_eq!(first.service, "Amazon Simple Queue Service");
    assert_eq!(first.day.to_string(), "2024-09-18");
    assert_eq!(first.unit_price, Some(0.000_000_4));
    assert_eq!((first.commitment.as_ref(), first.tags.len()), (None, 0));
    assert_eq!(import.rows[1].tags[0], ("application".to_owned(), "BrightLensMatrix".to_owned()));
    let billing = ImportedBilling::read(&sample[..]).unwrap();
    assert_eq!(billing.dataset().len(), 1000);
    // The anonymised rows leave most effective costs at zero.
    assert_eq!(billing.dataset().cost_basis(), "BilledCost");
}

#[test]
fn null_and_empty_cells_are_absent_and_unknown_columns_ignored() {
    let csv = row("2,2,,USD,2024-09-02,credit,AWS,EC2,Compute,,\"{\"\"team\"\": \"\"a\"\"}\",y");
    let import = Import::read(csv.as_bytes()).unwrap();
    assert_eq!(import.rejected, []);
    let second = &import.rows[1];
    assert_eq!((second.list, second.resource.as_ref(), second.charge), (0.0, None, ChargeCategory::Credit));
    assert_eq!(second.tags, [("team".to_owned(), "a".to_owned())]);
}

#[rstest]
#[case("1,x,1,USD,2024-09-01,Usage,AWS,EC2,Compute,i-1,,", "`EffectiveCost` is `x`, which is no number")]
#[case("1,NaN,1,USD,2024-09-01,Usage,AWS,EC2,Compute,i-1,,", "`EffectiveCost` is `NaN`, which is no number")]
#[case("NULL,1,1,USD,2024-09-01,Usage,AWS,EC2,Compute,i-1,,", "no `BilledCost`")]
#[case(
    "1,1,1,USD,01.09.2024,Usage,AWS,EC2,Compute,i-1,,",
    "`ChargePeriodStart` is `01.09.2024`, which is no date"
)]
#[case(
    "1,1,1,USD,2024-09-01 25:00:00,Usage,AWS,EC2,Compute,i-1,,",
    "`ChargePeriodStart` is `2024-09-01 25:00:00`, which is no date"
)]
#[case(
    "1,1,1,USD,2024-09-01,Rent,AWS,EC2,Compute,i-1,,",
    "`ChargeCategory` is `Rent`, not one of `Usage`, `Purchase`, `Tax`, `Credit`, `Adjustment`"
)]
#[case("1,1,1,EUR,2024-09-01,Usage,AWS,EC2,Compute,i-1,,", "currency `EUR` in a file of `USD`")]
#[case("1,1,1,USD,2024-09-01,Usage,AWS,EC2,Compute,i-1,{,", "`Tags` is no JSON object")]
#[case("1,1", "2 cells where the heading has 12")]
fn a_wrong_row_is_named_by_line_and_skipped(#[case] cells: &str, #[case] why: &str) {
    let import = Import::read(row(cells).as_bytes()).unwrap();
    assert_eq!(import.rows.len(), 1);
    let errors: Vec<_> = import.rejected.iter().map(|row| (row.line, row.why.as_str())).collect();
    assert_eq!(errors, [(3, why)]);
}

#[test]
fn a_row_that_is_no_utf8_is_wrong() {
    let mut csv = row("").into_bytes();
    csv.extend_from_slice(b"1,1,1,USD,2024-09-01,Usage,AWS,\xff\xfe,Compute,i-1,,\n");
    let import = Import::read(&csv[..]).unwrap();
    assert_eq!(import.rejected[0].why, "not valid UTF-8");
}

#[test]
fn missing_columns_are_named_with_the_nearest_present_one() {
    let csv = HEADING.replace("EffectiveCost", "EfectiveCosts").replace("BillingCurrency,", "");
    let error = Import::read(csv.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        error,
        "failed to read billing data: missing required columns `EffectiveCost` (nearest present: \
         `EfectiveCosts`), `BillingCurrency`"
    );
}

#[rstest]
#[case("")]
#[case("a,b\n1,2\n")]
#[case("\u{0}\u{1}\u{2}")]
fn what_is_no_export_is_an_error(#[case] csv: &str) {
    assert!(matches!(Import::read(csv.as_bytes()), Err(ImportError::MissingColumns(_))));
}

#[test]
fn an_export_without_a_usable_row_says_what_is_wrong() {
    let csv = format!("{HEADING}\nx,1,1,USD,2024-09-01,Usage,AWS,EC2,Compute,i-1,,\n");
    let error = Import::read(csv.as_bytes()).unwrap_err().to_string();
    assert!(
        error.ends_with("no usable row (1 wrong; line 2: `BilledCost` is `x`, which is no number)"),
        "{error}"
    );
}
