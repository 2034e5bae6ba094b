//! What is typed wrongly is refused with exit code 2, and the message names what was meant.

use crate::support::Place;
use rstest::rstest;

#[rstest]
#[case::flag(&["validate", "--sede", "1"], "--seed")]
#[case::command(&["validat"], "validate")]
#[case::category(&["validate", "--categories", "functional securty"], "did you mean `security`?")]
#[case::category_of_check(&["check", "x", "--categories", "functionl"], "did you mean `functional`?")]
#[case::environment(&["validate", "--environment", "locl"], "did you mean `local`?")]
#[case::environment_unheard_of(&["validate", "--environment", "staging"], "`[environments.staging]`")]
#[case::profile(&["validate", "--profile", "goldnpath"], "did you mean `goldenpath`?")]
#[case::format(&["validate", "--format", "jsn"], "'json'")]
#[case::duration(&["validate", "--duration", "nightl"], "did you mean `nightly`?")]
#[case::no_users(&["validate", "--users", "0"], "1..=1000")]
#[case::no_number(&["validate", "--users", "many"], "--users <N>")]
#[case::no_time(&["validate", "--timeout", "0"], "--timeout <SECONDS>")]
#[case::threshold(&["validate", "--performance-threshold", "nan"], "limits nothing")]
#[case::baseline(&["validate", "--baseline", "nowhere.json"], "`nowhere.json`")]
#[case::target(&["validate", "--target", "localhost"], "`ws://localhost:8000/ws`")]
#[case::scheme(&["validate", "--target", "ftp://x/"], "`ws` and `wss`")]
#[case::auth(&["validate", "--target", "ws://127.0.0.1:1", "--auth", "mnt"], "did you mean `mint`?")]
#[case::algorithm(&["validate", "--target", "ws://127.0.0.1:1", "--auth-alg", "HS25"], "did you mean `HS256`?")]
#[case::placement(&["validate", "--target", "ws://127.0.0.1:1", "--auth-placement", "heder"], "did you mean `header`?")]
#[case::key_unset(&["validate", "--target", "ws://127.0.0.1:1", "--auth", "mint", "--auth-key-env", "UNSET"], "`UNSET`")]
#[case::key_nowhere(&["validate", "--target", "ws://127.0.0.1:1", "--auth", "mint"], "--auth-key-env")]
#[case::tokens_for_nobody(&["validate", "--auth-key-env", "TEST_KEY"], "no target")]
#[case::configuration(&["validate", "--config", "nowhere.toml"], "`nowhere.toml`")]
#[case::slo(&["check", "x", "--slo", "nowhere.toml"], "`golden-path`")]
#[case::nothing_to_check(&["check"], "<FILE>")]
#[case::no_file(&["check", "nowhere.jsonl"], "`nowhere.jsonl`")]
#[case::listen(&["serve", "--listen", "nonsense"], "`nonsense`")]
#[case::role(&["serve", "--role", "gatewy"], "did you mean `gateway`?")]
#[case::model(&["serve", "--model", "opnai"], "did you mean `openai`?")]
#[case::model_nowhere(&["serve", "--model", "openai"], "`GOLDENPATH_LLM_URL`")]
#[case::proxy(&["serve", "--trusted-proxy", "10.0.0.0/8,front"], "`front` is no address or network")]
#[case::services(&["services", "upp"], "a similar value exists: 'up'")]
#[case::services_name(&["services", "status", "--name", "Mine!"], "`--name Mine!`")]
#[case::auth_listen(&["serve", "--role", "gateway", "--auth-listen", "127.0.0.1:0"], "`--role all`")]
#[case::log(&["serve", "--log", "reddis://:hunter2@localhost"], "unknown log `reddis`; did you mean `redis`? (valid: memory, redis, rediss)")]
#[case::check_id(&["explain", "sequence/tool-pair"], "did you mean `sequence/tool-pairs`?")]
#[case::shell(&["completions", "bsh"], "'bash'")]
fn a_wrong_word_is_named_and_leaves_nothing(#[case] arguments: &[&str], #[case] says: &str) {
    let place = Place::new();
    let ran = place.goldenpath(arguments).ended_with(2);
    assert!(ran.err.contains(says), "{}", ran.said());
    assert_eq!(ran.out, "");
    assert_eq!(place.names(), [""; 0]);
}

#[rstest]
#[case::no_model(&[("GOLDENPATH_LLM_URL", "http://127.0.0.1:1/v1")], "`GOLDENPATH_LLM_MODEL` is not set")]
#[case::no_url(&[("GOLDENPATH_LLM_URL", ""), ("GOLDENPATH_LLM_MODEL", "m")], "`GOLDENPATH_LLM_URL` is not set")]
#[case::scheme(&[("GOLDENPATH_LLM_URL", "ftp://x"), ("GOLDENPATH_LLM_MODEL", "m")], "`GOLDENPATH_LLM_URL`")]
#[case::key(
    &[("GOLDENPATH_LLM_URL", "http://x"), ("GOLDENPATH_LLM_MODEL", "m"), ("GOLDENPATH_LLM_KEY", "sk\nsecret")],
    "`GOLDENPATH_LLM_KEY`"
)]
fn a_language_model_names_the_variable_that_it_lacks(#[case] variables: &[(&str, &str)], #[case] says: &str) {
    let place = Place::new();
    let ran = place.goldenpath_with(&["serve", "--model", "openai"], variables).ended_with(2);
    assert!(ran.err.contains(says) && !ran.err.contains("secret"), "{}", ran.said());
    assert_eq!(place.names(), [""; 0]);
}

#[rstest]
#[case::unknown("# mine\n\nuserz = 3\n", "line 3: unknown key `userz`; did you mean `users`?")]
#[case::nested(
    "[environments.staging]\nurl = \"ws://x\"\n[environments.staging.auth]\nissuers = \"x\"\n",
    "line 4: unknown key `issuers`"
)]
#[case::kind("sla = true\nusers = \"three\"\n", "users = \"three\"")]
#[case::kind_line("sla = true\nusers = \"three\"\n", "line 2")]
#[case::limit("[limits]\n\"timing/first-evnt\" = 3\n", "line 2: unknown key `timing/first-evnt`")]
#[case::not_toml("users = \n", "line 1")]
fn a_wrong_configuration_names_the_line_and_the_key(#[case] text: &str, #[case] says: &str) {
    let place = Place::new();
    place.write("goldenpath.toml", text);
    let ran = place.goldenpath(&["validate"]).ended_with(2);
    assert!(ran.err.contains(says) && ran.err.contains("goldenpath.toml"), "{}", ran.said());
}

#[test]
fn help_tells_every_flag_of_the_interface() {
    let help = Place::new().goldenpath(&["validate", "--help"]).ended_with(0).out;
    let flags = [
        "environment",
        "target",
        "profile",
        "categories",
        "users",
        "timeout",
        "performance-threshold",
        "output-dir",
        "seed",
        "fail-fast",
        "baseline",
        "sla",
        "duration",
        "config",
        "format",
        "verbose",
        "ci-mode",
        "auth",
        "auth-key-env",
        "auth-alg",
        "issuer",
        "audience",
    ];
    for flag in flags {
        assert!(help.contains(&format!("--{flag}")), "`--{flag}` is not in\n{help}");
    }
}
