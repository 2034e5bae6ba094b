//! Precedence, nearest names, and the example that the repository ships.

use super::{Environment, Length, TargetChoice, load, parse, resolve_validate};
use crate::args::{TargetArgs, ValidateArgs};
use goldenpath_checkers::Category;
use rstest::rstest;
use std::time::Duration;

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn refused(text: &str, variables: &[(&str, &str)]) -> String {
    parse("x.toml", text, &environment(variables)).expect_err("refused").to_string()
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let file = "users = 2\ntimeout = 20\nseed = 1\nfail_fast = true\n[limits]\n\"timing/silence\" = 5000";
    let variables = environment(&[("GOLDENPATH_USERS", "3"), ("GOLDENPATH_TIMEOUT", "30"), ("PATH", "/bin")]);
    let config = parse("x.toml", file, &variables).unwrap();
    let args = ValidateArgs {
        target: TargetArgs { users: Some(4), ..TargetArgs::default() },
        ..ValidateArgs::default()
    };
    let settings = resolve_validate(&args, &config, &variables).unwrap();
    assert_eq!(settings.chosen.users, 4);
    assert_eq!(settings.chosen.timeout, Duration::from_secs(30));
    assert_eq!(settings.chosen.seed, 1);
    assert_eq!(settings.limits["timing/silence"], 5000.0);
    assert_eq!(settings.chosen.target, TargetChoice::Embedded);
    assert_eq!(settings.length, Length::Short);
    assert!(settings.fail_fast && settings.categories.is_none());
}

#[test]
fn variables_reach_nested_keys() {
    let variables = environment(&[
        ("GOLDENPATH_TARGET", "ws://x/ws"),
        ("GOLDENPATH_TARGET__AUTH__MODE", "mint"),
        ("GOLDENPATH_TARGET__AUTH__TTL_S", "60"),
        ("GOLDENPATH_LIMITS__TIMING_FIRST_EVENT", "250"),
        ("GOLDENPATH_CATEGORIES", "functional, security"),
        ("GOLDENPATH_JWT_SECRET", "not a key of ours"),
    ]);
    let config = parse("x.toml", "[target.auth]\nmode = \"none\"", &variables).unwrap();
    assert_eq!(config.target.auth.mode.as_deref(), Some("mint"));
    assert_eq!(config.target.auth.ttl_s, Some(60));
    assert_eq!(config.limits["timing/first-event"], 250.0);
    let settings = resolve_validate(&ValidateArgs::default(), &config, &variables).unwrap();
    assert_eq!(settings.categories, Some(vec![Category::Functional, Category::Security]));
    assert!(matches!(settings.chosen.target, TargetChoice::Remote(_)));
}

#[rstest]
#[case::top("userz = 3", &[], "unknown key `userz`; did you mean `users`?")]
#[case::nested("[environments.staging.auth]\nissuers = \"x\"", &[], "did you mean `issuer`?")]
#[case::place("[environments.staging.auth]\nissuers = \"x\"", &[], "`[environments.staging.auth]`")]
#[case::secret_in_the_file("[target.auth]\ntoken = \"eyJ\"", &[], "did you mean `token_env`?")]
#[case::limit("[limits]\n\"timing/first-evnt\" = 3", &[], "did you mean `timing/first-event`?")]
#[case::limit_without_one("[limits]\n\"content/json\" = 3", &[], "`content/json` has no limit")]
#[case::limit_that_is_none("[limits]\n\"timing/silence\" = nan", &[], "limits nothing")]
#[case::variable("", &[("GOLDENPATH_USER", "3")], "`GOLDENPATH_USER`")]
#[case::variable_near("", &[("GOLDENPATH_TARGET__AUTH__MOD", "x")], "did you mean `mode`?")]
#[case::variable_type("", &[("GOLDENPATH_USERS", "three")], "`three` is no whole number")]
#[case::variable_table("", &[("GOLDENPATH_LIMITS", "3")], "`limits` is a table")]
#[case::line("# one\n\nuserz = 3", &[], "x.toml: line 3: unknown key `userz`")]
#[case::line_of_nested("[environments.a.auth]\nmode = \"mint\"\nissuers = \"x\"", &[], "line 3: unknown key `issuers`")]
#[case::line_of_inline("users = 3\ntarget = { urll = \"ws://x\" }", &[], "line 2: unknown key `urll`")]
#[case::no_table("users = 3\ntarget = \"ws://x\"", &[], "line 2: `target` must be a table (hint: `[target]`)")]
#[case::type_of_key("sla = true\nusers = \"three\"", &[], "line 2")]
#[case::type_of_key_named("users = \"three\"", &[], "users = \"three\"")]
#[case::type_of_limit("[limits]\n\"timing/silence\" = \"long\"", &[], "line 2")]
#[case::missing_key("[scenarios.x]\nexpect = { tools = \"some\" }", &[], "missing field `message`")]
#[case::not_toml("users = ", &[], "line 1")]
fn a_wrong_key_is_refused_with_what_was_meant(
    #[case] text: &str,
    #[case] variables: &[(&str, &str)],
    #[case] says: &str,
) {
    let why = refused(text, variables);
    assert!(why.contains(says), "{why}");
}

fn meant(args: ValidateArgs, text: &str, variables: &[(&str, &str)]) -> Result<super::Settings, String> {
    let variables = environment(variables);
    let config = parse("x.toml", text, &variables).map_err(|why| why.to_string())?;
    resolve_validate(&args, &config, &variables).map_err(|why| why.to_string())
}

fn url(settings: &super::Settings) -> Option<&str> {
    match &settings.chosen.target {
        TargetChoice::Embedded => None,
        TargetChoice::Remote(remote) => remote.url.as_deref(),
    }
}

const STAGING: &str = "[environments.staging]\nurl = \"wss://staging/ws\"\n";

#[rstest]
#[case::nothing(None, None, &[], None)]
#[case::environment_flag(None, Some("staging"), &[], Some("wss://staging/ws"))]
#[case::local(None, Some("local"), &[], Some("ws://localhost:8000/ws"))]
#[case::test_url(None, Some("staging"), &[("WEBSOCKET_TEST_URL", "ws://test/")], Some("ws://test/"))]
#[case::variable(None, None, &[("WEBSOCKET_TEST_URL", "ws://test/"), ("GOLDENPATH_TARGET", "ws://var/")], Some("ws://var/"))]
#[case::flag(Some("ws://flag/"), Some("staging"), &[("GOLDENPATH_TARGET", "ws://var/")], Some("ws://flag/"))]
fn the_target_is_the_most_explicit_one(
    #[case] target: Option<&str>,
    #[case] environment: Option<&str>,
    #[case] variables: &[(&str, &str)],
    #[case] expected: Option<&str>,
) {
    let target = TargetArgs {
        target: target.map(str::to_owned),
        environment: environment.map(str::to_owned),
        ..TargetArgs::default()
    };
    let settings = meant(ValidateArgs { target, ..ValidateArgs::default() }, STAGING, variables).unwrap();
    assert_eq!(url(&settings), expected);
}

#[rstest]
#[case::environment(ValidateArgs { target: TargetArgs { environment: Some("stagin".into()), ..TargetArgs::default() }, ..ValidateArgs::default() }, "did you mean `staging`?")]
#[case::profile(ValidateArgs { target: TargetArgs { profile: Some("goldnpath".into()), ..TargetArgs::default() }, ..ValidateArgs::default() }, "did you mean `goldenpath`?")]
#[case::category(ValidateArgs { categories: vec!["functional,securty".into()], ..ValidateArgs::default() }, "did you mean `security`?")]
#[case::no_category(ValidateArgs { categories: vec![",".into()], ..ValidateArgs::default() }, "names none")]
#[case::duration(ValidateArgs { duration: Some("nightl".into()), ..ValidateArgs::default() }, "did you mean `nightly`?")]
#[case::threshold(ValidateArgs { performance_threshold: Some(-1.0), ..ValidateArgs::default() }, "limits nothing")]
#[case::environment_of_no_file(ValidateArgs { target: TargetArgs { environment: Some("production".into()), ..TargetArgs::default() }, ..ValidateArgs::default() }, "`[environments.production]`")]
#[case::tokens_for_nobody(ValidateArgs { target: TargetArgs { auth_key_env: Some("KEY".into()), ..TargetArgs::default() }, ..ValidateArgs::default() }, "`--auth-key-env` was given and no target")]
#[case::auth(ValidateArgs { target: TargetArgs { target: Some("ws://x/".into()), auth: Some("mnt".into()), ..TargetArgs::default() }, ..ValidateArgs::default() }, "did you mean `mint`?")]
fn a_wrong_value_names_the_nearest_one(#[case] args: ValidateArgs, #[case] says: &str) {
    let why = meant(args, STAGING, &[]).unwrap_err();
    assert!(why.contains(says), "{why}");
}

#[test]
fn the_performance_threshold_limits_first_event_and_latency() {
    let args = ValidateArgs { performance_threshold: Some(50.0), ..ValidateArgs::default() };
    let settings = meant(args, "[limits]\n\"timing/first-event\" = 300", &[]).unwrap();
    assert_eq!(settings.limits["timing/first-event"], 50.0);
    assert_eq!(settings.limits["timing/delivery-latency"], 50.0);
}

#[test]
fn the_example_is_a_valid_configuration() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../goldenpath.example.toml");
    let config = load(Some(example.as_ref()), &Environment::new()).unwrap();
    assert!(config.environments.contains_key("staging") && !config.scenarios.is_empty());
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let why = load(Some("/nowhere/goldenpath.toml".as_ref()), &Environment::new()).unwrap_err().to_string();
    assert!(why.contains("/nowhere/goldenpath.toml"), "{why}");
}

#[test]
fn local_is_what_services_started_unless_the_configuration_says_otherwise() {
    let place = tempfile::tempdir().unwrap();
    let file = super::services_file(place.path());
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(
        &file,
        "[environments.local]\nurl = \"ws://127.0.0.1:1/ws\"\n[environments.other]\nurl = \"ws://x/ws\"",
    )
    .unwrap();
    let found = |text: &str| {
        let mut config = parse("x.toml", text, &Environment::new()).unwrap();
        super::find_services(&mut config, &file).unwrap();
        assert!(!config.environments.contains_key("other"));
        config.environments.remove("local").and_then(|local| local.url)
    };
    assert_eq!(found("").as_deref(), Some("ws://127.0.0.1:1/ws"));
    assert_eq!(found("[environments.local]\nurl = \"ws://own/ws\"").as_deref(), Some("ws://own/ws"));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(found(""), None);
}
